import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createBucket, NamedBuckets, readBucket, takeToken } from "../../src/access/token-bucket.ts";
import { DAY_MS } from "../../src/lib/time.ts";
import { TestClock } from "../support/time.ts";

const limit = fc.oneof(fc.integer({ min: 1, max: 120 }), fc.integer({ min: 1, max: 1_000_000 }));
/** Times between calls in ms: bursts, fractions, long silences. */
const gaps = fc.array(fc.oneof(fc.constant(0), fc.double({ min: 0, max: 50, noNaN: true }), fc.nat(90_000)), {
  minLength: 1,
  maxLength: 300,
});

const TABLE: readonly {
  name: string;
  limit: number;
  taken: number;
  afterMs: number;
  state: readonly number[];
}[] = [
  { name: "a fresh bucket is full", limit: 60, taken: 0, afterMs: 0, state: [60, 0, 1] },
  { name: "a token is gone at once", limit: 60, taken: 1, afterMs: 0, state: [59, 1, 1] },
  { name: "half a token is not a token", limit: 60, taken: 60, afterMs: 500, state: [0, 60, 1] },
  { name: "a whole one is", limit: 60, taken: 60, afterMs: 1000, state: [1, 59, 1] },
  { name: "one a minute takes a minute", limit: 1, taken: 1, afterMs: 0, state: [0, 60, 60] },
  { name: "and a second less after a second", limit: 1, taken: 1, afterMs: 1000, state: [0, 59, 59] },
  { name: "a started second counts whole", limit: 1, taken: 1, afterMs: 1, state: [0, 60, 60] },
  { name: "no more than the limit is saved up", limit: 60, taken: 1, afterMs: 1e9, state: [60, 0, 1] },
  { name: "fast buckets say one second too", limit: 6000, taken: 6000, afterMs: 0, state: [0, 60, 1] },
];

for (const { name, limit, taken, afterMs, state } of TABLE) {
  test(name, () => {
    const bucket = createBucket(limit, 0);
    for (let at = 0; at < taken; at += 1) assert.ok(takeToken(bucket, limit, 0));
    const { remaining, resetSeconds, retryAfterSeconds } = readBucket(bucket, limit, afterMs);
    assert.equal([remaining, resetSeconds, retryAfterSeconds], state);
  });
}

test("of calls at any times, a bucket admits what a bucket may: its size and what flowed in", () => {
  fc.assert(
    fc.property(limit, gaps, fc.boolean(), (perMinute, between, isReadBetween) => {
      const bucket = createBucket(perMinute, 0);
      let nowMs = 0;
      let admitted = 0;
      for (const gap of between) {
        nowMs += gap;
        if (isReadBetween) readBucket(bucket, perMinute, nowMs);
        if (takeToken(bucket, perMinute, nowMs)) admitted += 1;
        assert.ok(admitted <= perMinute + (perMinute * nowMs) / 60_000 + 1e-6, "never more");
      }
    }),
    { numRuns: 500 },
  );
});

test("demand above the limit is admitted exactly at the limit: B + rT, to one token", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2000 }),
      fc.double({ min: 1, max: 200, noNaN: true }),
      (perMinute, seconds) => {
        const bucket = createBucket(perMinute, 0);
        let admitted = 0;
        while (takeToken(bucket, perMinute, 0)) admitted += 1;
        const demand = perMinute * 3;
        const stepMs = 60_000 / demand;
        const steps = Math.floor((seconds * 1000) / stepMs);
        for (let step = 1; step <= steps; step += 1)
          if (takeToken(bucket, perMinute, step * stepMs)) admitted += 1;
        const expected = perMinute + (perMinute * steps * stepMs) / 60_000;
        assert.ok(Math.abs(admitted - expected) <= 1, `${admitted} of ${expected}`);
      },
    ),
    { numRuns: 200 },
  );
});

