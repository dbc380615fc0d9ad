import { setImmediate } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { singleFlight } from "../../src/telemetry/exposition/single-flight.ts";

/** Runs that end when told to, and the number of each. */
function setup() {
  const ends: ((error?: Error) => void)[] = [];
  const ask = singleFlight(
    () =>
      new Promise<number>((resolve, reject) => {
        const run = ends.length;
        ends.push((error) => (error === undefined ? resolve(run) : reject(error)));
      }),
  );
  return { ask, ends };
}

/** Long enough for a run to begin that is going to. */
async function settle() {
  for (let turn = 0; turn < 5; turn++) await setImmediate();
}

test("callers of one turn share a run, which begins after that turn", async () => {
  const { ask, ends } = setup();
  const all = Array.from({ length: 50 }, ask);
  assert.is(ends.length, 0);
  await settle();
  assert.is(ends.length, 1);
  ends[0]?.();
  assert.equal(new Set(await Promise.all(all)), new Set([0]));
});

test("whoever asks during a run waits for a fresh one, that begins after it, once for all", async () => {
  const { ask, ends } = setup();
  const first = ask();
  await settle();
  const later = [ask()];
  await settle();
  later.push(...Array.from({ length: 49 }, ask));
  await settle();
  assert.is(ends.length, 1, "one at a time");
  ends[0]?.();
  assert.is(await first, 0);
  await settle();
  assert.is(ends.length, 2);
  ends[1]?.();
  assert.equal(new Set(await Promise.all(later)), new Set([1]));
});

test("a run that fails, fails its callers and nobody after them", async () => {
  const { ask, ends } = setup();
  const first = ask().catch((error: Error) => error.message);
  await settle();
  const second = ask();
  ends[0]?.(new Error("broken"));
  assert.is(await first, "broken");
  await settle();
  ends[1]?.();
  assert.is(await second, 1);
});

test("callers get their result one a turn", async () => {
  const { ask, ends } = setup();
  let turn = 0;
  const turns = Array.from({ length: 10 }, () => ask().then(() => turn));
  await settle();
  ends[0]?.();
  for (; turn < 15; turn++) await setImmediate();
  assert.is(new Set(await Promise.all(turns)).size, 10);
});

test.run();
