import { NOW_MS } from "../support/time.ts";
import type { Json } from "./submission-arbitraries.ts";

/** One broken rule: the field, a value that breaks it, and what the message must contain. */
export interface BrokenRule {
  readonly field: string;
  readonly value: unknown;
  readonly wording: string;
}

const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, 1]));
const rule = (field: string, wording: string, ...values: readonly unknown[]): readonly BrokenRule[] =>
  values.map((value) => ({ field, value, wording }));

const REQUIRED = [undefined, null];
const NO_OBJECTS = ["text", 1, true, [], [1]];
const METRIC = { type: "custom", value: 1 };

export const BROKEN_ENVELOPES: readonly BrokenRule[] = [
  ...rule("service", "Service name is required", ...REQUIRED, ""),
  ...rule("service", "Service name too long", "s".repeat(101), "é".repeat(101)),
  ...rule(
    "service",
    "must contain only alphanumeric",
    "a b",
    "auth\n",
    "é",
    "a.b",
    "a/b",
    "\u0000",
    "\u{1f600}",
  ),
  ...rule("service", "must be a string", 5, true, {}, ["auth"]),
  ...rule("version", "version too long", "1".repeat(101), "\u{1f600}".repeat(101)),
  ...rule("version", "must be a string", 1.2, {}, false),
  ...rule("instance_id", "must contain only alphanumeric", "a b", "i\n", "x".repeat(101), 5, [], "pod/1"),
  ...rule("idempotency_key", "255 printable ASCII", "k".repeat(256), "é", "a\u007f", "a\n", 7, {}),
  ...rule("metrics", "At least one metric is required", ...REQUIRED, []),
  ...rule("metrics", "must be a list", {}, "metrics", 5, METRIC),
];

const AHEAD_MS = NOW_MS + 300_001;

export const BROKEN_METRICS: readonly BrokenRule[] = [
  ...rule("", "must be an object", null, undefined, "metric", 5, true, [], [METRIC]),
  ...rule("type", "required", ...REQUIRED, ""),
  ...rule("type", "unknown metric type", "auth_reqest", "AUTH_REQUEST", "custom ", "__proto__", 1, {}, [
    "custom",
  ]),
  ...rule("value", "Metric value is required", ...REQUIRED),
  ...rule(
    "value",
    "must be numeric",
    "",
    " 1",
    "1 ",
    "0x10",
    "1_000",
    "ten",
    "--1",
    "1e",
    ".",
    "true",
    {},
    [1],
    "NaN",
  ),
  ...rule("value", "cannot be NaN", Number.NaN),
  ...rule("value", "cannot be infinite", Infinity, -Infinity, "1e400", "-1e400"),
  ...rule("value", "out of range", 1e12 + 1, -1e12 - 1, Number.MAX_VALUE, "1e13", "-1000000000001"),
  ...rule("duration_ms", "must be numeric", "fast", "true", {}, []),
  ...rule("duration_ms", "Duration cannot be negative", -1, -Number.MIN_VALUE, -Infinity),
  ...rule("duration_ms", "Duration too large", 86_400_000.1, 1e300),
  ...rule("duration_ms", "cannot be NaN", Number.NaN),
  ...rule("duration_ms", "cannot be infinite", Infinity),
  ...rule("timestamp", "too far in the future", AHEAD_MS, new Date(AHEAD_MS).toISOString(), AHEAD_MS / 1000),
  ...rule(
    "timestamp",
    "no RFC 3339 time",
    "yesterday",
    "",
    "1e300",
    true,
    {},
    [NOW_MS],
    Infinity,
    1e300,
    Number.NaN,
  ),
  ...rule("dimensions", "must be an object", ...NO_OBJECTS),
  ...rule("dimensions", "Too many dimensions", many(21), many(1000)),
  ...rule("dimensions", "Dimension key too long", { ["k".repeat(51)]: 1 }, { ["\u{1f600}".repeat(51)]: 1 }),
  ...rule(
    "dimensions",
    "must start with letter",
    { "1a": 1 },
    { "": 1 },
    { "a-b": 1 },
    { "a\n": 1 },
    { é: 1 },
  ),
  ...rule("dimensions", "Dimension value too long", { a: "v".repeat(201) }, { a: "\u{1f600}".repeat(201) }),
  ...rule(
    "dimensions",
    "must be a string, a finite number",
    { a: {} },
    { a: [] },
    { a: Infinity },
    { a: Number.NaN },
  ),
  ...rule("metadata", "must be an object", ...NO_OBJECTS),
  ...rule("metadata", "Too many metadata fields", many(31)),
  ...rule("metadata", "Metadata key", { ["k".repeat(51)]: 1 }),
  ...rule(
    "metadata",
    "Metadata value too long",
    { a: "v".repeat(1001) },
    { a: ["v".repeat(997)] },
    { a: many(150) },
  ),
  ...rule("metadata", "must be finite", { a: Number.NaN }, { a: -Infinity }),
];

/** `submission` with that rule broken. */
export function breakEnvelope(submission: Json, { field, value }: BrokenRule): Json {
  return { ...submission, [field]: value };
}

/** `submission` with that rule broken in the metric at `index`, and in no other. */
export function breakMetric(submission: Json, { field, value }: BrokenRule, index: number): Json {
  const metrics = Array.isArray(submission.metrics) ? submission.metrics : [];
  const at = index % Math.max(1, metrics.length);
  const broken = (metric: Json) => (field === "" ? value : { ...metric, [field]: value });
  return { ...submission, metrics: metrics.map((metric, place) => (place === at ? broken(metric) : metric)) };
}
