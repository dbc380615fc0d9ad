import { findMetricType } from "../catalogue/catalogue.ts";
import { LIMITS } from "../catalogue/limits.ts";
import type { DimensionValue, Measurement } from "../catalogue/measurement.ts";
import type { Pseudonymise } from "../lib/pseudonym.ts";
import type { InternDimensions } from "./dimension-sets.ts";
import { checkScalars, type FieldContext, NUMERIC, readFields, readTime, readValue } from "./read-fields.ts";
import type { SubmittedMetric } from "./submission.ts";
import { isLongerThan, quote } from "./text.ts";
import { checkChoices, withoutNames } from "./type-rules.ts";

/** What one metric is judged with. */
export interface MetricContext extends FieldContext {
  readonly intern: InternDimensions;
  readonly pseudonymise: Pseudonymise;
}

/** One submitted metric → a Measurement, or undefined after telling `context.refuse` every reason. */
export function validateMetric(metric: SubmittedMetric, context: MetricContext): Measurement | undefined {
  const type = typeof metric.type === "string" ? findMetricType(metric.type) : undefined;
  if (type === undefined) refuseType(metric.type, context);
  const value = readValue(metric.value, context);
  const durationMs = readDuration(metric.duration_ms, context);
  const timestampMs = readTime(metric.timestamp, context);
  const sent = readFields("dimensions", metric.dimensions, context);
  const metadata = readFields("metadata", metric.metadata, context);
  const dimensionKeys = sent && checkScalars("dimensions", sent, context);
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
    otherValues: otherKeys.map((key) => dimensions[key] as DimensionValue),
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
