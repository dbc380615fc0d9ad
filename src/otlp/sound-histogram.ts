import type { Violation } from "../errors.ts";
import { quote } from "../ingest/text.ts";
import type { Reject } from "../ingest/validate-fields.ts";
import {
  type ExplicitHistogramData,
  type ExponentialHistogramData,
  type HistogramData,
  lowerBound,
  withoutBuckets,
} from "./data-point.ts";

/** Most buckets of one point; SDKs make 160 at the most unless told otherwise. */
const BUCKETS_MAX = 500;
/** Scales that the data model allows; beyond, neighbouring bounds are the same double. */
const SCALE_MAX = 20;
const SCALE_MIN = -10;
/** By how much numbers may differ that were rounded on another way, as a share of them. */
const ROUNDING = 1e-6;

/**
 * A histogram whose parts agree with one another. Its count is what it cannot do without; sum, least, greatest
 * and buckets that are odd are left out, each by itself. One NaN that a sender has recorded stays in its sum
 * for as long as it runs, and must not hide what it counts.
 */
export function soundHistogram(data: HistogramData, leaveOut: Reject): HistogramData | Violation {
  const histogram = soundBuckets(data, leaveOut);
  const count = countOf(data, histogram, leaveOut);
  if (typeof count === "object") return count;
  const sum = soundSum(histogram.sum, count, leaveOut);
  const { min, max } = soundExtremes(histogram, count, sum, leaveOut);
  const isSound = count === data.count && sum === data.sum && min === data.min && max === data.max;
  return isSound ? histogram : { ...histogram, count, sum, min, max };
}

/**
 * The count, which buckets say a second time: they say it where a sender has left it out, as 0 is what an
 * absent number reads as.
 */
function countOf({ count }: HistogramData, histogram: HistogramData, leaveOut: Reject): number | Violation {
  const held = heldBy(histogram);
  if (count === 0 && held > 0 && Number.isSafeInteger(held)) {
    leaveOut("count", "mismatch", `count says 0, and the buckets hold ${held}`);
    return held;
  }
  if (!Number.isSafeInteger(count))
    return { field: "count", reason: "out_of_range", message: `count ${count} is beyond 2^53` };
  if (count === 0 && Math.abs(histogram.sum ?? 0) > 0)
    return { field: "count", reason: "required", message: `the sum is ${histogram.sum}, and count says 0` };
  return count;
}

function soundSum(sum: number | undefined, count: number, leaveOut: Reject): number | undefined {
  if (sum === undefined && count > 0) leaveOut("sum", "required", "a histogram without its sum");
  if (sum === undefined || Math.abs(sum) <= Number.MAX_SAFE_INTEGER) return sum;
  leaveOut("sum", "not_finite", `a sum of ${sum} cannot be counted: at most ±2^53`);
  return undefined;
}

/** The least and the greatest, as far as they are numbers and agree with each other and with the mean. */
function soundExtremes(
  { min, max }: HistogramData,
  count: number,
  sum: number | undefined,
  leaveOut: Reject,
): Pick<HistogramData, "min" | "max"> {
  const sound = { min: finite("min", min, leaveOut), max: finite("max", max, leaveOut) };
  if (count === 0) return { min: undefined, max: undefined };
  if (sound.min !== undefined && sound.max !== undefined && sound.min > sound.max) {
    leaveOut("min", "out_of_range", `min ${min} is above max ${max}`);
    return { min: undefined, max: undefined };
  }
  if (sum === undefined) return sound;
  const mean = sum / count;
  const tolerance = Math.max(Math.abs(mean), Math.abs(sound.min ?? 0), Math.abs(sound.max ?? 0)) * ROUNDING;
  if (sound.min !== undefined && sound.min > mean + tolerance) {
    leaveOut("min", "out_of_range", `min ${min} is above the mean ${mean}`);
    sound.min = undefined;
  }
  if (sound.max !== undefined && sound.max < mean - tolerance) {
    leaveOut("max", "out_of_range", `max ${max} is below the mean ${mean}`);
    sound.max = undefined;
  }
  return sound;
}

function finite(field: "min" | "max", number: number | undefined, leaveOut: Reject): number | undefined {
  if (number === undefined || Math.abs(number) <= Number.MAX_SAFE_INTEGER) return number;
  leaveOut(field, "not_finite", `${field} ${number} must be finite`);
  return undefined;
}

