import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { CumulativeData } from "../../src/otlp/cumulative-series.ts";
import type { HistogramData } from "../../src/otlp/data-point.ts";
import { sinceLast as since } from "../../src/otlp/since-last.ts";
import { explicit, explicitOf, exponential, exponentialOf } from "./points.ts";

/** … of values of which some may be negative. */
const sinceLast = (last: CumulativeData, data: CumulativeData) => since(last, data, false);

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

test("a wider zero takes in the buckets that end within it, and none that reaches out of it", () => {
  const last = exponentialOf([1.5, 5], 0);
  for (const [zeroThreshold, isWithin] of [
    [0.5, false],
    [1, false],
    [1.5, false],
    [1.99, false],
    [2, true],
    [3.9, true],
  ] as const) {
    const buckets = exponentialOf(isWithin ? [5, 6] : [1.5, 5, 6], 0);
    const now = { ...buckets, zeroThreshold, zeroCount: isWithin ? 1 : 0, count: 3, sum: 12.5 };
    const found = sinceLast(last, now);
    assert.is(found.kind, "exponential histogram");
    if (found.kind !== "exponential histogram") return;
    const held = [found.count, found.sum, found.zeroCount, occupied(found.positive)];
    assert.equal(held, [1, 6, 0, [[2, 1]]], `a zero of ${zeroThreshold}`);
  }
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
    { name: "another kind", last: exponentialOf([1], 0), now: explicitOf([1, 2, 3], [1]) },
    { name: "none before", last: explicit({ count: 1, sum: 1 }), now: explicitOf([1, 2, 3], [1]) },
    { name: "none now", last: explicitOf([1], [1]), now: explicit({ count: 3, sum: 6 }) },
  ];
  for (const { name, last, now } of cases) {
    const found = sinceLast(last, now);
    const sum = (now.sum ?? 0) - (last.sum ?? 0);
    assert.equal(found, explicit({ count: now.count - last.count, sum }), name);
  }
});

const NONE = { min: undefined, max: undefined };
/** As a sender says it that keeps no extremes. */
const plain = <Data extends HistogramData>(data: Data): Data => ({ ...data, ...NONE });

/** Each with as many values as before, or more. */
const RESETS: readonly { name: string; last: HistogramData; now: HistogramData; isTime?: boolean }[] = [
  { name: "fewer values", last: explicitOf([1, 2], BOUNDS), now: explicitOf([5], BOUNDS) },
  { name: "a bucket that fell", last: explicitOf([5, 50], BOUNDS), now: explicitOf([5, 5, 200], BOUNDS) },
  { name: "… of as many values", last: explicitOf([50], BOUNDS), now: explicitOf([5], BOUNDS) },
  {
    name: "a bucket that fell alone",
    last: plain(explicitOf([0.5], BOUNDS)),
    now: plain(explicitOf([5], BOUNDS)),
  },
  {
    name: "a sum that fell, of values above 0",
    last: explicitOf([9, 9], BOUNDS),
    now: explicitOf([2, 2, 2], BOUNDS),
  },
  {
    name: "… whose buckets say so",
    last: plain(explicitOf([9, 9], BOUNDS)),
    now: plain(explicitOf([2, 2, 2], BOUNDS)),
  },
  {
    name: "… of durations, without buckets",
    last: explicit({ count: 1, sum: 100 }),
    now: explicit({ count: 1, sum: 5 }),
    isTime: true,
  },
  {
    name: "an exponential bucket that fell",
    last: exponentialOf([5, 50], 2),
    now: exponentialOf([5, 5, 200], 2),
  },
  { name: "… in the coarser scale", last: exponentialOf([5, 50], 4), now: exponentialOf([5, 5, 200], 0) },
  { name: "… in a finer one again", last: exponentialOf([5, 50], 0), now: exponentialOf([5, 5, 200], 4) },
  { name: "a sum of exponential buckets", last: exponentialOf([7, 7], 0), now: exponentialOf([5, 5], 0) },
  { name: "fewer zeros", last: exponentialOf([0, 0, 5], 0), now: exponentialOf([0, 5, 5], 0) },
  { name: "a negative bucket", last: exponentialOf([-5], 0), now: exponentialOf([5, 6], 0) },
];

for (const { name, last, now, isTime = false } of RESETS) {
  test(`${name}: the sender has begun anew, and all of it is new`, () => {
    assert.equal(since(last, now, isTime), now);
  });
}

const GROWN: readonly {
  name: string;
  last: HistogramData;
  now: HistogramData;
  sum: number;
  isTime?: boolean;
}[] = [
  { name: "negative values", last: explicitOf([5], BOUNDS), now: explicitOf([5, -3], BOUNDS), sum: -3 },
  {
    name: "… that only a bucket without a lower bound can hold",
    last: plain(explicitOf([5], BOUNDS)),
    now: plain(explicitOf([5, -3], BOUNDS)),
    sum: -3,
  },
  {
    name: "negative durations",
    last: explicitOf([5], BOUNDS),
    now: explicitOf([5, -3], BOUNDS),
    sum: -3,
    isTime: true,
  },
  {
    name: "exponential negative values",
    last: exponentialOf([5], 2),
    now: exponentialOf([5, -3], 2),
    sum: -3,
  },
  {
    name: "a sum that was added up in another order",
    last: explicit({ count: 3, sum: 0.6000000000000001 }),
    now: explicit({ count: 4, sum: 0.6 }),
    sum: 0,
    isTime: true,
  },
  {
    name: "a zero that narrowed",
    last: exponential({ count: 1, sum: 1, zeroCount: 1, zeroThreshold: 1 }),
    now: exponentialOf([1, 2, 3], 0),
    sum: 5,
  },
  {
    name: "coarser buckets",
    last: exponentialOf([5, 6, 50], 4),
    now: exponentialOf([5, 6, 50, 7], 0),
    sum: 7,
  },
];

for (const { name, last, now, sum, isTime = false } of GROWN) {
  test(`${name}: the sender goes on counting`, () => {
    const found = since(last, now, isTime);
    assert.equal(
      [found.kind === "sum" || found.count, (found as HistogramData).sum],
      [now.count - last.count, sum],
    );
  });
}

test("a sum that is not known makes the difference's one unknown, and no reset", () => {
  for (const [last, now] of [
    [undefined, 5],
    [5, undefined],
    [undefined, undefined],
  ]) {
    const found = since(explicit({ count: 1, sum: last }), explicit({ count: 3, sum: now }), true);
    assert.equal(found, explicit({ count: 2, sum: undefined }));
  }
});

function occupied({ offset, counts }: { offset: number; counts: readonly number[] }) {
  return counts.flatMap((count, index) => (count > 0 ? [[offset + index, count]] : []));
}

test.run();
