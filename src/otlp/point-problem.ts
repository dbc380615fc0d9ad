import type { Violation } from "../errors.ts";
import { quote } from "../ingest/text.ts";
import {
  type Buckets,
  type DataPoint,
  type ExplicitHistogramData,
  type ExponentialHistogramData,
  type HistogramData,
  lowerBound,
} from "./data-point.ts";

/** Most buckets of one point; SDKs make 160 at the most unless told otherwise. */
export const BUCKETS_MAX = 500;
/** Scales that the data model allows; beyond, neighbouring bounds are the same double. */
const SCALE_MAX = 20;
const SCALE_MIN = -10;

/**
 * The rule of the protocol that a point breaks in itself, so that nothing can be made of it; undefined for a
 * sound one. The rules are those of the data model, and what can be counted exactly in a double.
 */
export function pointProblem({ instrument, data, timeNs }: DataPoint): Violation | undefined {
  if (instrument.name === "") return violation("name", "required", "the metric has no name");
  switch (data.kind) {
    case "summary":
      return violation("data", "summary", "a summary's quantiles cannot be added up; send a histogram");
    case "no recorded value":
      return violation("flags", "no_recorded_value", "the point says that nothing was recorded");
    case "no value":
      return violation("value", "required", "the point has no value");
    // Its value is validated as that of any metric.
    case "gauge":
      return undefined;
    default:
      break;
  }
  if (data.temporality === "unspecified")
    return violation(
      "aggregation_temporality",
      "required",
      "aggregation_temporality must be delta or cumulative",
    );
  if (data.temporality === "cumulative" && timeNs === 0n) {
    const message = "a cumulative point needs time_unix_nano: without it nobody knows which one is newer";
    return violation("time_unix_nano", "required", message);
  }
  return data.kind === "sum" ? sumProblem(data) : histogramProblem(data);
}

function sumProblem({ value, isMonotonic }: { value: number; isMonotonic: boolean }): Violation | undefined {
  if (Number.isNaN(value)) return violation("value", "nan", "value cannot be NaN");
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER)
    return violation("value", "out_of_range", `a sum of ${value} cannot be counted exactly: at most ±2^53`);
  if (isMonotonic && value < 0)
    return violation("value", "negative", `a monotonic sum cannot be negative: ${value}`);
  return undefined;
}

function violation(field: string, reason: string, message: string): Violation {
  return { field, reason, message };
}

/** Also what the buckets say against the count: a histogram whose parts disagree cannot be merged. */
function histogramProblem(histogram: HistogramData): Violation | undefined {
  const { count, sum, min, max } = histogram;
  if (!Number.isSafeInteger(count))
    return violation("count", "out_of_range", `count ${count} is beyond 2^53`);
  if (sum === undefined && count > 0) return violation("sum", "required", "a histogram without its sum");
  for (const [field, number] of Object.entries({ sum, min, max })) {
    if (number !== undefined && !Number.isFinite(number))
      return violation(field, "not_finite", `${field} ${number} must be finite`);
  }
  if (min !== undefined && max !== undefined && min > max)
    return violation("min", "out_of_range", `min ${min} is above max ${max}`);
  return histogram.kind === "histogram" ? explicitProblem(histogram) : exponentialProblem(histogram);
}

function explicitProblem({ count, counts, bounds }: ExplicitHistogramData): Violation | undefined {
  if (counts.length > BUCKETS_MAX) return tooMany(counts.length);
  const isWithout = counts.length === 0 && bounds.length === 0;
  if (isWithout) return undefined;
  if (counts.length !== bounds.length + 1) {
    const message = `${counts.length} bucket_counts do not go with ${bounds.length} explicit_bounds`;
    return violation("bucket_counts", "mismatch", message);
  }
  for (const [index, bound] of bounds.entries()) {
    if (!Number.isFinite(bound) || bound <= (bounds[index - 1] ?? Number.NEGATIVE_INFINITY))
      return violation("explicit_bounds", "not_ascending", "explicit_bounds must be finite and ascend");
  }
  return countsProblem(count, counts);
}

function exponentialProblem(histogram: ExponentialHistogramData): Violation | undefined {
  const { count, scale, zeroCount, zeroThreshold, positive, negative } = histogram;
  if (scale < SCALE_MIN || scale > SCALE_MAX)
    return violation("scale", "out_of_range", `scale ${scale} is outside ${SCALE_MIN} to ${SCALE_MAX}`);
  if (!(zeroThreshold >= 0 && zeroThreshold < Number.POSITIVE_INFINITY))
    return violation(
      "zero_threshold",
      "out_of_range",
      `zero_threshold ${zeroThreshold} must not be negative`,
    );
  const buckets = positive.counts.length + negative.counts.length;
  if (buckets > BUCKETS_MAX) return tooMany(buckets);
  for (const { offset, counts } of [positive, negative] satisfies Buckets[]) {
    const [first, last] = [lowerBound(scale, offset), lowerBound(scale, offset + counts.length)];
    if (counts.length > 0 && !(first > 0 && last < Number.POSITIVE_INFINITY))
      return violation("offset", "out_of_range", `offset ${quote(offset)} is beyond what a double can hold`);
  }
  return countsProblem(count, [zeroCount, ...positive.counts, ...negative.counts]);
}

function countsProblem(count: number, counts: readonly number[]): Violation | undefined {
  const total = counts.reduce((sum, one) => sum + one, 0);
  if (total === count) return undefined;
  return violation("bucket_counts", "mismatch", `the buckets hold ${total}, and count says ${count}`);
}

function tooMany(buckets: number): Violation {
  return violation("bucket_counts", "too_many", `Too many buckets: ${buckets}, at most ${BUCKETS_MAX}`);
}
