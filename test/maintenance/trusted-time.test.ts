import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/lib/time.ts";
import { follow, openTrustedTime, resume } from "../../src/maintenance/trusted-time.ts";
import type { TrustedTimeState } from "../../src/store/retention.ts";
import { TestClock } from "../support/time.ts";

/** A service whose state is kept, and that can be started again. */
function setup(saved?: TrustedTimeState) {
  const clock = new TestClock();
  let state = saved;
  const storage = {
    readTrustedTime: async () => state,
    saveTrustedTime: async (next: TrustedTimeState) => {
      state = next;
    },
  };
  const start = () => openTrustedTime(storage, clock);
  /** Let it run, saving as the schedule does. */
  async function run(time: Awaited<ReturnType<typeof start>>, ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += MINUTE_MS) {
      clock.advance(Math.min(MINUTE_MS, ms - passed));
      await time.follow();
    }
  }
  return { clock, start, run, stored: () => state };
}

test("while nothing jumps, the time is the clock's", async () => {
  const { clock, start, run } = setup();
  const time = await start();
  await run(time, 3 * DAY_MS + 12_345);
  assert.is(time.nowMs(), clock.wallMs());
  assert.is(time.leadMs(), 0);
});

test("a clock that jumps 90 days ahead moves the time by nothing for a day, however the service is restarted", async () => {
  const { clock, start, run } = setup();
  let time = await start();
  await run(time, 5 * HOUR_MS);
  const before = time.nowMs();
  clock.jumpWall(90 * DAY_MS);
  for (let restarts = 0; restarts < 10; restarts += 1) {
    await run(time, 2 * HOUR_MS);
    time = await start();
  }
  assert.ok(time.nowMs() <= before + 20 * HOUR_MS);
  assert.ok(time.leadMs() > 89 * DAY_MS);
  clock.jumpWall(-90 * DAY_MS);
  await run(time, MINUTE_MS);
  assert.is(time.nowMs(), clock.wallMs(), "corrected, it is believed at once");
});

test("a clock that stays ahead for a day of running is believed", async () => {
  const { clock, start, run } = setup();
  const time = await start();
  clock.jumpWall(90 * DAY_MS);
  await run(time, DAY_MS);
  assert.is(time.nowMs(), clock.wallMs());
});

test("a jump at the end of a day in which the clock was a little ahead has its own day", async () => {
  const { clock, start, run } = setup();
  const time = await start();
  clock.jumpWall(1000);
  await run(time, DAY_MS - HOUR_MS);
  clock.jumpWall(90 * DAY_MS);
  await run(time, 2 * HOUR_MS);
  assert.ok(time.leadMs() > 89 * DAY_MS);
});

test("a clock that goes back an hour is believed at once, and its correction after a day", async () => {
  const { clock, start, run } = setup();
  const time = await start();
  clock.jumpWall(-HOUR_MS);
  assert.is(time.nowMs(), clock.wallMs());
  clock.jumpWall(HOUR_MS);
  assert.is(time.leadMs(), HOUR_MS);
  await run(time, DAY_MS + MINUTE_MS);
  assert.is(time.leadMs(), 0);
});

test("a service that was down for a month knows the time again after it has run for a day", async () => {
  const { clock, start, run } = setup();
  await run(await start(), HOUR_MS);
  clock.jumpWall(30 * DAY_MS);
  const time = await start();
  assert.ok(time.leadMs() >= 30 * DAY_MS);
  await run(time, DAY_MS - MINUTE_MS);
  assert.ok(time.leadMs() >= 30 * DAY_MS);
  await run(time, MINUTE_MS);
  assert.is(time.nowMs(), clock.wallMs());
});

const RESUMED: readonly (readonly [name: string, downMs: number, aheadMs: number])[] = [
  ["a jump of 90 days", 90 * DAY_MS, 0],
  ["a gap of a day and an hour more than it was ahead", 26 * HOUR_MS, 0],
  ["a gap of just over a day", 25 * HOUR_MS + 1, 0],
  ["a gap of a day", 25 * HOUR_MS, 23 * HOUR_MS],
  ["a short restart", HOUR_MS + MINUTE_MS, 23 * HOUR_MS],
];

for (const [name, aheadOfTrustedMs, aheadMs] of RESUMED) {
  test(`${name}, an hour before a clock would have been believed, has ${aheadMs / HOUR_MS} h of its day behind it`, () => {
    const trustedMs = 1e12;
    const state = { trustedMs, leadMs: HOUR_MS, aheadMs: 23 * HOUR_MS };
    const resumed = resume(state, trustedMs + aheadOfTrustedMs);
    assert.equal(resumed, { trustedMs, leadMs: aheadOfTrustedMs, aheadMs });
    // An hour and a minute more of running.
    const ranMs = HOUR_MS + MINUTE_MS;
    const later = follow(resumed, ranMs, trustedMs + aheadOfTrustedMs + ranMs);
    const isBelieved = later.trustedMs > trustedMs + ranMs;
    assert.is(isBelieved, aheadMs > 0);
    if (isBelieved) return;
    const day = follow(resumed, DAY_MS, trustedMs + aheadOfTrustedMs + DAY_MS);
    assert.is(day.trustedMs, trustedMs + aheadOfTrustedMs + DAY_MS, "after a day of its own it is");
  });
}

test("a service that runs eight hours a day never falls behind by more than a few days", async () => {
  const { clock, start, run } = setup();
  for (let day = 0; day < 60; day += 1) {
    const time = await start();
    await run(time, 8 * HOUR_MS);
    assert.ok(time.leadMs() < 3 * DAY_MS, `day ${day}: ${time.leadMs() / DAY_MS} days behind`);
    clock.jumpWall(16 * HOUR_MS);
  }
});

test("whoever vouches for the clock makes its time known, and kept", async () => {
  const { clock, start, stored } = setup({ trustedMs: 0, leadMs: undefined, aheadMs: 0 });
  const time = await start();
  assert.is(time.nowMs(), 0);
  await time.trustWall();
  assert.is(time.nowMs(), clock.wallMs());
  assert.is(stored()?.trustedMs, clock.wallMs());
});

test("a database that knows nothing believes the clock", async () => {
  const { clock, start } = setup();
  assert.is((await start()).nowMs(), clock.wallMs());
});

test("the time is never after the clock, and gains on it no more than has passed", () => {
  const steps = fc.array(
    fc.record({
      elapsedMs: fc.integer({ min: 0, max: 2 * HOUR_MS }),
      jumpMs: fc.oneof(fc.constant(0), fc.integer({ min: -2 * DAY_MS, max: 90 * DAY_MS })),
      restarts: fc.boolean(),
    }),
    { maxLength: 11 },
  );
  fc.assert(
    fc.property(steps, (story) => {
      let wallMs = 1e12;
      let state: TrustedTimeState = { trustedMs: wallMs, leadMs: undefined, aheadMs: 0 };
      for (const { elapsedMs, jumpMs, restarts } of story) {
        const before = state.trustedMs;
        wallMs += elapsedMs + jumpMs;
        state = follow(state, elapsedMs, wallMs);
        if (restarts) state = resume(state, wallMs);
        assert.ok(state.trustedMs <= wallMs);
        // Eleven steps of two hours are less than the day after which a clock is believed.
        assert.ok(state.trustedMs <= before + elapsedMs);
      }
    }),
  );
});

test.run();
