import { findMetricType } from "../catalogue/catalogue.ts";
import { LIMITS } from "../catalogue/limits.ts";
import type { Measurement, Scalar } from "../catalogue/measurement.ts";
import type { Pseudonymise } from "../lib/pseudonym.ts";
import type { InternDimensions } from "./dimension-sets.ts";
import type { SubmittedMetric } from "./submission.ts";
import { isLongerThan, quote } from "./text.ts";
import { readTimestamp } from "./timestamp.ts";
import { checkChoices, withoutNames } from "./type-rules.ts";

/** What one metric is judged with. */
export interface MetricContext {
  readonly intern: InternDimensions;
  readonly pseudonymise: Pseudonymise;
  readonly nowMs: number;
  /** Report a broken rule; the metric is then refused. */
  readonly refuse: (field: string, reason: string, message: string) => void;
  readonly warn: (message: string) => void;
}

const KEY = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Every digit can be matched in one way only: `\d+\.?\d*` would take hours over a megabyte of digits. */
const NUMERIC = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;
const NO_FIELDS: Readonly<Record<string, unknown>> = {};

/** One submitted metric → a Measurement, or undefined after telling `context.refuse` every reason. */
export function validateMetric(metric: SubmittedMetric, context: MetricContext): Measurement | undefined {
  const type = typeof metric.type === "string" ? findMetricType(metric.type) : undefined;
  if (type === undefined) refuseType(metric.type, context);
  const value = readValue(metric.value, context);
  const durationMs = readDuration(metric.duration_ms, context);
  const timestampMs = readTime(metric.timestamp, context);
  const sent = readFields("dimensions", metric.dimensions, context);
  const metadata = readFields("metadata", metric.metadata, context);
  const dimensionKeys = sent && checkDimensions(sent, context);
  const metadataKeys = metadata && checkMetadata(metadata, context);
  if (type === undefined || value === undefined || durationMs === null || timestampMs === undefined)
    return undefined;
  if (sent === undefined || dimensionKeys === undefined) return undefined;
  if (metadata === undefined || metadataKeys === undefined) return undefined;
  if (!checkChoices(type, sent, context.refuse)) return undefined;
  const dimensions = withoutNames(type, sent, context.pseudonymise);
  const otherKeys = dimensionKeys.filter((key) => !type.dimensions.includes(key));
  return {
    dimensions: context.intern(type, dimensions),
    timestampMs,
    value,
    durationMs,
    otherKeys,
    otherValues: otherKeys.map((key) => dimensions[key] as Scalar),
    metadataKeys,
    metadataValues: metadataKeys.map((key) => metadata[key]),
    distribution: undefined,
  };
}

function refuseType(type: unknown, { refuse }: MetricContext): void {
  if (type === undefined || type === null || type === "")
    refuse("type", "required", "Metric type is required");
  else refuse("type", "unknown_type", `unknown metric type ${quote(type)}`);
}

function readValue(value: unknown, { refuse }: MetricContext): number | undefined {
  if (value === undefined || value === null) {
    refuse("value", "required", "Metric value is required");
    return undefined;
  }
  const number = typeof value === "string" && NUMERIC.test(value) ? Number(value) : value;
  if (typeof number !== "number") refuse("value", "not_numeric", `value ${quote(value)} must be numeric`);
  else if (Number.isNaN(number)) refuse("value", "nan", "value cannot be NaN");
  else if (!Number.isFinite(number)) refuse("value", "infinite", "value cannot be infinite");
  else if (Math.abs(number) > LIMITS.VALUE_ABS_MAX) {
    refuse("value", "out_of_range", `value ${number} is out of range: at most ±${LIMITS.VALUE_ABS_MAX}`);
  } else return number;
  return undefined;
}

/** The duration; undefined when absent, null when refused. */
function readDuration(duration: unknown, { refuse }: MetricContext): number | undefined | null {
  if (duration === undefined || duration === null) return undefined;
  const number = typeof duration === "string" && NUMERIC.test(duration) ? Number(duration) : duration;
  const field = "duration_ms";
  if (typeof number !== "number") refuse(field, "not_numeric", `Duration ${quote(duration)} must be numeric`);
  else if (Number.isNaN(number)) refuse(field, "nan", "Duration cannot be NaN");
  else if (number < 0) refuse(field, "negative", `Duration cannot be negative: ${number}`);
  else if (!Number.isFinite(number)) refuse(field, "infinite", "Duration cannot be infinite");
  else if (number > LIMITS.DURATION_MS_MAX) {
    refuse(field, "too_large", `Duration too large: ${number} ms, at most ${LIMITS.DURATION_MS_MAX}`);
  } else return number;
  return null;
}

