import { LIMITS } from "../catalogue/limits.ts";
import type { Distribution, Measurement } from "../catalogue/measurement.ts";
import type { Violation } from "../errors.ts";
import type { SubmittedMetric } from "../ingest/submission.ts";
import { type MetricContext, validateMetric } from "../ingest/validate-metric.ts";
import type { Attributes, DataPoint, HistogramData, Instrument, PointData } from "./data-point.ts";
import { times, toDistribution } from "./distribution.ts";
import {
  ERROR_FIELD,
  INSTRUMENTS,
  type InstrumentMapping,
  NAME_DIMENSION,
  TIME_UNITS_MS,
} from "./mapping.ts";

/** What can be stored of a point: cumulative data as its difference from the last point. */
export type StorableData = Extract<PointData, { kind: "gauge" | "sum" }> | HistogramData;

/**
 * The measurement of a point, validated by the rules for submitted metrics; undefined after reporting every
 * broken one to `context.reject`. A histogram is one measurement with a distribution, whose value is what the
 * mapping says and whose duration is the sum, in ms.
 *
 * @param data what the point adds to the ones before, and more than nothing
 */
export function measure(
  point: DataPoint,
  data: StorableData,
  context: MetricContext,
): Measurement | undefined {
  const mapping = mappingOf(point.instrument, data.kind);
  const metric = mapPoint(point, mapping);
  if ("reason" in metric) {
    context.reject(metric.field, metric.reason, metric.message);
    return undefined;
  }
  if (data.kind === "gauge" || data.kind === "sum")
    return validateMetric({ ...metric, value: data.value }, context);
  const { count, sum = 0 } = data;
  const unitMs = TIME_UNITS_MS.get(point.instrument.unit);
  const distribution = toDistribution(data, unitMs ?? 1);
  const durationMs = unitMs === undefined ? undefined : times(sum, unitMs);
  if (durationMs !== undefined && !areDurations(distribution, durationMs, context)) return undefined;
  const value = { amount: sum, count, zero: 0 }[mapping.value];
  const measurement = validateMetric({ ...metric, value }, context);
  // One value needs no distribution.
  return measurement && { ...measurement, durationMs, distribution: count === 1 ? undefined : distribution };
}

/** Whether all of them can have been durations; the sum of many may exceed what one can take. */
function areDurations({ min, max }: Distribution, sumMs: number, { reject }: MetricContext): boolean {
  if (min < 0 || sumMs < 0)
    reject("duration_ms", "negative", `Duration cannot be negative: ${Math.min(min, sumMs)}`);
  else if (max > LIMITS.DURATION_MS_MAX)
    reject("duration_ms", "too_large", `Duration too large: ${max} ms, at most ${LIMITS.DURATION_MS_MAX}`);
  else return true;
  return false;
}

const CUSTOM: InstrumentMapping = { type: "custom", value: "amount", attributes: [] };
/** A histogram of durations counts events; one of anything else distributes amounts. */
const CUSTOM_DURATIONS: InstrumentMapping = { ...CUSTOM, value: "count" };

/** By kind and name; a histogram of a known name that is not in a unit of time is `custom` too. */
function mappingOf({ name, unit }: Instrument, kind: PointData["kind"]): InstrumentMapping {
  if (kind === "sum") return INSTRUMENTS.sum.get(name) ?? CUSTOM;
  if (kind !== "histogram" && kind !== "exponential histogram") return CUSTOM;
  return TIME_UNITS_MS.has(unit) ? (INSTRUMENTS.histogram.get(name) ?? CUSTOM_DURATIONS) : CUSTOM;
}

/**
 * The metric a point becomes, but for its value. Attributes with a place in the mapping are dimensions under
 * its names, all others under their own; an error goes into the metadata, and its absence is success.
 *
 * @returns a violation where two attributes would be the same dimension.
 */
export function mapPoint(
  point: DataPoint,
  mapping = mappingOf(point.instrument, point.data.kind),
): SubmittedMetric | Violation {
  const { instrument, timeNs } = point;
  const nameDimension = mapping.type === "custom" ? NAME_DIMENSION.custom : NAME_DIMENSION.other;
  const dimensions = new Map<string, unknown>([[nameDimension, instrument.name]]);
  const mapped = new Set<string>();
  for (const { attribute, dimension } of mapping.attributes) {
    if (dimensions.has(dimension) || !point.attributes.has(attribute)) continue;
    dimensions.set(dimension, point.attributes.get(attribute));
    mapped.add(attribute);
  }
  const { errorAttribute } = mapping;
  const error = errorAttribute === undefined ? undefined : point.attributes.get(errorAttribute);
  if (errorAttribute !== undefined) {
    dimensions.set("success", error === undefined);
    mapped.add(errorAttribute);
  }
  const clash = addUnderOwnNames(dimensions, point.attributes, mapped);
  if (clash !== undefined) return clash;
  return {
    type: mapping.type,
    ...(timeNs !== 0n && { timestamp: new Date(Number(timeNs / 1_000_000n)) }),
    dimensions: Object.fromEntries(dimensions),
    metadata: error === undefined ? undefined : { [ERROR_FIELD]: error },
  };
}

/** The violation, where a dimension would have two values. */
function addUnderOwnNames(
  dimensions: Map<string, unknown>,
  attributes: Attributes,
  except: ReadonlySet<string>,
): Violation | undefined {
  for (const [attribute, value] of attributes) {
    if (except.has(attribute)) continue;
    const dimension = dimensionName(attribute);
    if (dimensions.has(dimension)) {
      const message = `several attributes are the dimension "${dimension}"`;
      return { field: "attributes", reason: "ambiguous", message };
    }
    dimensions.set(dimension, value);
  }
  return undefined;
}

/** `http.request.method` → `http_request_method`, as a dimension may be called. */
function dimensionName(attribute: string): string {
  const name = attribute.replace(/[^A-Za-z0-9_]/g, "_");
  return /^[0-9]/.test(name) ? `_${name}` : name;
}
