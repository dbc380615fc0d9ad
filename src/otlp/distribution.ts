/**
 * From buckets to the distribution that is stored: some numbers within each bucket, at even distances,
 * as a quantile that interpolates would have them. What the sender knows exactly (a single value, the
 * least, the greatest) stands where it is; and every number stays within its bucket, so that counting
 * into the same buckets again gives the same counts.
 */
import type { Distribution } from "../catalogue/measurement.ts";
import { type HistogramData, lowerBound } from "./data-point.ts";

/** Most numbers that stand for one bucket … */
const NUMBERS_PER_BUCKET_MAX = 4;
/** … and about as many for one point: what is stored of it takes some kilobytes at the most. */
const NUMBERS_MAX = 128;

/** No number of a distribution is beyond it. */
const NUMBER_MAX = 2 ** 63;

/** A bucket of either kind of histogram: `count` values above `low`, up to `high`. */
interface Bucket {
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

/**
 * Where the values of a sound histogram that has some lie, each times `scale` (from its unit to ms). Of
 * `count` values at most some 128 numbers are kept, each with how many it stands for. Undefined where nothing
 * says where any lies: neither sum nor buckets, nor both extremes.
 */
export function toDistribution(histogram: HistogramData, scale: number): Distribution | undefined {
  const { count } = histogram;
  const sum = histogram.sum === undefined ? undefined : times(histogram.sum, scale);
  const min = histogram.min === undefined ? undefined : times(histogram.min, scale);
  const max = histogram.max === undefined ? undefined : times(histogram.max, scale);
  const buckets = bucketsOf(histogram, scale);
  const numbersMax = Math.min(NUMBERS_PER_BUCKET_MAX, Math.ceil(NUMBERS_MAX / Math.max(1, buckets.length)));
  const numbers: Numbers = { values: [], counts: [] };
  if (count === 1 && sum !== undefined) put(numbers, sum, 1);
  else if (buckets.length > 0)
    for (const bucket of close(buckets, sum, min, max)) spread(bucket, numbersMax, numbers);
  // One bucket without bounds: all that is known is the mean, or the extremes.
  else if (sum !== undefined) put(numbers, sum / count, count);
  else if (min !== undefined && max !== undefined)
    spread({ low: min, high: max, count, least: min, greatest: max }, numbersMax, numbers);
  else return undefined;
  const { values, counts } = numbers;
  return { count, min: min ?? values[0] ?? 0, max: max ?? values.at(-1) ?? 0, values, counts };
}

/** What the numbers of a distribution add up to, where a sender has not said it. */
export function sumOf({ values, counts }: Distribution): number {
  return values.reduce((sum, value, index) => sum + value * (counts[index] ?? 0), 0);
}

/** Decimals of most products that are no noise: 0.07 s are 70 ms, and 70.00000000000001 in binary. */
const DECIMALS = 1e6;
/** Below it a number with so many decimals has no more than 15 digits. */
const SHORT_MAX = 1e9;
/** Twice what one multiplication can be off by, of the product: far less than half of the 15th digit. */
const NOISE = 2 * Number.EPSILON;

/**
 * `a * b` without the last digit, which is wrong where 0.07 s become 70.00000000000001 ms; and finite where
 * `a` is, as the bounds of a bucket may be almost anything.
 */
export function times(a: number, b: number): number {
  if (b === 1 || !Number.isFinite(a)) return Math.abs(a) > NUMBER_MAX && Number.isFinite(a) ? bounded(a) : a;
  const product = a * b;
  // What is short in decimals needs no text to be made of it; the result is the same.
  const short = Math.round(product * DECIMALS) / DECIMALS + 0;
  const isShort = Math.abs(product) < SHORT_MAX && Math.abs(short - product) <= Math.abs(product) * NOISE;
  return isShort ? short : bounded(Number(product.toPrecision(15)));
}

function bounded(value: number): number {
  return Math.max(-NUMBER_MAX, Math.min(NUMBER_MAX, value));
}

/** What is kept: `counts[i]` values are taken to be `values[i]`. Ascending. */
interface Numbers {
  readonly values: number[];
  readonly counts: number[];
}

function put({ values, counts }: Numbers, value: number, count: number): void {
  values.push(value);
  counts.push(count);
}

/** The buckets that hold something, ascending, times `scale`; the outermost of explicit ones reach to infinity. */
function bucketsOf(histogram: HistogramData, scale: number): readonly Bucket[] {
  const buckets: Bucket[] = [];
  const add = (low: number, high: number, count: number) => {
    if (count > 0) buckets.push({ low: times(low, scale), high: times(high, scale), count });
  };
  if (histogram.kind === "histogram") {
    const { counts, bounds } = histogram;
    for (const [index, count] of counts.entries())
      add(bounds[index - 1] ?? Number.NEGATIVE_INFINITY, bounds[index] ?? Number.POSITIVE_INFINITY, count);
    return buckets;
  }
  const { zeroCount, zeroThreshold, positive, negative } = histogram;
  const bound = ({ offset }: typeof positive, index: number) => lowerBound(histogram.scale, offset + index);
  for (let index = negative.counts.length - 1; index >= 0; index -= 1)
    add(-bound(negative, index + 1), -bound(negative, index), negative.counts[index] ?? 0);
  // Taken as from zero up: what is measured is seldom negative.
  add(0, zeroThreshold, zeroCount);
  for (const [index, count] of positive.counts.entries())
    add(bound(positive, index), bound(positive, index + 1), count);
  return buckets;
}

/** The buckets with ends at both sides, as near as is known; the first may begin and the last end exactly. */
function close(
  buckets: readonly Bucket[],
  sum: number | undefined,
  min: number | undefined,
  max: number | undefined,
): readonly ClosedBucket[] {
  return buckets.map((bucket, index) => {
    const { count } = bucket;
    const isFirst = index === 0;
    const isLast = index === buckets.length - 1;
    const least = isFirst && min !== undefined && min >= bucket.low && min <= bucket.high ? min : undefined;
    const greatest = isLast && max !== undefined && max > bucket.low && max <= bucket.high ? max : undefined;
    const low = least ?? (bucket.low === Number.NEGATIVE_INFINITY ? Math.min(0, bucket.high) : bucket.low);
    const high = greatest ?? (bucket.high === Number.POSITIVE_INFINITY ? undefined : bucket.high);
    return { low, high: high ?? guessTop(buckets, sum, low), count, least, greatest };
  });
}

interface ClosedBucket extends Bucket {
  /** A value known to be in it, below all others there. */
  readonly least: number | undefined;
  /** … above all others there. */
  readonly greatest: number | undefined;
}

/**
 * How far a bucket without an end may reach: so that its middle is what the sum leaves for each, and no further
 * than its beginning where there is no sum.
 */
function guessTop(buckets: readonly Bucket[], sum: number | undefined, low: number): number {
  let left = sum ?? Number.NEGATIVE_INFINITY;
  for (const bucket of buckets.slice(0, -1)) {
    left -= bucket.count * ((Math.max(bucket.low, Math.min(0, bucket.high)) + bucket.high) / 2);
  }
  const middle = left / (buckets.at(-1)?.count ?? 1);
  return Math.max(low + 2 * (middle - low), low + Math.abs(low) * 0.01, Number.MIN_VALUE);
}

/** Puts the numbers that stand for a bucket: its known ends, and the rest at even distances between. */
function spread(
  { low, high, count, least, greatest }: ClosedBucket,
  numbersMax: number,
  into: Numbers,
): void {
  const isGreatestApart = greatest !== undefined && count > (least === undefined ? 0 : 1);
  const others = count - (least === undefined ? 0 : 1) - (isGreatestApart ? 1 : 0);
  const numbers = Math.min(others, numbersMax);
  if (least !== undefined) put(into, least, 1);
  let placed = 0;
  for (let index = 1; index <= numbers; index += 1) {
    const upTo = Math.round((others * index) / numbers);
    put(into, shorten(low + ((high - low) * (index - 0.5)) / numbers, low, high), upTo - placed);
    placed = upTo;
  }
  if (isGreatestApart) put(into, greatest, 1);
}

/** Six digits are far more than a bucket tells, and keep what is stored short; where they stay within it. */
function shorten(value: number, low: number, high: number): number {
  const short = toSixDigits(value);
  return short > low && short <= high ? short : value;
}

/** Powers of ten that a number of binary digits holds exactly. */
const POWERS = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

function toSixDigits(value: number): number {
  // Without making a text of it, as `toPrecision` does.
  const scale = POWERS[5 - Math.floor(Math.log10(Math.abs(value)))];
  return scale === undefined ? Number(value.toPrecision(6)) : Math.round(value * scale) / scale;
}
