import { test } from "uvu";
import * as assert from "uvu/assert";
import { fingerprint } from "../../src/ingest/fingerprint.ts";
import type { Validated } from "../../src/ingest/validate.ts";

const ENVELOPE: Validated = {
  service: "gateway",
  version: "",
  instanceId: "",
  idempotencyKey: "k",
  measurements: [],
  rejections: [],
  rejected: 0,
  warnings: [],
};
const METRIC = { type: "auth_request", value: 1, dimensions: { method: "jwt", success: true } };
const of = (metric: unknown, envelope: Partial<Validated> = {}) =>
  fingerprint({ ...ENVELOPE, ...envelope }, [metric]);

const SAME: readonly { readonly name: string; readonly metric: object }[] = [
  {
    name: "absent fields as null",
    metric: { ...METRIC, duration_ms: null, timestamp: null, metadata: null },
  },
  { name: "no metadata as an empty object", metric: { ...METRIC, metadata: {} } },
  { name: "another order of keys", metric: { ...METRIC, dimensions: { success: true, method: "jwt" } } },
  { name: "a number as text", metric: { ...METRIC, value: "1.0" } },
  { name: "true for 1", metric: { ...METRIC, value: true } },
];

const OTHER: readonly { readonly name: string; readonly metric: object }[] = [
  { name: "another type", metric: { ...METRIC, type: "custom" } },
  { name: "another value", metric: { ...METRIC, value: 2 } },
  { name: "a duration of 0", metric: { ...METRIC, duration_ms: 0 } },
  { name: "a timestamp", metric: { ...METRIC, timestamp: "2026-01-01T00:00:00Z" } },
  { name: "text for a boolean", metric: { ...METRIC, dimensions: { method: "jwt", success: "true" } } },
  { name: "one more dimension", metric: { ...METRIC, dimensions: { ...METRIC.dimensions, server: null } } },
  { name: "metadata", metric: { ...METRIC, metadata: { a: 1 } } },
];

for (const { name, metric } of SAME) {
  test(`a retry with ${name} is the same request`, () => assert.is(of(metric), of(METRIC)));
}

for (const { name, metric } of OTHER) {
  test(`a request with ${name} is another one`, () => assert.is.not(of(metric), of(METRIC)));
}

test("one instant is one instant, however it is written", () => {
  const spellings = [
    "2026-01-01T00:00:00Z",
    "2026-01-01T01:00:00+01:00",
    1767225600,
    "1767225600000",
    "2026-01-01",
    new Date(1767225600000),
  ];
  assert.is(new Set(spellings.map((timestamp) => of({ ...METRIC, timestamp }))).size, 1);
});

test("another service, version or instance is another request", () => {
  for (const envelope of [{ service: "x" }, { version: "1.0.0" }, { instanceId: "i" }]) {
    assert.is.not(of(METRIC, envelope), of(METRIC));
  }
});

test.run();
