import { findMetricType } from "../catalogue/catalogue.ts";
import type { MetricType } from "../catalogue/definition.ts";
import { LIMITS } from "../catalogue/limits.ts";
import type { DimensionValue, Measurement } from "../catalogue/measurement.ts";
import type { Pseudonymise } from "../lib/pseudonym.ts";
import type { InternDimensions } from "./dimension-sets.ts";
import type { SubmittedMetric } from "./submission.ts";
import { isLongerThan, quote, readNumber } from "./text.ts";
import {
  type BrokenRule,
  checkScalars,
  type FieldContext,
  readFieldMap,
  readTime,
  readValue,
} from "./validate-fields.ts";

/** What one metric of the catalogue is validated with. */
export interface MetricContext extends FieldContext {
  /** Shared by all requests: equal combinations of dimensions become one object. */
  readonly intern: InternDimensions;
  /** Replaces the names of people, so that none is ever stored; see `pseudonyms` in the catalogue. */
  readonly pseudonymise: Pseudonymise;
}

/**
 * One submitted metric → a Measurement, or undefined after reporting every broken rule to `context.reject`.
 *
 * All fields are read before any of them decides, so that a client learns of all its mistakes at once.
 */
export function validateMetric(metric: SubmittedMetric, context: MetricContext): Measurement | undefined {
  const type = typeof metric.type === "string" ? findMetricType(metric.type) : undefined;
  if (type === undefined) rejectType(metric.type, context);
  const value = readTypedValue(metric.value, type, context);
  const durationMs = readDuration(metric.duration_ms, context);
  const timestampMs = readTime(metric.timestamp, context);
  const sent = readFieldMap("dimensions", metric.dimensions, context);
  const metadata = readFieldMap("metadata", metric.metadata, context);
  const dimensionKeys = sent && checkScalars("dimensions", sent, context);
  const metadataKeys = metadata && checkMetadata(metadata, context);
  if (type === undefined || value === undefined || durationMs === null || timestampMs === undefined)
    return undefined;
  if (sent === undefined || dimensionKeys === undefined) return undefined;
  if (metadata === undefined || metadataKeys === undefined) return undefined;
  if (type.choices !== undefined && !checkChoices(type.choices, sent, context)) return undefined;
  const dimensions = type.pseudonyms === undefined ? sent : withoutNames(type.pseudonyms, sent, context);
  const otherKeys: string[] = [];
  const otherValues: DimensionValue[] = [];
  for (const key of dimensionKeys) {
    if (type.dimensions.includes(key)) continue;
    otherKeys.push(key);
    otherValues.push(dimensions[key] as DimensionValue);
  }
  return {
    dimensions: context.intern(type, dimensions),
    timestampMs,
    value,
    durationMs,
    otherKeys,
    otherValues,
    metadataKeys,
    metadataValues: Object.values(metadata),
    distribution: undefined,
  };
}

function rejectType(type: unknown, { reject }: MetricContext): void {
  if (type === undefined || type === null || type === "")
    reject("type", "required", "Metric type is required");
  else reject("type", "unknown_type", `unknown metric type ${quote(type)}`);
}

/** The value; undefined after reporting why there is none, or none that the type may have. */
function readTypedValue(
  sent: unknown,
  type: MetricType | undefined,
  context: MetricContext,
): number | undefined {
  const value = readValue(sent, context);
  if (value === undefined || value >= 0 || !type?.isNeverNegative) return value;
  context.reject("value", "negative", `value ${value} is out of range: ${type.name} cannot be negative`);
  return undefined;
}

/** The duration in ms; undefined when absent, null when it breaks a rule. */
function readDuration(duration: unknown, { reject }: MetricContext): number | undefined | null {
  if (duration === undefined || duration === null) return undefined;
  const number = readNumber(duration);
  const field = "duration_ms";
  if (typeof number !== "number") reject(field, "not_numeric", `Duration ${quote(duration)} must be numeric`);
  else if (Number.isNaN(number)) reject(field, "nan", "Duration cannot be NaN");
  else if (number < 0) reject(field, "negative", `Duration cannot be negative: ${number}`);
  else if (!Number.isFinite(number)) reject(field, "infinite", "Duration cannot be infinite");
  else if (number > LIMITS.DURATION_MS_MAX) {
    reject(field, "too_large", `Duration too large: ${number} ms, at most ${LIMITS.DURATION_MS_MAX}`);
  } else return number;
  return null;
}

/** The keys of the metadata, or undefined after reporting every field that breaks a rule. */
function checkMetadata(
  metadata: Readonly<Record<string, unknown>>,
  { reject }: MetricContext,
): readonly string[] | undefined {
  const keys = Object.keys(metadata);
  if (keys.length > LIMITS.METADATA_FIELDS_MAX) {
    const message = `Too many metadata fields: ${keys.length}, at most ${LIMITS.METADATA_FIELDS_MAX}`;
    reject("metadata", "too_many", message);
    return undefined;
  }
  let valid = true;
  for (const key of keys) {
    const problem = metadataProblem(key, metadata[key]);
    if (problem === undefined) continue;
    valid = false;
    reject(`metadata.${isLongerThan(key, 80) ? quote(key) : key}`, problem.reason, problem.message);
  }
  return valid ? keys : undefined;
}

function metadataProblem(key: string, value: unknown): BrokenRule | undefined {
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

/**
 * Whether every dimension that decides what the metric means has one of its values. Others may say anything;
 * an unknown state of a server, say, would be counted under no state at all.
 */
function checkChoices(
  choices: NonNullable<MetricType["choices"]>,
  dimensions: Readonly<Record<string, unknown>>,
  { reject }: MetricContext,
): boolean {
  let isValid = true;
  for (const [name, values] of Object.entries(choices)) {
    const value = Object.hasOwn(dimensions, name) ? dimensions[name] : undefined;
    if (values.includes(value as string)) continue;
    isValid = false;
    const allowed = values.join(", ");
    if (value === undefined || value === null || value === "") {
      reject(`dimensions.${name}`, "required", `${name} is required: one of ${allowed}`);
    } else {
      reject(`dimensions.${name}`, "not_a_choice", `${name} ${quote(value)} must be one of ${allowed}`);
    }
  }
  return isValid;
}

/** The dimensions as they may be kept: a pseudonym in the place of each name of a person. */
function withoutNames(
  pseudonyms: readonly string[],
  dimensions: Readonly<Record<string, unknown>>,
  { pseudonymise }: MetricContext,
): Readonly<Record<string, unknown>> {
  const named = pseudonyms.filter((name) => {
    const value = Object.hasOwn(dimensions, name) ? dimensions[name] : "";
    return value !== null && value !== "";
  });
  if (named.length === 0) return dimensions;
  const replaced = named.map((name) => [name, pseudonymise(String(dimensions[name]))]);
  return { ...dimensions, ...Object.fromEntries(replaced) };
}
