import type { Buckets, ExponentialReading } from "./data-point.ts";
import { lowerBound } from "./histogram-problem.ts";

type Totals = Pick<ExponentialReading, "count" | "sum" | "min" | "max">;

/**
 * What an exponential histogram adds to the one before, in the coarser scale of the two: a sender halves
 * its resolution when the values spread. Undefined where their buckets do not fit together.
 */
export function exponentialSince(
  last: ExponentialReading,
  reading: ExponentialReading,
  totals: Totals,
): ExponentialReading | undefined {
  const scale = Math.min(last.scale, reading.scale);
  const { zeroThreshold } = reading;
  if (last.zeroThreshold > zeroThreshold) return undefined;
  const [before, now] = [last, reading].map((one) => widenZero(coarsen(one, scale), zeroThreshold));
  if (before === undefined || now === undefined) return undefined;
  const zeroCount = now.zeroCount - before.zeroCount;
  const positive = subtract(before.positive, now.positive);
  const negative = subtract(before.negative, now.negative);
  if (zeroCount < 0 || positive === undefined || negative === undefined) return undefined;
  return { ...now, ...totals, zeroCount, positive, negative };
}

function coarsen(histogram: ExponentialReading, scale: number): ExponentialReading {
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

/** Count as zero what a wider threshold takes for it. */
function widenZero(histogram: ExponentialReading, threshold: number): ExponentialReading {
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
