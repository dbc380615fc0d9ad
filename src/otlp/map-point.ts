import { LIMITS } from "../catalogue/limits.ts";
import type { Distribution, Measurement } from "../catalogue/measurement.ts";
import type { SubmittedMetric } from "../ingest/submission.ts";
import type { Reject } from "../ingest/validate-fields.ts";
import { type MetricContext, validateMetric } from "../ingest/validate-metric.ts";
import type { DataPoint, HistogramData, Instrument, PointData } from "./data-point.ts";
import { sumOf, times, toDistribution } from "./distribution.ts";
import { mapRemembered } from "./map-attributes.ts";
import { INSTRUMENTS, type InstrumentMapping, isDurationName } from "./mapping.ts";
import { unitInMs } from "./units.ts";

/** What can be stored of a point: cumulative data as its difference from the last point. */
export type StorableData = Extract<PointData, { kind: "gauge" | "sum" }> | HistogramData;

/** What points are mapped with. */
export interface PointContext extends MetricContext {
  /** What is left out of a point that is stored all the same, and why. */
  readonly leaveOut: Reject;
}

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
  context: PointContext,
): Measurement | undefined {
  const mapping = mappingOf(point.instrument, data.kind);
  const metric = mapPoint(point, context.leaveOut, mapping);
  if (data.kind === "gauge" || data.kind === "sum")
    return validateMetric({ ...metric, value: data.value }, context);
  const unitMs = durationUnitOf(point.instrument);
  const found = unitMs === undefined ? amounts(data, context) : durations(data, unitMs, context);
  const value = { amount: found.sum, count: data.count, zero: 0 }[mapping.value];
  const measurement = validateMetric({ ...metric, value }, context);
  if (measurement === undefined || (data.count === 1 && unitMs === undefined)) return measurement;
  const durationMs = unitMs === undefined ? undefined : found.sum;
  // One value needs no distribution.
  if (data.count === 1) return { ...measurement, durationMs };
  // Without durations it says where the values lie: of events, each of which counts alike.
  const distribution = found.distribution ?? allAt((value ?? 0) / data.count, data.count);
  return { ...measurement, durationMs, distribution };
}

/** What a histogram says of its values, as they are stored: of durations undefined where it says nothing. */
interface Found<Sum> {
  readonly sum: Sum;
  readonly distribution: Distribution | undefined;
}

/** Where the sender has not said their sum it is what their distribution adds up to, or nothing. */
function amounts(data: HistogramData, { leaveOut }: PointContext): Found<number> {
  const distribution = toDistribution(data, 1);
  const sum = data.sum ?? (distribution === undefined ? 0 : sumOf(distribution));
  const max = LIMITS.VALUE_ABS_MAX;
  if (Math.abs(sum) <= max) return { sum, distribution };
  leaveOut("sum", "out_of_range", `a sum of ${sum} is taken for ${max}, the most there can be`);
  return { sum: Math.sign(sum) * max, distribution };
}

/**
 * Durations, in ms. What is negative is taken for 0 and what is longer than a single duration may be is kept:
 * one of them must not cost those beside it. Both are told by what was sent, as where values lie within a
 * bucket is a guess.
 */
function durations(
  data: HistogramData,
  unitMs: number,
  { leaveOut }: PointContext,
): Found<number | undefined> {
  const sent = toDistribution(data, unitMs);
  if (sent === undefined) return { sum: undefined, distribution: undefined };
  const sentMs = data.sum === undefined ? sumOf(sent) : times(data.sum, unitMs);
  const leastMs = Math.min(sentMs, times(data.min ?? 0, unitMs));
  if (leastMs < 0) leaveOut("duration_ms", "negative", `Duration cannot be negative: ${leastMs}`);
  const longestMs = Math.max(sentMs / data.count, times(data.max ?? 0, unitMs));
  if (longestMs > LIMITS.DURATION_MS_MAX) {
    const message = `Duration too large: ${longestMs} ms, above ${LIMITS.DURATION_MS_MAX}; it is kept`;
    leaveOut("duration_ms", "too_large", message);
  }
  const distribution = (sent.values[0] ?? 0) < 0 || sent.min < 0 ? notNegative(sent) : sent;
  return { sum: sentMs < 0 ? sumOf(distribution) : sentMs, distribution };
}

function notNegative({ count, min, max, values, counts }: Distribution): Distribution {
  const floor = (value: number) => Math.max(0, value);
  return { count, min: floor(min), max: floor(max), values: values.map(floor), counts };
}

function allAt(value: number, count: number): Distribution {
  return { count, min: value, max: value, values: [value], counts: [count] };
}

const CUSTOM: InstrumentMapping = { type: "custom", value: "amount", attributes: [] };
/** A histogram of durations counts events; one of anything else distributes amounts. */
const CUSTOM_DURATIONS: InstrumentMapping = { ...CUSTOM, value: "count" };

/** By kind and name. */
function mappingOf(instrument: Instrument, kind: PointData["kind"]): InstrumentMapping {
  const { name } = instrument;
  if (kind === "sum") return INSTRUMENTS.sum.get(name) ?? CUSTOM;
  if (kind !== "histogram" && kind !== "exponential histogram") return CUSTOM;
  const known = INSTRUMENTS.histogram.get(name);
  return known ?? (durationUnitOf(instrument) === undefined ? CUSTOM : CUSTOM_DURATIONS);
}

/**
 * The unit of a histogram's durations in ms; undefined where its values are none. What the name says is a
 * duration is one whatever the unit says, and in seconds where it says no time.
 */
export function durationUnitOf({ name, unit }: Instrument): number | undefined {
  return unitInMs(unit) ?? (isDurationName(name) ? 1000 : undefined);
}

/** The metric a point becomes, but for its value. */
export function mapPoint(
  { instrument, attributes, timeNs, data }: DataPoint,
  leaveOut: Reject,
  mapping = mappingOf(instrument, data.kind),
): SubmittedMetric {
  return {
    type: mapping.type,
    ...(timeNs !== 0n && { timestamp: new Date(Number(timeNs / 1_000_000n)) }),
    ...mapRemembered(instrument.name, attributes, mapping, leaveOut),
  };
}
