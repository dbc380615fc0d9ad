import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Distribution } from "../../src/catalogue/measurement.ts";
import type { HistogramData } from "../../src/otlp/data-point.ts";
import { toDistribution as find, times } from "../../src/otlp/distribution.ts";
import { explicit, explicitOf, exponentialOf } from "./points.ts";

/** … of a histogram that says where its values lie. */
function toDistribution(histogram: HistogramData, scale: number): Distribution {
  const found = find(histogram, scale);
  if (found === undefined) throw new Error("nothing is known of it");
  return found;
}

const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const durations = fc.array(
  fc.oneof(fc.constantFrom(...BOUNDS, 0.0050000001), fc.double({ min: 0.001, max: 20, noNaN: true })),
  { minLength: 1, maxLength: 300 },
);

const without = <PointData extends HistogramData>(reading: PointData): PointData => ({
  ...reading,
  min: undefined,
  max: undefined,
});

test("counting a distribution into the sender's buckets gives the sender's counts, with or without its extremes", () => {
  fc.assert(
    fc.property(durations, (values) => {
      const sent = explicitOf(values, BOUNDS);
      for (const reading of [sent, without(sent)]) {
        const { values: found, counts, count } = toDistribution(reading, 1);
        const again = explicitOf(
          found.flatMap((value, index) => new Array<number>(counts[index] ?? 0).fill(value)),
          BOUNDS,
        );
        assert.equal(again.counts, sent.counts);
        assert.is(count, values.length);
      }
    }),
  );
});

test("of values of either sign the numbers ascend too, and are counted into the sender's buckets again", () => {
  const signed = fc
    .double({ min: 0.001, max: 20, noNaN: true })
    .chain((value) => fc.constantFrom(value, -value));
  fc.assert(
    fc.property(
      fc.array(signed, { minLength: 1, maxLength: 300 }),
      fc.integer({ min: -4, max: 8 }),
      (values, scale) => {
        const sent = exponentialOf(values, scale);
        const { values: found, counts } = toDistribution(sent, 1);
        assert.equal(
          found,
          found.toSorted((a, b) => a - b),
        );
        const isNegative = (_: number, index: number) => (found[index] ?? 0) < 0;
        const negative = counts.filter(isNegative).reduce((sum, one) => sum + one, 0);
        assert.is(negative, values.filter((value) => value < 0).length);
        for (const value of found)
          assert.ok(value >= Math.min(...values) - 1e-4 && value <= Math.max(...values) + 1e-4);
      },
    ),
  );
});

test("without a sum the last bucket reaches hardly further than its beginning, whatever lies below it", () => {
  for (const [bounds, counts] of [
    [
      [-100, -10],
      [5, 0, 1],
    ],
    [[-100], [5, 1]],
    [
      [10, 100],
      [5, 0, 1],
    ],
  ] as const) {
    const histogram = explicit({ count: 6, sum: undefined, bounds: [...bounds], counts: [...counts] });
    const begin = bounds.at(-1) ?? 0;
    const { max } = toDistribution(histogram, 1);
    assert.ok(max >= begin && max <= Math.max(0.01, begin * 1.01), `${max} above ${begin}`);
  }
});

test("a distribution's numbers ascend, and keep within what the sender said of its extremes", () => {
  fc.assert(
    fc.property(durations, fc.integer({ min: -4, max: 8 }), (values, scale) => {
      for (const reading of [explicitOf(values, BOUNDS), exponentialOf(values, scale)]) {
        const { values: found, min, max } = toDistribution(reading, 1000);
        assert.equal(
          found,
          found.toSorted((a, b) => a - b),
        );
        assert.ok(Math.abs(min - Math.min(...values) * 1000) <= min * 1e-5);
        assert.ok(Math.abs(max - Math.max(...values) * 1000) <= max * 1e-5);
        for (const value of found) assert.ok(value >= min * (1 - 1e-5) && value <= max * (1 + 1e-5));
      }
    }),
  );
});