function readTime(timestamp: unknown, { refuse, warn, nowMs }: MetricContext): number | undefined {
  if (timestamp === undefined || timestamp === null) return nowMs;
  const ms = readTimestamp(timestamp);
  if (ms === undefined) {
    refuse("timestamp", "invalid", `${quote(timestamp)} is no RFC 3339 time and no epoch number`);
    return undefined;
  }
  if (ms - nowMs > LIMITS.TIMESTAMP_AHEAD_MS_MAX) {
    refuse(
      "timestamp",
      "too_far_in_the_future",
      `${quote(timestamp)} is too far in the future: at most 5 minutes`,
    );
    return undefined;
  }
  if (nowMs - ms > LIMITS.TIMESTAMP_AGE_MS_WARN)
    warn(`timestamp ${quote(timestamp)} is very old: over 7 days`);
  return ms;
}

function readFields(
  field: "dimensions" | "metadata",
  fields: unknown,
  { refuse }: MetricContext,
): Readonly<Record<string, unknown>> | undefined {
  if (fields === undefined || fields === null) return NO_FIELDS;
  if (typeof fields === "object" && !Array.isArray(fields)) return fields as Record<string, unknown>;
  refuse(field, "not_an_object", `${field} must be an object, not ${quote(fields)}`);
  return undefined;
}

function checkDimensions(
  dimensions: Readonly<Record<string, unknown>>,
  { refuse }: MetricContext,
): readonly string[] | undefined {
  const keys = Object.keys(dimensions);
  if (keys.length > LIMITS.DIMENSIONS_MAX) {
    refuse("dimensions", "too_many", `Too many dimensions: ${keys.length}, at most ${LIMITS.DIMENSIONS_MAX}`);
    return undefined;
  }
  let valid = true;
  for (const key of keys) {
    const problem = dimensionProblem(key, dimensions[key]);
    if (problem === undefined) continue;
    valid = false;
    refuse(`dimensions.${isLongerThan(key, 80) ? quote(key) : key}`, problem.reason, problem.message);
  }
  return valid ? keys : undefined;
}

function dimensionProblem(key: string, value: unknown): { reason: string; message: string } | undefined {
  if (isLongerThan(key, LIMITS.DIMENSION_KEY_LENGTH_MAX)) {
    const message = `Dimension key too long: ${quote(key)}, at most ${LIMITS.DIMENSION_KEY_LENGTH_MAX} characters`;
    return { reason: "key_too_long", message };
  }
  if (!KEY.test(key)) {
    const message = `Dimension key ${quote(key)} must start with letter or _ and hold only letters, digits and _`;
    return { reason: "invalid_key", message };
  }
  if (typeof value === "string") {
    if (!isLongerThan(value, LIMITS.DIMENSION_VALUE_LENGTH_MAX)) return undefined;
    const message = `Dimension value too long: at most ${LIMITS.DIMENSION_VALUE_LENGTH_MAX} characters`;
    return { reason: "value_too_long", message };
  }
  if (value === null || typeof value === "boolean" || Number.isFinite(value)) return undefined;
  const message = `Dimension value ${quote(value)} must be a string, a finite number, a boolean or null`;
  return { reason: "invalid_value", message };
}

function checkMetadata(
  metadata: Readonly<Record<string, unknown>>,
  { refuse }: MetricContext,
): readonly string[] | undefined {
  const keys = Object.keys(metadata);
  if (keys.length > LIMITS.METADATA_FIELDS_MAX) {
    const message = `Too many metadata fields: ${keys.length}, at most ${LIMITS.METADATA_FIELDS_MAX}`;
    refuse("metadata", "too_many", message);
    return undefined;
  }
  let valid = true;
  for (const key of keys) {
    const problem = metadataProblem(key, metadata[key]);
    if (problem === undefined) continue;
    valid = false;
    refuse(`metadata.${isLongerThan(key, 80) ? quote(key) : key}`, problem.reason, problem.message);
  }
  return valid ? keys : undefined;
}

function metadataProblem(key: string, value: unknown): { reason: string; message: string } | undefined {
  if (key === "" || isLongerThan(key, LIMITS.METADATA_KEY_LENGTH_MAX)) {
    const message = `Metadata key ${quote(key)} must have 1 to ${LIMITS.METADATA_KEY_LENGTH_MAX} characters`;
    return { reason: "invalid_key", message };
  }
  if (typeof value === "number" && !Number.isFinite(value)) {
    return { reason: "invalid_value", message: `Metadata value ${value} must be finite` };
  }
  const text = typeof value === "object" && value !== null ? nestedJson(value) : value;
  if (typeof text !== "string" || !isLongerThan(text, LIMITS.METADATA_VALUE_LENGTH_MAX)) return undefined;
  const message = `Metadata value too long: at most ${LIMITS.METADATA_VALUE_LENGTH_MAX} characters`;
  return { reason: "value_too_long", message };
}

/** The JSON of an object or list; one that is nested too deeply to be printed counts as too long. */
function nestedJson(value: object): string {
  try {
    return JSON.stringify(value);
  } catch {
    return "x".repeat(LIMITS.METADATA_VALUE_LENGTH_MAX + 1);
  }
}
