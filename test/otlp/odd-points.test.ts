/** Points of which a part is odd: that part is left out and said, and what they count is counted. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { DataPoint, HistogramData } from "../../src/otlp/data-point.ts";
import { ODD_HISTOGRAMS } from "./odd-histograms.ts";
import { dataPoint, explicitOf, exponentialOf, INSTRUMENT } from "./points.ts";
import { NOW_NS, Store } from "./store.ts";

const TWO = explicitOf([5, 50], [10, 100]);
const MEAN = 27.5;

/** On both sides of what is still sound. */
const NEAR_LIMITS: typeof ODD_HISTOGRAMS = [
  ...(["min", "max"] as const).flatMap((end) =>
    [1e-7, 1e-5].map((off) => ({
      name: `a ${end} that is beyond the mean by ${off} of it`,
      data: { ...TWO, [end]: MEAN * (end === "min" ? 1 + off : 1 - off) },
      leftOut: off > 1e-6 ? [`${end} out_of_range`] : [],
      count: 2,
      sum: 2 * MEAN,
    })),
  ),
  {
    name: "exponential: the finest scale",
    data: exponentialOf([8, 8], 20),
    leftOut: [],
    count: 2,
    sum: 16,
    values: [8, 8],
  },
];

for (const { name, data, unit = "ms", leftOut, count, sum, values } of [...ODD_HISTOGRAMS, ...NEAR_LIMITS]) {
  test(`${name}: ${count} are counted, ${leftOut.join(", ") || "nothing"} is left out`, async () => {
    for (const temporality of ["delta", "cumulative"] as const) {
      const store = new Store();
      const instrument = { ...INSTRUMENT, unit };
      const good = dataPoint({ kind: "gauge", value: 1 }, { timeNs: NOW_NS });
      const odd = dataPoint({ ...data, temporality }, { timeNs: NOW_NS, instrument });
      const validated = await store.validate([odd, good]);
      assert.equal(validated.rejected, []);
      assert.equal(
        validated.leftOut.map(({ field, reason }) => `${field} ${reason}`),
        leftOut,
      );
      const [found] = validated.measurements;
      assert.is(validated.measurements.length, 2);
      assert.is(found?.distribution?.count ?? 1, count);
      assert.is(unit === "ms" ? found?.durationMs : found?.value, sum);
      if (unit === "ms") assert.is(found?.value, count);
      if (values !== undefined) assert.equal(found?.distribution?.values, values);
    }
  });
}

test("one odd value does not blind a sender for the rest of its life", async () => {
  const store = new Store();
  const at = (values: readonly number[], changes: Partial<HistogramData>, after: bigint): DataPoint => {
    const data = { ...explicitOf(values, [10, 100]), ...changes, temporality: "cumulative" } as HistogramData;
    return dataPoint(data, { timeNs: NOW_NS + after, instrument: { ...INSTRUMENT, unit: "ms" } });
  };
  const nan = { sum: Number.NaN, min: Number.NaN, max: Number.NaN };
  const points = [
    at([5], {}, 0n),
    at([5, 5], nan, 1n),
    at([5, 5, 50, 50], nan, 2n),
    at([5, 5, 50, 50, 50], nan, 3n),
  ];
  const counts: number[] = [];
  for (const point of points) {
    const validated = await store.validate([point]);
    assert.equal(validated.rejected, []);
    counts.push(...validated.measurements.map(({ distribution }) => distribution?.count ?? 1));
    store.commit(validated);
  }
  assert.equal(counts, [1, 1, 2, 1]);
});

test.run();
