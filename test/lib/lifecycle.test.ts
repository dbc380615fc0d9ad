import { test } from "uvu";
import * as assert from "uvu/assert";
import { createLifecycle } from "../../src/lib/lifecycle.ts";

function setup() {
  const story: string[] = [];
  const lifecycle = createLifecycle((name, error) =>
    story.push(`${name} failed: ${(error as Error).message}`),
  );
  const own = (name: string, close = async () => {}) => {
    lifecycle.own(name, async () => {
      story.push(`${name} closes`);
      await close();
      story.push(`${name} closed`);
    });
  };
  return { lifecycle, own, story };
}

test("what was opened last is closed first, and wholly before the next", async () => {
  const { lifecycle, own, story } = setup();
  own("database", () => new Promise((resolve) => void setImmediate(resolve)));
  own("port", () => new Promise((resolve) => void setImmediate(resolve)));
  await lifecycle.close();
  assert.equal(story, ["port closes", "port closed", "database closes", "database closed"]);
});

test("a close that fails is reported and the others still run", async () => {
  const { lifecycle, own, story } = setup();
  own("database");
  own("port", () => Promise.reject(new Error("busy")));
  lifecycle.own("clock", () => {
    throw new Error("stuck");
  });
  await lifecycle.close();
  const expected = [
    "clock failed: stuck",
    "port closes",
    "port failed: busy",
    "database closes",
    "database closed",
  ];
  assert.equal(story, expected);
});

test("closing twice closes once, and both callers wait for the end", async () => {
  const { lifecycle, own, story } = setup();
  own("database", () => new Promise((resolve) => void setImmediate(resolve)));
  const first = lifecycle.close();
  await lifecycle.close();
  assert.equal(story, ["database closes", "database closed"]);
  await first;
});

test("closing when nothing was opened does nothing", async () => {
  await setup().lifecycle.close();
});

test.run();
