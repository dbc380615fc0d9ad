import { test } from "uvu";
import * as assert from "uvu/assert";
import { forgetExpiredAnswers } from "../../src/maintenance/expired-answers.ts";
import type { Writer } from "../../src/sqlite/threads/writer.ts";
import { TestClock } from "../support/test-clock.ts";

test("expired answers are forgotten in bounded steps, until a step finds fewer", async () => {
  let left = 1234;
  const steps: { nowMs: number; rowsMax: number }[] = [];
  const call = async (_name: string, nowMs: number, rowsMax: number) => {
    steps.push({ nowMs, rowsMax });
    const deleted = Math.min(left, rowsMax);
    left -= deleted;
    return deleted;
  };
  const clock = new TestClock(5000);
  await forgetExpiredAnswers({ call } as unknown as Writer, clock);
  assert.is(left, 0);
  assert.is(steps.length, 3);
  assert.ok(steps.every(({ nowMs, rowsMax }) => nowMs === 5000 && rowsMax <= 500));
});

test.run();
