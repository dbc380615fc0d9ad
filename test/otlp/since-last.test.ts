import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { sinceLast } from "../../src/otlp/since-last.ts";
import { explicit, explicitOf, exponential, exponentialOf } from "./points.ts";

const BOUNDS = [1, 10, 100];
const values = fc.array(fc.double({ min: -50, max: 500, noNaN: true }), { maxLength: 60 });
const positive = fc.array(fc.double({ min: 0.001, max: 5000, noNaN: true }), { maxLength: 60 });

test("a histogram adds what came since the last one, bucket by bucket", () => {
  fc.assert(
    fc.property(values, values, (before, since) => {
      const found = sinceLast(explicitOf(before, BOUNDS), explicitOf([...before, ...since], BOUNDS));
      assert.is(found.kind, "histogram");
      if (found.kind !== "histogram") return;
      const wanted = explicitOf(since, BOUNDS);
      assert.equal([found.count, found.counts], [wanted.count, wanted.counts]);
      assert.ok(Math.abs((found.sum ?? 0) - (wanted.sum ?? 0)) < 1e-6);
    }),
  );
});

test("an exponential histogram does too, also when the sender halves its resolution in between", () => {
  const scale = fc.integer({ min: -2, max: 6 });
  fc.assert(
    fc.property(positive, positive, scale, scale, (before, since, one, other) => {
      const [last, now] = [exponentialOf(before, one), exponentialOf([...before, ...since], other)];
      const found = sinceLast(last, now);
      assert.is(found.kind, "exponential histogram");
      if (found.kind !== "exponential histogram") return;
      const wanted = exponentialOf(since, Math.min(one, other));
      assert.equal(occupied(found.positive), occupied(wanted.positive));
      assert.equal([found.count, found.zeroCount], [wanted.count, wanted.zeroCount]);
    }),
  );
});

test("what a wider zero takes in was counted before", () => {
  const last = exponentialOf([0.001, 5], 0);
  const now = { ...exponentialOf([5, 6], 0), zeroThreshold: 0.01, zeroCount: 2, count: 4, sum: 11.002 };
  const found = sinceLast(last, now);
  assert.is(found.kind, "exponential histogram");
  if (found.kind !== "exponential histogram") return;
  assert.equal([found.count, found.zeroCount, occupied(found.positive)], [2, 1, [[2, 1]]]);
});

test("a value that fell was counted from zero again", () => {
  const sum = (value: number) =>
    ({ kind: "sum", temporality: "cumulative", isMonotonic: true, value }) as const;
  assert.equal(sinceLast(sum(10), sum(4)), sum(4));
  const again = explicitOf([5], BOUNDS);
  assert.equal(sinceLast(explicitOf([1, 2], BOUNDS), again), again);
});

test("where buckets do not fit together, count and sum are right all the same", () => {
  const cases = [
    { name: "other bounds", last: explicitOf([1], [1]), now: explicitOf([1, 2, 3], [2]) },
    { name: "a bucket that shrank", last: explicitOf([1], [1, 2]), now: explicitOf([2, 2, 2], [1, 2]) },
    { name: "another kind", last: exponentialOf([1], 0), now: explicitOf([1, 2, 3], [1]) },
    {
      name: "a zero that narrowed",
      last: exponential({ count: 1, sum: 1, zeroCount: 1, zeroThreshold: 1 }),
      now: exponentialOf([1, 2, 3], 0),
    },
  ];
  for (const { name, last, now } of cases) {
    const found = sinceLast(last, now);
    const sum = (now.sum ?? 0) - (last.sum ?? 0);
    assert.equal(found, explicit({ count: now.count - last.count, sum }), name);
  }
});

function occupied({ offset, counts }: { offset: number; counts: readonly number[] }) {
  return counts.flatMap((count, index) => (count > 0 ? [[offset + index, count]] : []));
}

test.run();
