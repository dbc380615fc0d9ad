import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Clock, systemClock } from "../../src/lib/clock.ts";
import { TestClock } from "../support/time.ts";

test("the system's clock calls later, once, and not after it was cancelled", async () => {
  const calls: string[] = [];
  const cancel = systemClock.after(1, () => calls.push("cancelled"));
  cancel();
  const startMs = systemClock.monotonicMs();
  // The clock's own timers do not keep the process alive.
  const alive = setInterval(() => {}, 1000);
  await new Promise<void>((resolve) => void systemClock.after(20, resolve));
  clearInterval(alive);
  assert.ok(systemClock.monotonicMs() - startMs > 15);
  assert.equal(calls, []);
  assert.ok(Math.abs(systemClock.wallMs() - Date.now()) < 1000);
});

test("the tests' clock runs timers in order, each at its instant, and those they set", () => {
  const clock = new TestClock(1000);
  const story: string[] = [];
  const log = (name: string) => () => void story.push(`${name} at ${clock.monotonicMs()}`);
  clock.after(30, log("late"));
  const cancel = clock.after(15, log("never"));
  clock.after(10, () => {
    log("early")();
    cancel();
    clock.after(5, log("follower"));
  });
  clock.advance(29);
  clock.jumpWall(-500);
  clock.advance(1);
  assert.equal(story, ["early at 10", "follower at 15", "late at 30"]);
  assert.equal([clock.wallMs(), clock.monotonicMs(), clock.pendingTimers], [530, 30, 0]);
});

test("the functions of either clock work without it", () => {
  for (const clock of [systemClock, new TestClock()] satisfies Clock[]) {
    const { wallMs, monotonicMs, after } = clock;
    assert.type(wallMs(), "number");
    assert.type(monotonicMs(), "number");
    after(1000, () => {})();
  }
});

test.run();
