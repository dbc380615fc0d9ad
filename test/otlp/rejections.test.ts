/** What cannot be stored is rejected by itself, with a reason. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { DataPoint, PointData } from "../../src/otlp/data-point.ts";
import { dataPoint, explicit, INSTRUMENT } from "./points.ts";
import { NOW_NS, Store } from "./store.ts";

const cumulative: PointData = { kind: "sum", temporality: "cumulative", isMonotonic: true, value: 1 };
const REJECTED: readonly {
  name: string;
  reading: PointData;
  reason: string;
  changes?: Partial<DataPoint>;
}[] = [
  { name: "a summary", reading: { kind: "summary" }, reason: "summary" },
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
  { name: "no count, and a sum", reading: explicit({ sum: 1 }), reason: "required" },
  { name: "a count of 2^64", reading: explicit({ count: 2 ** 64 }), reason: "out_of_range" },
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
