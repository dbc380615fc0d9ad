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
} from "./data-point.ts";

/**
 * What cumulative data adds to the last point of its series.
 *
 * A value that fell without a new start time has begun at zero in between, as Prometheus's `rate` sees it: an
 * unreported reset, of which all that is there is new.
 */
export function sinceLast(last: CumulativeData, data: CumulativeData): CumulativeData {
  if (data.kind === "sum") {
    if (last.kind !== "sum" || data.value < last.value) return data;
    return { ...data, value: data.value - last.value };
  }
  if (last.kind === "sum" || data.count < last.count) return data;
  const count = data.count - last.count;
  const sum = (data.sum ?? 0) - (last.sum ?? 0);
  // The least and the greatest are those since the start, and may be older than the last point.
  const since = { count, sum, min: undefined, max: undefined };
  if (data.kind === "histogram" && last.kind === "histogram")
    return explicitSince(last, { ...data, ...since }, data.counts);
  if (data.kind === "exponential histogram" && last.kind === "exponential histogram")
    return exponentialSince(last, data, since) ?? withoutBuckets(data, since);
  return withoutBuckets(data, since);
}

/** Differs bucket by bucket where the bounds are the same and no bucket has lost values. */
function explicitSince(
  last: ExplicitHistogramData,
  data: ExplicitHistogramData,
  counts: readonly number[],
): ExplicitHistogramData {
  const isAlike =
    last.bounds.length === data.bounds.length &&
    last.bounds.every((bound, index) => bound === data.bounds[index]);
  const differences = counts.map((count, index) => count - (last.counts[index] ?? 0));
  if (isAlike && differences.every((count) => count >= 0)) return { ...data, counts: differences };
  return withoutBuckets(data, data);
}

/** A histogram of one bucket: count and sum are known all the same where the buckets do not fit together. */
function withoutBuckets(
  { temporality }: HistogramData,
  { count, sum, min, max }: Pick<HistogramData, "count" | "sum" | "min" | "max">,
): ExplicitHistogramData {
  return { kind: "histogram", temporality, count, sum, min, max, bounds: [], counts: [] };
}

type Totals = Pick<ExponentialHistogramData, "count" | "sum" | "min" | "max">;

/**
 * What an exponential histogram adds to the last one, in the coarser scale of the two: a sender halves its
 * resolution when the values spread. Undefined where their buckets do not fit together: the zero bucket has
 * become narrower, or a bucket has lost values.
 */
function exponentialSince(
  last: ExponentialHistogramData,
  data: ExponentialHistogramData,
  totals: Totals,
): ExponentialHistogramData | undefined {
  const scale = Math.min(last.scale, data.scale);
  const { zeroThreshold } = data;
  if (last.zeroThreshold > zeroThreshold) return undefined;
  const [before, now] = [last, data].map((one) => widenZero(coarsen(one, scale), zeroThreshold));
  if (before === undefined || now === undefined) return undefined;
  const zeroCount = now.zeroCount - before.zeroCount;
  const positive = subtract(before.positive, now.positive);
  const negative = subtract(before.negative, now.negative);
  if (zeroCount < 0 || positive === undefined || negative === undefined) return undefined;
  return { ...now, ...totals, zeroCount, positive, negative };
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
