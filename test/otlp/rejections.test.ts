/** What cannot be stored is rejected by itself, with a reason. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { DataPoint, PointData } from "../../src/otlp/data-point.ts";
import { dataPoint, explicit, exponential, INSTRUMENT } from "./points.ts";
import { NOW_NS, Store } from "./store.ts";

const cumulative: PointData = { kind: "sum", temporality: "cumulative", isMonotonic: true, value: 1 };
const COUNT = "count out_of_range";
const REJECTED: readonly {
  name: string;
  reading: PointData;
  /** `field reason` */
  says: string;
  changes?: Partial<DataPoint>;
}[] = [
  { name: "a summary", reading: { kind: "summary" }, says: "data summary" },
  {
    name: "a metric without a name",
    reading: { kind: "gauge", value: 1 },
    says: "name required",
    changes: { instrument: { ...INSTRUMENT, name: "" } },
  },
  { name: "no value", reading: { kind: "no value" }, says: "value required" },
  { name: "a NaN gauge", reading: { kind: "gauge", value: Number.NaN }, says: "value nan" },
  {
    name: "an infinite gauge",
    reading: { kind: "gauge", value: Number.POSITIVE_INFINITY },
    says: "value infinite",
  },
  { name: "a NaN sum", reading: { ...cumulative, value: Number.NaN }, says: "value nan" },
  { name: "2^64", reading: { ...cumulative, value: 2 ** 64 }, says: "value out_of_range" },
  { name: "a falling counter", reading: { ...cumulative, value: -1 }, says: "value negative" },
  {
    name: "no temporality",
    reading: { ...cumulative, temporality: "unspecified" },
    says: "aggregation_temporality required",
  },
  {
    name: "a total of no time",
    reading: cumulative,
    says: "time_unix_nano required",
    changes: { timeNs: 0n },
  },
  ...[1, -1, 1e-300].flatMap((sum) => [
    { name: `no count, and a sum of ${sum}`, reading: explicit({ sum }), says: "count required" },
    {
      name: `no exponential count, and a sum of ${sum}`,
      reading: exponential({ sum }),
      says: "count required",
    },
  ]),
  ...[2 ** 53, 2 ** 63, 2 ** 64, 1e300].flatMap((count) => [
    { name: `a count of ${count}`, reading: explicit({ count }), says: COUNT },
    { name: `a count and a sum of ${count}`, reading: explicit({ count, sum: count }), says: COUNT },
    { name: `a count of ${count} in a bucket`, reading: explicit({ count, counts: [count] }), says: COUNT },
    {
      name: `${count} in a bucket alone`,
      reading: explicit({ sum: 1, counts: [count] }),
      says: "count required",
    },
    {
      name: `an exponential count of ${count}`,
      reading: exponential({ count, zeroCount: count }),
      says: COUNT,
    },
  ]),
];

for (const { name, reading, says, changes = {} } of REJECTED) {
  test(`${name} is rejected by itself, and says ${says}`, async () => {
    const store = new Store();
    const good = dataPoint({ kind: "gauge", value: 1 });
    const validated = await store.validate([dataPoint(reading, { timeNs: NOW_NS, ...changes }), good]);
    assert.equal(
      validated.rejected.map(({ violations }) => violations.map(({ field, reason }) => `${field} ${reason}`)),
      [[says]],
    );
    assert.is(validated.measurements.length, 1);
    assert.is(validated.counted.size, 0);
  });
}

test("a point that breaks several rules says them all, and is one point", async () => {
  const ahead = dataPoint({ kind: "gauge", value: Number.NaN }, { timeNs: NOW_NS * 2n });
  const { rejected, measurements } = await new Store().validate([
    ahead,
    dataPoint({ kind: "gauge", value: 1 }),
  ]);
  assert.equal(
    rejected.map(({ violations }) => violations.map(({ reason }) => reason)),
    [["nan", "too_far_in_the_future"]],
  );
  assert.is(measurements.length, 1);
});

test("what is odd in a point that is rejected is not said to be left out", async () => {
  const data = explicit({ count: 2, sum: Number.NaN });
  const attributes = new Map([["k", "v".repeat(300)]]);
  const { rejected, leftOut } = await new Store().validate([
    dataPoint(data, { timeNs: NOW_NS * 2n, attributes }),
  ]);
  assert.equal([rejected.length, leftOut], [1, []]);
});

test.run();
