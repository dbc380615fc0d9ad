import { test } from "uvu";
import * as assert from "uvu/assert";
import { every } from "../../src/maintenance/schedule.ts";
import { TestClock, turn } from "../support/time.ts";

/** A job whose runs end when the test says so. */
function setup() {
  const clock = new TestClock();
  const runs: { readonly end: () => void; readonly fail: (error: Error) => void }[] = [];
  const errors: unknown[] = [];
  const job = () => new Promise<void>((end, fail) => void runs.push({ end, fail }));
  const stop = every(clock, 1000, job, (error) => errors.push(error));
  return { clock, runs, errors, stop };
}

test("the first run comes after one interval and the next one interval after its end", async () => {
  const { clock, runs, stop } = setup();
  clock.advance(999);
  assert.is(runs.length, 0);
  clock.advance(1);
  assert.is(runs.length, 1);
  clock.advance(10_000);
  assert.is(runs.length, 1, "one run at a time");
  runs[0]?.end();
  await turn();
  clock.advance(999);
  assert.is(runs.length, 1);
  clock.advance(1);
  assert.is(runs.length, 2);
  runs[1]?.end();
  await stop();
});

test("a failed run is reported and the next one comes all the same", async () => {
  const { clock, runs, errors, stop } = setup();
  for (const message of ["first", "second"]) {
    clock.advance(1000);
    runs.at(-1)?.fail(new Error(message));
    await turn();
  }
  assert.equal(
    errors.map((error) => (error as Error).message),
    ["first", "second"],
  );
  clock.advance(1000);
  assert.is(runs.length, 3);
  runs[2]?.end();
  await stop();
});

test("stopping waits for the run under way, and no other follows", async () => {
  const { clock, runs, stop } = setup();
  clock.advance(1000);
  let stopped = false;
  const stopping = stop().then(() => {
    stopped = true;
  });
  await turn();
  assert.is(stopped, false);
  runs[0]?.end();
  await stopping;
  clock.advance(10_000);
  assert.equal([runs.length, clock.pendingTimers], [1, 0]);
});

test("stopping between two runs is done at once", async () => {
  const { clock, runs, stop } = setup();
  await stop();
  clock.advance(10_000);
  assert.equal([runs.length, clock.pendingTimers], [0, 0]);
});

test.run();
