/**
 * What the validation of every kind of metric shares: how broken rules are reported, how the metrics of a
 * request are validated one by one, and the fields that all metrics have. It knows neither the catalogue nor
 * the MCP directory, which both build on it (`validate-metric.ts`, `read-server-metric.ts`).
 */
import { LIMITS } from "../catalogue/limits.ts";
import { ServiceError, type Violation } from "../errors.ts";
import { isRecord } from "../lib/json.ts";
import { readTimestamp } from "./parse-timestamp.ts";
import { isLongerThan, quote, readNumber } from "./text.ts";

/**
 * Reports a broken rule.
 *
 * @param field where, relative to the metric or the envelope: `dimensions.tool_name`
 * @param reason the rule's stable name, for programs: `value_too_long`
 * @param message the rule in words, for people; it may quote what the client sent
 */
export type Reject = (field: string, reason: string, message: string) => void;

/** What the fields of a metric are validated with, whatever kind of metric it is. */
export interface FieldContext {
  /**
   * The service's clock, ms since 1970 UTC: the time of a metric without one, and the limit of the future.
   */
  readonly nowMs: number;
  /** The metric is then not stored. */
  readonly reject: Reject;
  /** The metric is stored all the same; the message begins with the field. */
  readonly warn: (message: string) => void;
}

/** A broken rule of one metric. `field` is relative to the metric. */
export interface Rejection extends Violation {
  /** Of the metric in the request, from 0. */
  readonly index: number;
}

/** The metrics of a request, each with its own verdict. */
export interface ValidatedMetrics<Accepted> {
  /** Those to be stored, in the order they came in. */
  readonly accepted: readonly Accepted[];
  /** Every broken rule, in the order of the metrics. */
  readonly rejections: readonly Rejection[];
  /** Metrics that are not stored; one metric may break several rules. */
  readonly rejected: number;
  /** `metrics[3].timestamp …`: doubts about metrics that are stored. */
  readonly warnings: readonly string[];
}

/**
 * Validate the metrics of a request one by one: a bad one never fails its neighbours. `read` makes of a
 * metric what is stored, or returns undefined after reporting to its context why not.
 *
 * Those beyond `metricsMax` are rejected together, under one text, and not looked at: a client that sends more
 * after a pause would otherwise store nothing for as long as it tries.
 *
 * @throws {ServiceError} `validation_failed` when not one of them is good.
 */
export function validateEach<Accepted, Extra extends { readonly nowMs: number }>(
  metrics: readonly unknown[],
  metricsMax: number,
  extra: Extra,
  read: (metric: Readonly<Record<string, unknown>>, context: Extra & FieldContext) => Accepted | undefined,
): ValidatedMetrics<Accepted> {
  const accepted: Accepted[] = [];
  const rejections: Rejection[] = [];
  const warnings: string[] = [];
  let index = 0;
  const context = {
    ...extra,
    reject: (field: string, reason: string, message: string) =>
      void rejections.push({ index, field, reason, message }),
    warn: (message: string) => void warnings.push(`metrics[${index}].${message}`),
  };
  for (const metric of metrics) {
    if (index === metricsMax) {
      context.reject("", "too_many", `Too many metrics in request: ${metrics.length}, max ${metricsMax}`);
      break;
    }
    if (isRecord(metric)) {
      const found = read(metric, context);
      if (found !== undefined) accepted.push(found);
    } else context.reject("", "not_an_object", `a metric must be an object, not ${quote(metric)}`);
    index += 1;
  }
  const rejected = metrics.length - accepted.length;
  if (accepted.length === 0) throw nothingAccepted(rejections, rejected);
  return { accepted, rejections, rejected, warnings };
}

/** `metrics[3].value: Metric value is required`: where, then what. */
export function describeRejection({ index, field, message }: Rejection): string {
  return field === "" ? `metrics[${index}]: ${message}` : `metrics[${index}].${field}: ${message}`;
}

/** The same with its place in the request as the field. */
export function toViolation({ index, field, reason, message }: Rejection): Violation {
  return { field: `metrics[${index}]${field && `.${field}`}`, reason, message };
}

