import { DAY_MS } from "../../src/lib/time.ts";
import type { TestMetric } from "../support/spellings.ts";
import { NOW_MS } from "../support/time.ts";
import { between, type DoorCase, refused } from "./door-case.ts";

const NO_NAN = {
  protocols: ["REST"],
  because: "JSON has no NaN, and a client that writes one sends no JSON",
} as const;

function stored(name: string, metric: TestMetric, row: Readonly<Record<string, unknown>>): DoorCase {
  return between(name, metric, { rows: { metrics: [{ value: 1 }, row, { value: 1 }] } });
}

function timed(name: string, timestamp: Date): DoorCase {
  return stored(`a timestamp ${name}`, { timestamp }, { timestamp: timestamp.toISOString() });
}

/** Values, durations and times at their edges. */
export const VALUE_CASES: readonly DoorCase[] = [
  refused("no value", { value: null }, "value required", "Metric value is required"),
  ...[0, -1, 1e12, -1e12, 0.1, 5e-324, 1 / 3, Number.MIN_VALUE].map((value) =>
    stored(`the value ${value}`, { value }, { value }),
  ),
  ...[1.000_000_000_001e12, -1.000_1e12, Number.MAX_VALUE].map((value) =>
    refused(`the value ${value}`, { value }, "value out_of_range", "out of range"),
  ),
  refused("the value NaN", { value: Number.NaN }, "value nan", "cannot be NaN", { notThrough: NO_NAN }),
  refused("the value Infinity", { value: Infinity }, "value infinite", "cannot be infinite"),
  refused("the value -Infinity", { value: -Infinity }, "value infinite", "cannot be infinite"),

  stored("no duration", { duration_ms: null }, { duration_ms: null }),
  ...[0, 0.001, DAY_MS].map((duration_ms) =>
    stored(`a duration of ${duration_ms}`, { duration_ms }, { duration_ms }),
  ),
  refused(
    "a duration below 0",
    { duration_ms: -0.001 },
    "duration_ms negative",
    "Duration cannot be negative",
  ),
  refused(
    "a duration of -Infinity",
    { duration_ms: -Infinity },
    "duration_ms negative",
    "cannot be negative",
  ),
  refused(
    "a duration over a day",
    { duration_ms: DAY_MS + 1 },
    "duration_ms too_large",
    "Duration too large",
  ),
  refused("a duration of Infinity", { duration_ms: Infinity }, "duration_ms infinite", "cannot be infinite"),
  refused("a duration of NaN", { duration_ms: Number.NaN }, "duration_ms nan", "cannot be NaN", {
    notThrough: NO_NAN,
  }),

  stored("no timestamp", { timestamp: null }, { timestamp: new Date(NOW_MS).toISOString() }),
  timed("5 minutes ahead", new Date(NOW_MS + 300_000)),
  refused(
    "a timestamp 5 minutes and 1 ms ahead",
    { timestamp: new Date(NOW_MS + 300_001) },
    "timestamp too_far_in_the_future",
    "too far in the future",
  ),
  refused(
    "the last timestamp there is",
    { timestamp: new Date("9999-12-31T23:59:59.999Z") },
    "timestamp too_far_in_the_future",
    "too far in the future",
  ),
  timed("of 7 days ago", new Date(NOW_MS - 7 * DAY_MS)),
  ...[
    "2026-02-22T11:59:59.999Z",
    "1970-01-01T00:00:00.000Z",
    "1969-12-31T23:59:59.999Z",
    "0001-01-01T00:00:00.000Z",
  ].map((time) =>
    between(
      `the old timestamp ${time}`,
      { timestamp: new Date(time) },
      { warnings: ["metrics[1].timestamp"], rows: { metrics: [{}, { timestamp: time }, {}] } },
    ),
  ),
  between(
    "a timestamp of over 7 days ago",
    { timestamp: new Date(NOW_MS - 7 * DAY_MS - 1) },
    { warnings: ["very old"] },
  ),
];
