import { LIMITS } from "../../catalogue/limits.ts";
import { addToSketch, binOf, mergeEncoded, type Sketch, writeVarint, ZERO_BIN } from "./sketch.ts";
import { addToTotals, mergeTotals, Totals } from "./totals.ts";

/**
 * What some measurements add up to before it is written. Their durations are a list of bins, not yet
 * a sketch: most rows gather a handful between two writes, and a map for each would cost more than
 * all the rest.
 */
export class Pending extends Totals {
  /** The bin of each duration, in the order of arrival. */
  readonly bins: number[] = [];
}

/** Add one measurement: `bin` is that of its duration, NaN without one; `outcome` undefined without one. */
export function addToPending(
  pending: Pending,
  value: number,
  durationMs: number,
  bin: number,
  outcome: boolean | undefined,
): void {
  addToTotals(pending, value, durationMs, outcome);
  if (!Number.isNaN(durationMs)) pending.bins.push(bin);
}

export function mergePending(into: Pending, other: Pending): void {
  mergeTotals(into, other);
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
  const length = bins.length <= SORTED_MAX ? writeSorted(bins) : writeCounted(bins);
  const encoded = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; at += 1) encoded[at] = scratch[at] ?? 0;
  return encoded;
}

function writeSorted(bins: number[]): number {
  if (bins.length > 1) bins.sort(ascending);
  let length = 0;
  let previous = ZERO_BIN;
  for (let start = 0, end = 0; start < bins.length; start = end) {
    const bin = bins[start] ?? ZERO_BIN;
    while (end < bins.length && bins[end] === bin) end += 1;
    length = writeVarint(scratch, length, bin - previous);
    length = writeVarint(scratch, length, end - start);
    previous = bin;
  }
  return length;
}

const ascending = (a: number, b: number) => a - b;

function writeCounted(bins: readonly number[]): number {
  counts.fill(0);
  for (const bin of bins) counts[bin - ZERO_BIN] = (counts[bin - ZERO_BIN] ?? 0) + 1;
  let length = 0;
  let previous = 0;
  for (let index = 0; index < BINS_MAX; index += 1) {
    const count = counts[index] ?? 0;
    if (count === 0) continue;
    length = writeVarint(scratch, length, index - previous);
    length = writeVarint(scratch, length, count);
    previous = index;
  }
  return length;
}

/** The bins as a sketch, with what `stored` holds. */
export function sketchOf(bins: readonly number[], stored: Uint8Array | null): Sketch {
  const sketch: Sketch = new Map();
  if (stored !== null) mergeEncoded(sketch, stored);
  for (const bin of bins) addToSketch(sketch, bin);
  return sketch;
}
