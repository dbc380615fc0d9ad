import { LIMITS } from "../../catalogue/limits.ts";
import type { Aggregate } from "./aggregate.ts";
import { binOf, mergeEncoded, type Sketch, writeVarint, ZERO_BIN } from "./sketch.ts";

/**
 * What some measurements add up to before it is written. Their durations are a list of bins, not yet
 * a sketch: most rows gather a handful between two writes, and a map for each would cost more than
 * all the rest.
 */
export interface Pending extends Omit<Aggregate, "sketch" | "durationCount"> {
  /** The bin of each duration, in the order of arrival. */
  readonly bins: number[];
}

export function createPending(): Pending {
  return {
    count: 0,
    successCount: 0,
    failureCount: 0,
    sumValue: 0,
    minValue: Number.POSITIVE_INFINITY,
    maxValue: Number.NEGATIVE_INFINITY,
    sumDurationMs: 0,
    bins: [],
  };
}

/** A measurement as rollups see it. `bin` is that of its duration; `durationMs` is NaN without one. */
export interface Sample {
  value: number;
  durationMs: number;
  bin: number;
}

/** Add one measurement; `outcome` is undefined where it has none. */
export function addToPending(pending: Pending, sample: Sample, outcome: boolean | undefined): void {
  const { value, durationMs, bin } = sample;
  pending.count += 1;
  if (outcome === true) pending.successCount += 1;
  else if (outcome === false) pending.failureCount += 1;
  pending.sumValue += value;
  if (value < pending.minValue) pending.minValue = value;
  if (value > pending.maxValue) pending.maxValue = value;
  if (Number.isNaN(durationMs)) return;
  pending.sumDurationMs += durationMs;
  pending.bins.push(bin);
}

export function mergePending(into: Pending, other: Pending): void {
  into.count += other.count;
  into.successCount += other.successCount;
  into.failureCount += other.failureCount;
  into.sumValue += other.sumValue;
  into.minValue = Math.min(into.minValue, other.minValue);
  into.maxValue = Math.max(into.maxValue, other.maxValue);
  into.sumDurationMs += other.sumDurationMs;
  for (const bin of other.bins) into.bins.push(bin);
}

const BINS_MAX = binOf(LIMITS.DURATION_MS_MAX) - ZERO_BIN + 1;
/** Two varints of up to 8 bytes a bin. */
const scratch = new Uint8Array(BINS_MAX * 16);
const counts = new Uint32Array(BINS_MAX);
/** Up to here sorting is cheaper than counting through all bins. */
const SORTED_MAX = 128;

/** The sketch of these bins, as `encodeSketch` writes it. `bins` is sorted. */
export function encodeBins(bins: number[]): Buffer {
  let length = 0;
  let previous = ZERO_BIN;
  const write = (bin: number, count: number) => {
    length = writeVarint(scratch, length, bin - previous);
    length = writeVarint(scratch, length, count);
    previous = bin;
  };
  if (bins.length <= SORTED_MAX) {
    bins.sort((a, b) => a - b);
    for (let start = 0, end = 0; start < bins.length; start = end) {
      while (end < bins.length && bins[end] === bins[start]) end += 1;
      write(bins[start] ?? 0, end - start);
    }
  } else {
    counts.fill(0);
    for (const bin of bins) counts[bin - ZERO_BIN] = (counts[bin - ZERO_BIN] ?? 0) + 1;
    for (const [index, count] of counts.entries()) if (count > 0) write(index + ZERO_BIN, count);
  }
  return Buffer.copyBytesFrom(scratch, 0, length);
}

/** The bins as a sketch, with what `stored` holds. */
export function sketchOf(bins: readonly number[], stored: Uint8Array | null): Sketch {
  const sketch: Sketch = new Map();
  if (stored !== null) mergeEncoded(sketch, stored);
  for (const bin of bins) sketch.set(bin, (sketch.get(bin) ?? 0) + 1);
  return sketch;
}
