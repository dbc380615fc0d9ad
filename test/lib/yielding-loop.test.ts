import { test } from "uvu";
import * as assert from "uvu/assert";
import { YieldingLoop } from "../../src/lib/yielding-loop.ts";
import { countTurns } from "../support/time.ts";

const ITEMS = Array.from({ length: 1000 }, (_, index) => index);

test("everything is worked on in order, and others have their turn in between", async () => {
  const done: number[] = [];
  const turns = await countTurns(() => new YieldingLoop().each(ITEMS, (item) => done.push(item)));
  assert.equal(done, ITEMS);
  assert.ok(turns >= 4, `${turns} turns`);
});

test("many short lists give way like a long one, and a short one alone does not wait", async () => {
  const loop = new YieldingLoop();
  const many = await countTurns(async () => {
    for (const item of ITEMS) await loop.each([item], () => undefined);
  });
  assert.ok(many >= 4, `${many} turns`);
  assert.is(await countTurns(() => new YieldingLoop().each(ITEMS.slice(0, 100), () => undefined)), 0);
});

test("work that takes lists gets them in parts, with turns in between", async () => {
  const parts: (readonly number[])[] = [];
  const turns = await countTurns(() => new YieldingLoop().eachList(ITEMS, (part) => parts.push(part)));
  assert.equal(parts.flat(), ITEMS);
  assert.is(turns, parts.length - 1);
  await new YieldingLoop().eachList([], () => assert.unreachable());
});

test.run();
