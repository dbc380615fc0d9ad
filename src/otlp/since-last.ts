/**
 * From counting since the start to counting since the last point
 * (https://opentelemetry.io/docs/specs/otel/metrics/data-model/#temporality).
 *
 * A series is told apart by its start time too, so that one that starts anew is another one, and two
 * processes under one name do not disturb each other.
 */
import type { CumulativeData } from "./cumulative-series.ts";
import {
  type Buckets,
  type ExplicitHistogramData,
  type ExponentialHistogramData,
  type HistogramData,
  lowerBound,
  withoutBuckets,
} from "./data-point.ts";

/**
 * What cumulative data adds to the last point of its series, which is older.
 *
 * Whatever can only grow and fell without a new start time has begun at zero in between, as Prometheus's
 * `rate` sees it: an unreported reset, of which all that is there is new. A histogram's count and buckets can
 * only grow, and its sum where no value is negative.
 *
 * @param isTime whether the values are durations, of which none is negative
 */
export function sinceLast(last: CumulativeData, data: CumulativeData, isTime: boolean): CumulativeData {
  if (data.kind === "sum") {
    if (last.kind !== "sum" || data.value < last.value) return data;
    return { ...data, value: data.value - last.value };
  }
  if (last.kind === "sum" || data.count < last.count) return data;
  const sum = sumSince(last, data, isTime);
  const buckets = bucketsSince(last, data);
  if (sum === "fell" || buckets === "fell") return data;
  // The least and the greatest are those since the start, and may be older than the last point.
  const totals = { count: data.count - last.count, sum, min: undefined, max: undefined };
  return buckets === undefined ? withoutBuckets(data, totals) : { ...buckets, ...totals };
}

/** By how much a sum may fall that its sender has only added up in another order, as a share of it. */
const ROUNDING = 1e-9;

/** What was added to the sum; undefined where it is not known. */
function sumSince(last: HistogramData, data: HistogramData, isTime: boolean): number | undefined | "fell" {
  if (last.sum === undefined || data.sum === undefined) return undefined;
  const added = data.sum - last.sum;
  if (added >= 0 || !canOnlyGrow(data, isTime)) return added;
  return -added > Math.abs(last.sum) * ROUNDING ? "fell" : 0;
}

/** Whether the sum can: no value is known to be negative, and for each there is something that rules it out. */
function canOnlyGrow(data: HistogramData, isTime: boolean): boolean {
  if ((data.min ?? 0) < 0 || (data.sum ?? 0) < 0) return false;
  if (data.kind === "exponential histogram") return data.negative.counts.every((count) => count === 0);
  const { bounds, counts } = data;
  const isAbove = counts.every((count, index) => count === 0 || (bounds[index - 1] ?? -1) >= 0);
  return isTime || (data.min ?? -1) >= 0 || (counts.length > 0 && isAbove);
}

/** The buckets of what was added; undefined where those of the two do not fit together. */
function bucketsSince(last: HistogramData, data: HistogramData): HistogramData | undefined | "fell" {
  if (data.kind === "histogram") return last.kind === "histogram" ? explicitSince(last, data) : undefined;
  return last.kind === "exponential histogram" ? exponentialSince(last, data) : undefined;
}

/** Bucket by bucket, where the bounds are the same. */
function explicitSince(
  last: ExplicitHistogramData,
  data: ExplicitHistogramData,
): ExplicitHistogramData | undefined | "fell" {
  const isAlike =
    last.bounds.length === data.bounds.length &&
    last.counts.length === data.counts.length &&
    last.bounds.every((bound, index) => bound === data.bounds[index]);
  if (!isAlike) return undefined;
  const counts = data.counts.map((count, index) => count - (last.counts[index] ?? 0));
  return counts.every((count) => count >= 0) ? { ...data, counts } : "fell";
}

/**
 * In the coarser scale of the two, and with the wider zero: a sender halves its resolution when the values
 * spread, and may take small values for zero.
 */
function exponentialSince(
  last: ExponentialHistogramData,
  data: ExponentialHistogramData,
): ExponentialHistogramData | "fell" {
  const scale = Math.min(last.scale, data.scale);
  const zeroThreshold = Math.max(last.zeroThreshold, data.zeroThreshold);
  const before = widenZero(coarsen(last, scale), zeroThreshold);
  const now = widenZero(coarsen(data, scale), zeroThreshold);
  const zeroCount = now.zeroCount - before.zeroCount;
  const positive = subtract(before.positive, now.positive);
  const negative = subtract(before.negative, now.negative);
  if (zeroCount < 0 || positive === undefined || negative === undefined) return "fell";
  return { ...now, zeroCount, positive, negative };
}

/** In a lower scale, where 2^(difference) neighbouring buckets are one (data model, "perfect subsetting"). */
function coarsen(histogram: ExponentialHistogramData, scale: number): ExponentialHistogramData {
  const factor = 2 ** (histogram.scale - scale);
  if (factor === 1) return histogram;
  const [positive, negative] = [histogram.positive, histogram.negative].map(({ offset, counts }) => {
    const first = Math.floor(offset / factor);
    const merged: number[] = [];
    for (const [index, count] of counts.entries()) {
      const at = Math.floor((offset + index) / factor) - first;
      merged[at] = (merged[at] ?? 0) + count;
    }
    return { offset: first, counts: merged };
  });
  return { ...histogram, scale, positive: positive ?? NONE, negative: negative ?? NONE };
}

const NONE: Buckets = { offset: 0, counts: [] };

/** With a wider zero bucket, into which go the buckets that it reaches beyond. */
function widenZero(histogram: ExponentialHistogramData, threshold: number): ExponentialHistogramData {
  if (histogram.zeroThreshold >= threshold) return histogram;
  let { zeroCount } = histogram;
  const [positive, negative] = [histogram.positive, histogram.negative].map(({ offset, counts }) => ({
    offset,
    counts: counts.map((count, index) => {
      if (lowerBound(histogram.scale, offset + index + 1) > threshold) return count;
      zeroCount += count;
      return 0;
    }),
  }));
  return {
    ...histogram,
    zeroThreshold: threshold,
    zeroCount,
    positive: positive ?? NONE,
    negative: negative ?? NONE,
  };
}

/** `now - before`; undefined where a bucket would become negative. */
function subtract(before: Buckets, now: Buckets): Buckets | undefined {
  const counts = [...now.counts];
  for (const [index, count] of before.counts.entries()) {
    if (count === 0) continue;
    const at = before.offset + index - now.offset;
    const left = (counts[at] ?? -1) - count;
    if (left < 0) return undefined;
    counts[at] = left;
  }
  return { offset: now.offset, counts };
}
