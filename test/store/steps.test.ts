import { test } from "uvu";
import * as assert from "uvu/assert";
import { runSteps, WITHOUT_PAUSE } from "../../src/store/plan/steps.ts";

/** Deletes `rows` rows, at most 500 a step. */
function deletion(rows: number) {
  let left = rows;
  return async (_cursor: true | undefined) => {
    const done = Math.min(left, 500);
    left -= done;
    return { done, next: done === 500 ? (true as const) : undefined };
  };
}

test("long work is taken in bounded steps until one says that it was the last", async () => {
  const steps: number[] = [];
  await runSteps(deletion(1234), WITHOUT_PAUSE, (rows) => steps.push(rows));
  assert.equal(steps, [500, 500, 234]);
});

test("each step begins where the one before ended, after a pause", async () => {
  const story: string[] = [];
  await runSteps(
    async (cursor: number | undefined) => {
      story.push(`step from ${cursor ?? "the beginning"}`);
      return { done: undefined, next: cursor === 2 ? undefined : (cursor ?? 0) + 1 };
    },
    async () => void story.push("pause"),
  );
  assert.equal(story, ["step from the beginning", "pause", "step from 1", "pause", "step from 2"]);
});

test("a pause that rejects ends the work, and what was done has been told", async () => {
  const steps: number[] = [];
  const stopped = new Error("stopped");
  const work = runSteps(
    deletion(5000),
    () => Promise.reject(stopped),
    (rows) => steps.push(rows),
  );
  assert.is(await work.catch((error: unknown) => error), stopped);
  assert.equal(steps, [500]);
});

test.run();
