import { quote } from "../ingest/text.ts";
import type {
  Buckets,
  ExplicitReading,
  ExponentialReading,
  HistogramReading,
  Refusal,
} from "./data-point.ts";

/** Most buckets of one point; SDKs make 160 at the most unless told otherwise. */
export const BUCKETS_MAX = 500;
/** Beyond, bounds leave what a double can tell apart. */
const SCALE_MAX = 20;
const SCALE_MIN = -10;

/** What is wrong with a histogram in itself. */
export function histogramProblem(histogram: HistogramReading): Refusal | undefined {
  const { count, sum, min, max } = histogram;
  if (!Number.isSafeInteger(count)) return problem("count", "out_of_range", `count ${count} is beyond 2^53`);
  if (sum === undefined && count > 0) return problem("sum", "required", "a histogram without its sum");
  for (const [field, number] of Object.entries({ sum, min, max })) {
    if (number !== undefined && !Number.isFinite(number))
      return problem(field, "not_finite", `${field} ${number} must be finite`);
  }
  if (min !== undefined && max !== undefined && min > max)
    return problem("min", "out_of_range", `min ${min} is above max ${max}`);
  return histogram.kind === "histogram" ? explicitProblem(histogram) : exponentialProblem(histogram);
}

function explicitProblem({ count, counts, bounds }: ExplicitReading): Refusal | undefined {
  if (counts.length > BUCKETS_MAX) return tooMany(counts.length);
  const isWithout = counts.length === 0 && bounds.length === 0;
  if (isWithout) return undefined;
  if (counts.length !== bounds.length + 1) {
    const message = `${counts.length} bucket_counts do not go with ${bounds.length} explicit_bounds`;
    return problem("bucket_counts", "mismatch", message);
  }
  for (const [index, bound] of bounds.entries()) {
    if (!Number.isFinite(bound) || bound <= (bounds[index - 1] ?? Number.NEGATIVE_INFINITY))
      return problem("explicit_bounds", "not_ascending", "explicit_bounds must be finite and ascend");
  }
  return countsProblem(count, counts);
}

function exponentialProblem(histogram: ExponentialReading): Refusal | undefined {
  const { count, scale, zeroCount, zeroThreshold, positive, negative } = histogram;
  if (scale < SCALE_MIN || scale > SCALE_MAX)
    return problem("scale", "out_of_range", `scale ${scale} is outside ${SCALE_MIN} to ${SCALE_MAX}`);
  if (!(zeroThreshold >= 0 && zeroThreshold < Number.POSITIVE_INFINITY))
    return problem("zero_threshold", "out_of_range", `zero_threshold ${zeroThreshold} must not be negative`);
  const buckets = positive.counts.length + negative.counts.length;
  if (buckets > BUCKETS_MAX) return tooMany(buckets);
  for (const { offset, counts } of [positive, negative] satisfies Buckets[]) {
    const [first, last] = [lowerBound(scale, offset), lowerBound(scale, offset + counts.length)];
    if (counts.length > 0 && !(first > 0 && last < Number.POSITIVE_INFINITY))
      return problem("offset", "out_of_range", `offset ${quote(offset)} is beyond what a double can hold`);
  }
  return countsProblem(count, [zeroCount, ...positive.counts, ...negative.counts]);
}

/** Of bucket `index`. */
export function lowerBound(scale: number, index: number): number {
  return 2 ** (index * 2 ** -scale);
}

function countsProblem(count: number, counts: readonly number[]): Refusal | undefined {
  const total = counts.reduce((sum, one) => sum + one, 0);
  if (total === count) return undefined;
  return problem("bucket_counts", "mismatch", `the buckets hold ${total}, and count says ${count}`);
}

function tooMany(buckets: number): Refusal {
  return problem("bucket_counts", "too_many", `Too many buckets: ${buckets}, at most ${BUCKETS_MAX}`);
}

function problem(field: string, reason: string, message: string): Refusal {
  return { field, reason, message };
}