test("a client one percent under the limit is never rejected, however its calls fall", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 10_000 }),
      fc.infiniteStream(fc.double({ min: 0, max: 2, noNaN: true })),
      (perMinute, jitter) => {
        const bucket = createBucket(perMinute, 0);
        const periodMs = 60_000 / (perMinute * 0.99);
        for (let call = 0; call < 3000; call += 1) {
          const atMs = (call + (jitter.next().value ?? 0) / 2) * periodMs;
          assert.ok(takeToken(bucket, perMinute, atMs), `call ${call}`);
        }
      },
    ),
    { numRuns: 50 },
  );
});

test("what is reported to a rejected caller is true: a token after Retry-After, none a second before", () => {
  fc.assert(
    fc.property(limit, gaps, (perMinute, between) => {
      const bucket = createBucket(perMinute, 0);
      while (takeToken(bucket, perMinute, 0));
      let nowMs = 0;
      for (const gap of between) {
        nowMs += gap;
        if (takeToken(bucket, perMinute, nowMs)) continue;
        const { remaining, retryAfterSeconds } = readBucket(bucket, perMinute, nowMs);
        assert.is(remaining, 0);
        assert.ok(Number.isInteger(retryAfterSeconds) && retryAfterSeconds >= 1);
        const laterMs = nowMs + retryAfterSeconds * 1000;
        assert.ok(takeToken({ ...bucket }, perMinute, laterMs), "there is one then");
        if (retryAfterSeconds > 1)
          assert.not.ok(takeToken({ ...bucket }, perMinute, laterMs - 1001), "not before");
      }
    }),
    { numRuns: 300 },
  );
});

test("what is reported to any caller is true: so many can be taken now, and the bucket is full at the reset", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), gaps, (perMinute, between) => {
      const bucket = createBucket(perMinute, 0);
      let nowMs = 0;
      for (const gap of between) {
        nowMs += gap;
        takeToken(bucket, perMinute, nowMs);
      }
      const state = readBucket(bucket, perMinute, nowMs);
      const copy = { ...bucket };
      let taken = 0;
      while (takeToken(copy, perMinute, nowMs)) taken += 1;
      assert.is(state.remaining, taken);
      const atReset = readBucket({ ...bucket }, perMinute, nowMs + state.resetSeconds * 1000);
      assert.equal([atReset.remaining, atReset.resetSeconds], [perMinute, 0]);
    }),
    { numRuns: 300 },
  );
});

test("a clock that stands still or goes back fills nothing", () => {
  const bucket = createBucket(1, 1000);
  assert.ok(takeToken(bucket, 1, 1000));
  for (let call = 0; call < 100; call += 1) {
    assert.not.ok(takeToken(bucket, 1, 1000));
    assert.not.ok(takeToken(bucket, 1, 0));
  }
});

for (const jumpMs of [-DAY_MS, -1000, 1000, DAY_MS]) {
  test(`a wall clock that is set ${jumpMs} ms on neither fills a bucket nor keeps one from filling`, () => {
    const clock = new TestClock();
    const buckets = new NamedBuckets(clock, 60);
    const take = (name: string, times: number) => Array.from({ length: times }, () => buckets.take(name));
    assert.ok(take("a", 60).every((seconds) => seconds === undefined));
    clock.jumpWall(jumpMs);
    assert.equal(take("a", 2), [1, 1]);
    assert.equal(take("after", 61), [...Array(60), 1], "one that begins later has as much");
    clock.advance(1000);
    for (const name of ["a", "after"]) assert.equal(take(name, 2), [undefined, 1], name);
  });
}

test("names are forgotten once a second at the most, however many new ones come", () => {
  const clock = new TestClock();
  // Full again half a second after a token was taken.
  const buckets = new NamedBuckets(clock, 120);
  for (let name = 0; name < 10_000; name += 1) buckets.take(`${name}`);
  // No place is left: these share one bucket, and empty it.
  for (let name = 0; name < 120; name += 1) assert.is(buckets.take(`shared ${name}`), undefined);
  clock.advance(999);
  const taken = ["a", "b", "c"].map((name) => buckets.take(name));
  assert.equal(taken, [undefined, 1, 1], "still one bucket for all of them");
  clock.advance(1);
  assert.equal(
    ["d", "e", "f"].map((name) => buckets.take(name)),
    [undefined, undefined, undefined],
    "a place for each",
  );
});

test.run();