test("one value, and two between known extremes, stand where they are", () => {
  assert.equal(toDistribution(explicitOf([0.125], BOUNDS), 1000).values, [125]);
  assert.equal(toDistribution(without(explicitOf([0.125], BOUNDS)), 1000).values, [125]);
  assert.equal(toDistribution(explicitOf([0.125, 7], BOUNDS), 1000).values, [125, 7000]);
});

test("without buckets all are taken for their mean", () => {
  const { values, counts } = toDistribution(explicit({ count: 4, sum: 10 }), 1);
  assert.equal([values, counts], [[2.5], [4]]);
});

test("without a sum what is known stands, and nothing is made up", () => {
  const none = { sum: undefined, min: undefined, max: undefined };
  const cases = [
    { name: "extremes", histogram: { count: 3, min: 2, max: 8 }, values: [2, 5, 8] },
    { name: "one value", histogram: { count: 1, min: 2, max: 2 }, values: [2] },
    { name: "a bucket", histogram: { count: 1, bounds: [4, 6], counts: [0, 1, 0] }, values: [5] },
    { name: "a bucket without an end", histogram: { count: 1, bounds: [4], counts: [0, 1] }, values: [4.02] },
  ];
  for (const { name, histogram, values } of cases)
    assert.equal(toDistribution(explicit({ ...none, ...histogram }), 1).values, values, name);
  for (const known of [{}, { min: 1 }, { max: 1 }])
    assert.is(find(explicit({ ...none, count: 3, ...known }), 1), undefined);
});

test("numbers are finite whatever the bounds and the unit", () => {
  const bounds = [-Number.MAX_VALUE, 1, Number.MAX_VALUE];
  for (const sum of [undefined, 0, Number.MAX_SAFE_INTEGER]) {
    const histogram = explicit({ count: 4, sum, bounds, counts: [1, 1, 1, 1] });
    const { values, min, max } = toDistribution(histogram, 3_600_000);
    assert.ok([...values, min, max].every(Number.isFinite), `${values}`);
  }
});

test("what is beyond the last bound is guessed from the sum", () => {
  const reading = without(explicitOf([0.004, 100, 300], BOUNDS));
  const beyond = toDistribution(reading, 1).values.slice(1);
  assert.ok(Math.abs(beyond.reduce((sum, value) => sum + value, 0) / beyond.length - 200) < 1, `${beyond}`);
});

test("as many values as can be counted take a few numbers", () => {
  const counts = [2 ** 40, 2 ** 41, 2 ** 42];
  const count = counts.reduce((sum, one) => sum + one, 0);
  const found = toDistribution(explicit({ count, sum: count, bounds: [1, 2], counts }), 1);
  assert.ok(found.values.length <= 12);
  assert.is(
    found.counts.reduce((sum, one) => sum + one, 0),
    count,
  );
});

test("a product is rounded to fifteen digits, with or without a text made of it", () => {
  const numbers = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e12, max: 1e12 }),
    fc
      .integer({ min: -1e9, max: 1e9 })
      .chain((digits) => fc.integer({ min: 0, max: 9 }).map((d) => digits / 10 ** d)),
    fc.constantFrom(0, -0, 0.07, 0.1 + 0.2, 5e-324, 1e300),
  );
  fc.assert(
    fc.property(numbers, fc.constantFrom(1000, 1e-3, 1e-6, 60_000, 3_600_000, 86_400_000), (a, b) => {
      const rounded = Number((a * b).toPrecision(15));
      assert.is(times(a, b), Math.max(-(2 ** 63), Math.min(2 ** 63, rounded)));
    }),
    { numRuns: 5000 },
  );
  assert.equal(
    [times(0.07, 1000), times(Number.POSITIVE_INFINITY, 2), times(1e300, 1)],
    [70, Infinity, 2 ** 63],
  );
});

test.run();
