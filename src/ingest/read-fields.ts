import { LIMITS } from "../catalogue/limits.ts";
import { isLongerThan, quote } from "./text.ts";
import { readTimestamp } from "./timestamp.ts";

/** Reports a broken rule. */
export type Refuse = (field: string, reason: string, message: string) => void;

/** What the fields of a metric are judged with, whatever kind of metric it is. */
export interface FieldContext {
  readonly nowMs: number;
  /** The metric is then refused. */
  readonly refuse: Refuse;
  readonly warn: (message: string) => void;
}

const KEY = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Every digit can be matched in one way only: `\d+\.?\d*` would take hours over a megabyte of digits. */
export const NUMERIC = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;
const NO_FIELDS: Readonly<Record<string, unknown>> = {};

export function readValue(value: unknown, { refuse }: FieldContext): number | undefined {
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

/** `absentMs` is the time of what has none. */
export function readTime(
  timestamp: unknown,
  { refuse, warn, nowMs }: FieldContext,
  absentMs = nowMs,
): number | undefined {
  if (timestamp === undefined || timestamp === null) return absentMs;
  const ms = readTimestamp(timestamp);
  if (ms === undefined) {
    refuse("timestamp", "invalid", `timestamp ${quote(timestamp)} is no RFC 3339 time and no epoch number`);
    return undefined;
  }
  if (ms - nowMs > LIMITS.TIMESTAMP_AHEAD_MS_MAX) {
    refuse(
      "timestamp",
      "too_far_in_the_future",
      `timestamp ${quote(timestamp)} is too far in the future: at most 5 minutes`,
    );
    return undefined;
  }
  if (nowMs - ms > LIMITS.TIMESTAMP_AGE_MS_WARN)
    warn(`timestamp ${quote(timestamp)} is very old: over 7 days`);
  return ms;
}

export function readFields(
  field: "dimensions" | "metadata" | "tags",
  fields: unknown,
  { refuse }: FieldContext,
): Readonly<Record<string, unknown>> | undefined {
  if (fields === undefined || fields === null) return NO_FIELDS;
  if (typeof fields === "object" && !Array.isArray(fields)) return fields as Record<string, unknown>;
  refuse(field, "not_an_object", `${field} must be an object, not ${quote(fields)}`);
  return undefined;
}

/** What fields of short values are called in messages. */
const NOUNS = { dimensions: "Dimension", tags: "Tag" } as const;

/** The keys of fields that hold short values only, or undefined after refusing what breaks a rule. */
export function checkScalars(
  field: keyof typeof NOUNS,
  fields: Readonly<Record<string, unknown>>,
  { refuse }: FieldContext,
): readonly string[] | undefined {
  const keys = Object.keys(fields);
  if (keys.length > LIMITS.DIMENSIONS_MAX) {
    refuse(field, "too_many", `Too many ${field}: ${keys.length}, at most ${LIMITS.DIMENSIONS_MAX}`);
    return undefined;
  }
  let valid = true;
  for (const key of keys) {
    const problem = scalarProblem(NOUNS[field], key, fields[key]);
    if (problem === undefined) continue;
    valid = false;
    refuse(`${field}.${isLongerThan(key, 80) ? quote(key) : key}`, problem.reason, problem.message);
  }
  return valid ? keys : undefined;
}

function scalarProblem(
  noun: string,
  key: string,
  value: unknown,
): { reason: string; message: string } | undefined {
  if (isLongerThan(key, LIMITS.DIMENSION_KEY_LENGTH_MAX)) {
    const message = `${noun} key too long: ${quote(key)}, at most ${LIMITS.DIMENSION_KEY_LENGTH_MAX} characters`;
    return { reason: "key_too_long", message };
  }
  if (!KEY.test(key)) {
    const message = `${noun} key ${quote(key)} must start with letter or _ and hold only letters, digits and _`;
    return { reason: "invalid_key", message };
  }
  if (typeof value === "string") {
    if (!isLongerThan(value, LIMITS.DIMENSION_VALUE_LENGTH_MAX)) return undefined;
    const message = `${noun} value too long: at most ${LIMITS.DIMENSION_VALUE_LENGTH_MAX} characters`;
    return { reason: "value_too_long", message };
  }
  if (value === null || typeof value === "boolean" || Number.isFinite(value)) return undefined;
  const message = `${noun} value ${quote(value)} must be a string, a finite number, a boolean or null`;
  return { reason: "invalid_value", message };
}