function nothingAccepted(rejections: readonly Rejection[], rejected: number): ServiceError {
  const violations = rejections.map(toViolation);
  const [first] = rejections;
  const example = first === undefined ? "" : `: ${describeRejection(first)}`;
  return new ServiceError("validation_failed", `no metric could be accepted${example}`, {
    violations,
    rejected,
  });
}

/** Of dimensions and tags: what Python, JavaScript and SQL all take for a name. */
const KEY = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Shared by all metrics without the field, so that its absence allocates nothing. */
const NO_FIELDS: Readonly<Record<string, unknown>> = {};

/** The value of a metric, finite and within ±`VALUE_ABS_MAX`; undefined after reporting why there is none. */
export function readValue(value: unknown, { reject }: FieldContext): number | undefined {
  if (value === undefined || value === null) {
    reject("value", "required", "Metric value is required");
    return undefined;
  }
  const number = readNumber(value);
  if (typeof number !== "number") reject("value", "not_numeric", `value ${quote(value)} must be numeric`);
  else if (Number.isNaN(number)) reject("value", "nan", "value cannot be NaN");
  else if (!Number.isFinite(number)) reject("value", "infinite", "value cannot be infinite");
  else if (Math.abs(number) > LIMITS.VALUE_ABS_MAX) {
    reject("value", "out_of_range", `value ${number} is out of range: at most ±${LIMITS.VALUE_ABS_MAX}`);
  } else return number;
  return undefined;
}

/**
 * When a metric was measured, ms since 1970 UTC; undefined after reporting that it is no time or lies more
 * than five minutes ahead. Over seven days ago is stored with a warning.
 *
 * @param absentMs the time of a metric that has none
 */
export function readTime(
  timestamp: unknown,
  { reject, warn, nowMs }: FieldContext,
  absentMs = nowMs,
): number | undefined {
  if (timestamp === undefined || timestamp === null) return absentMs;
  const ms = readTimestamp(timestamp);
  if (ms === undefined) {
    reject("timestamp", "invalid", `timestamp ${quote(timestamp)} is no RFC 3339 time and no epoch number`);
    return undefined;
  }
  if (ms - nowMs > LIMITS.TIMESTAMP_AHEAD_MS_MAX) {
    const message = `timestamp ${quote(timestamp)} is too far in the future: at most 5 minutes`;
    reject("timestamp", "too_far_in_the_future", message);
    return undefined;
  }
  if (nowMs - ms > LIMITS.TIMESTAMP_AGE_MS_WARN)
    warn(`timestamp ${quote(timestamp)} is very old: over 7 days`);
  return ms;
}

/** A field that maps keys to values, empty where absent; undefined after reporting that it is no object. */
export function readFieldMap(
  field: "dimensions" | "metadata" | "tags",
  fields: unknown,
  { reject }: FieldContext,
): Readonly<Record<string, unknown>> | undefined {
  if (fields === undefined || fields === null) return NO_FIELDS;
  if (typeof fields === "object" && !Array.isArray(fields)) return fields as Record<string, unknown>;
  reject(field, "not_an_object", `${field} must be an object, not ${quote(fields)}`);
  return undefined;
}

/** What fields of short values are called in messages. */
const NOUNS = { dimensions: "Dimension", tags: "Tag" } as const;

/**
 * The keys of a map that holds short scalars only, or undefined after reporting every key and value that
 * breaks a rule. Of more keys than are allowed none is looked at.
 */
export function checkScalars(
  field: keyof typeof NOUNS,
  fields: Readonly<Record<string, unknown>>,
  { reject }: FieldContext,
): readonly string[] | undefined {
  const keys = Object.keys(fields);
  if (keys.length > LIMITS.DIMENSIONS_MAX) {
    reject(field, "too_many", `Too many ${field}: ${keys.length}, at most ${LIMITS.DIMENSIONS_MAX}`);
    return undefined;
  }
  let valid = true;
  for (const key of keys) {
    const problem = scalarProblem(NOUNS[field], key, fields[key]);
    if (problem === undefined) continue;
    valid = false;
    reject(`${field}.${isLongerThan(key, 80) ? quote(key) : key}`, problem.reason, problem.message);
  }
  return valid ? keys : undefined;
}

/** A broken rule of a field whose place its caller knows. */
export type BrokenRule = Pick<Violation, "reason" | "message">;

function scalarProblem(noun: string, key: string, value: unknown): BrokenRule | undefined {
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
