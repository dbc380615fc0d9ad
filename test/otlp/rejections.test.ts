/** What cannot be stored is rejected by itself, with a reason. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { DataPoint, PointData } from "../../src/otlp/data-point.ts";
import { dataPoint, explicit, explicitOf, exponential, INSTRUMENT } from "./points.ts";
import { NOW_NS, Store } from "./store.ts";

const cumulative: PointData = { kind: "sum", temporality: "cumulative", isMonotonic: true, value: 1 };
const REJECTED: readonly {
  name: string;
  reading: PointData;
  reason: string;
  changes?: Partial<DataPoint>;
}[] = [
  { name: "a summary", reading: { kind: "summary" }, reason: "summary" },
  { name: "an ended series", reading: { kind: "no recorded value" }, reason: "no_recorded_value" },
  {
    name: "a metric without a name",
    reading: { kind: "gauge", value: 1 },
    reason: "required",
    changes: { instrument: { ...INSTRUMENT, name: "" } },
  },
  { name: "no value", reading: { kind: "no value" }, reason: "required" },
  { name: "a NaN gauge", reading: { kind: "gauge", value: Number.NaN }, reason: "nan" },
  {
    name: "an infinite gauge",
    reading: { kind: "gauge", value: Number.POSITIVE_INFINITY },
    reason: "infinite",
  },
  { name: "a NaN sum", reading: { ...cumulative, value: Number.NaN }, reason: "nan" },
  { name: "2^64", reading: { ...cumulative, value: 2 ** 64 }, reason: "out_of_range" },
  { name: "a falling counter", reading: { ...cumulative, value: -1 }, reason: "negative" },
  { name: "no temporality", reading: { ...cumulative, temporality: "unspecified" }, reason: "required" },
  { name: "a total of no time", reading: cumulative, reason: "required", changes: { timeNs: 0n } },
  { name: "a count of 2^64", reading: explicit({ count: 2 ** 64 }), reason: "out_of_range" },
  { name: "no sum", reading: explicit({ count: 1, sum: undefined }), reason: "required" },
  { name: "a NaN in the sum", reading: explicit({ count: 1, sum: Number.NaN }), reason: "not_finite" },
  {
    name: "no minimum above the maximum",
    reading: explicit({ count: 1, min: 2, max: 1 }),
    reason: "out_of_range",
  },
  {
    name: "a bucket too few",
    reading: explicit({ count: 1, counts: [1], bounds: [1] }),
    reason: "mismatch",
  },
  {
    name: "buckets of more",
    reading: explicit({ count: 1, counts: [1, 1], bounds: [1] }),
    reason: "mismatch",
  },
  {
    name: "bounds that fall",
    reading: explicit({ counts: [0, 0, 0], bounds: [2, 1] }),
    reason: "not_ascending",
  },
  {
    name: "NaN bounds",
    reading: explicit({ counts: [0, 0], bounds: [Number.NaN] }),
    reason: "not_ascending",
  },
  {
    name: "too many buckets",
    reading: explicit({
      counts: new Array(501).fill(0),
      bounds: Array.from({ length: 500 }, (_, index) => index),
    }),
    reason: "too_many",
  },
  { name: "a scale of 1000", reading: exponential({ scale: 1000 }), reason: "out_of_range" },
  {
    name: "an offset beyond a double",
    reading: exponential({ count: 1, positive: { offset: 2 ** 31 - 1, counts: [1] } }),
    reason: "out_of_range",
  },
  { name: "a NaN zero", reading: exponential({ zeroThreshold: Number.NaN }), reason: "out_of_range" },
  {
    name: "a negative duration",
    reading: explicitOf([-1, 1], [0]),
    reason: "negative",
    changes: { instrument: { ...INSTRUMENT, unit: "s" } },
  },
  {
    name: "a duration of days",
    reading: explicitOf([100_000, 1], [10]),
    reason: "too_large",
    changes: { instrument: { ...INSTRUMENT, unit: "s" } },
  },
  {
    name: "21 attributes",
    reading: { kind: "gauge", value: 1 },
    reason: "too_many",
    changes: { attributes: new Map(Array.from({ length: 21 }, (_, index) => [`a${index}`, 1])) },
  },
  {
    name: "a nested attribute",
    reading: { kind: "gauge", value: 1 },
    reason: "invalid_value",
    changes: { attributes: new Map([["a", [1]]]) },
  },
  {
    name: "attributes of one name",
    reading: { kind: "gauge", value: 1 },
    reason: "ambiguous",
    changes: {
      attributes: new Map([
        ["a.b", 1],
        ["a_b", 2],
      ]),
    },
  },
];

for (const { name, reading, reason, changes = {} } of REJECTED) {
  test(`${name} is rejected by itself, and says ${reason}`, async () => {
    const store = new Store();
    const good = dataPoint({ kind: "gauge", value: 1 });
    const validated = await store.validate([dataPoint(reading, { timeNs: NOW_NS, ...changes }), good]);
    assert.equal(
      validated.rejected.map(({ violations }) => violations.map((violation) => violation.reason)),
      [[reason]],
    );
    assert.is(validated.measurements.length, 1);
    assert.is(validated.counted.size, 0);
  });
}

test.run();