/** The histogram with buckets that agree with its count, or without any. */
function soundBuckets(data: HistogramData, leaveOut: Reject): HistogramData {
  const histogram = data.kind === "histogram" ? withFiniteBounds(data) : withSoundZero(data, leaveOut);
  const problem = histogram.kind === "histogram" ? explicitProblem(histogram) : exponentialProblem(histogram);
  const mismatch = problem ?? countsProblem(histogram);
  if (mismatch === undefined) return histogram;
  leaveOut(mismatch.field, mismatch.reason, mismatch.message);
  return withoutBuckets(histogram, histogram);
}

/**
 * Without the bounds at infinity that some senders write out: of the last bucket, which needs none, or of a
 * first one that is empty. They may have given the last one no bucket of its own.
 */
function withFiniteBounds(data: ExplicitHistogramData): ExplicitHistogramData {
  let { bounds, counts } = data;
  if (counts.length !== bounds.length && counts.length !== bounds.length + 1) return data;
  while (bounds.at(-1) === Number.POSITIVE_INFINITY) {
    const above = counts.length > bounds.length ? (counts.at(-1) ?? 0) : 0;
    const kept = counts.slice(0, bounds.length);
    if (above > 0) kept[kept.length - 1] = (kept.at(-1) ?? 0) + above;
    bounds = bounds.slice(0, -1);
    counts = kept;
  }
  while (bounds[0] === Number.NEGATIVE_INFINITY && counts.length > 1) {
    const [first = 0, second = 0, ...rest] = counts;
    bounds = bounds.slice(1);
    counts = [first + second, ...rest];
  }
  return bounds === data.bounds ? data : { ...data, bounds, counts };
}

/** A zero bucket of no width where its width is odd: the buckets beside it say where all else lies. */
function withSoundZero(data: ExponentialHistogramData, leaveOut: Reject): ExponentialHistogramData {
  const { zeroThreshold } = data;
  if (zeroThreshold >= 0 && zeroThreshold <= Number.MAX_SAFE_INTEGER) return data;
  leaveOut("zero_threshold", "out_of_range", `zero_threshold ${zeroThreshold} must not be negative`);
  return { ...data, zeroThreshold: 0 };
}

function explicitProblem({ counts, bounds }: ExplicitHistogramData): Violation | undefined {
  if (counts.length > BUCKETS_MAX) return tooMany(counts.length);
  if (counts.length === 0 && bounds.length === 0) return undefined;
  if (counts.length !== bounds.length + 1) {
    const message = `${counts.length} bucket_counts do not go with ${bounds.length} explicit_bounds`;
    return { field: "bucket_counts", reason: "mismatch", message };
  }
  for (const [index, bound] of bounds.entries()) {
    if (Number.isFinite(bound) && bound > (bounds[index - 1] ?? Number.NEGATIVE_INFINITY)) continue;
    const message = "explicit_bounds must be finite and ascend";
    return { field: "explicit_bounds", reason: "not_ascending", message };
  }
  return undefined;
}

function exponentialProblem(histogram: ExponentialHistogramData): Violation | undefined {
  const { scale, positive, negative } = histogram;
  if (scale < SCALE_MIN || scale > SCALE_MAX) {
    const message = `scale ${scale} is outside ${SCALE_MIN} to ${SCALE_MAX}`;
    return { field: "scale", reason: "out_of_range", message };
  }
  const buckets = positive.counts.length + negative.counts.length;
  if (buckets > BUCKETS_MAX) return tooMany(buckets);
  for (const { offset, counts } of [positive, negative]) {
    const [first, last] = [lowerBound(scale, offset), lowerBound(scale, offset + counts.length)];
    if (counts.length === 0 || (first > 0 && last < Number.POSITIVE_INFINITY)) continue;
    const message = `offset ${quote(offset)} is beyond what a double can hold`;
    return { field: "offset", reason: "out_of_range", message };
  }
  return undefined;
}

/** A count of 0 may be one that was left out; explicit buckets may be none at all. */
function countsProblem(histogram: HistogramData): Violation | undefined {
  const { count } = histogram;
  const held = heldBy(histogram);
  const isWithout = histogram.kind === "histogram" && histogram.counts.length === 0;
  if (isWithout || held === count || (count === 0 && Number.isSafeInteger(held))) return undefined;
  const message = `the buckets hold ${held}, and count says ${count}`;
  return { field: "bucket_counts", reason: "mismatch", message };
}

function heldBy(histogram: HistogramData): number {
  const add = (counts: readonly number[]) => counts.reduce((sum, one) => sum + one, 0);
  if (histogram.kind === "histogram") return add(histogram.counts);
  return histogram.zeroCount + add(histogram.positive.counts) + add(histogram.negative.counts);
}

function tooMany(buckets: number): Violation {
  const message = `Too many buckets: ${buckets}, at most ${BUCKETS_MAX}`;
  return { field: "bucket_counts", reason: "too_many", message };
}
