import { LIMITS } from "../../catalogue/limits.ts";
import { nearestRank } from "./nearest-rank.ts";

/**
 * A mergeable sketch of durations: a histogram with logarithmic bins (DDSketch,
 * https://www.vldb.org/pvldb/vol12/p2195-masson.pdf), so that any quantile over years is a merge.
 *
 * Bin i holds (γ^(i-1), γ^i] ms; a quantile is answered with the bin's middle, 2γ^i / (γ + 1), which is
 * within 1 % of every value in it. Durations end at 24 h, so that 1800 bins are the most there can be.
 */
const GAMMA = 1.02;
const INVERSE_LOG_GAMMA = 1 / Math.log(GAMMA);
const MIDDLE = 2 / (GAMMA + 1);

/** How far a quantile may be from the true one, as a share of it. */
export const RELATIVE_ERROR = (GAMMA - 1) / (GAMMA + 1);

/** Below this many ms a duration counts as zero. */
const SMALLEST = 1e-6;
export const ZERO_BIN = Math.ceil(Math.log(SMALLEST) * INVERSE_LOG_GAMMA) - 1;

/** The bin of a number that is not negative. */
export function binOfNumber(number: number): number {
  return number < SMALLEST ? ZERO_BIN : Math.ceil(Math.log(number) * INVERSE_LOG_GAMMA);
}

/** What is longer than 24 h is in the last bin too. */
const LAST_BIN = binOfNumber(LIMITS.DURATION_MS_MAX);

/** The bin of a duration in ms, which is not negative. */
export function binOf(durationMs: number): number {
  return Math.min(LAST_BIN, binOfNumber(durationMs));
}

/** How many bins there are, from `ZERO_BIN` up. */
export const BIN_COUNT = LAST_BIN - ZERO_BIN + 1;

/** What a bin's durations are taken for, in ms. */
export function durationOfBin(bin: number): number {
  return bin === ZERO_BIN ? 0 : MIDDLE * GAMMA ** bin;
}

/** How many durations fell into each bin. */
export type Sketch = Map<number, number>;

export function addToSketch(sketch: Sketch, bin: number, count = 1): void {
  sketch.set(bin, (sketch.get(bin) ?? 0) + count);
}

/** Add everything of an encoded sketch to `sketch`. */
export function mergeEncoded(sketch: Sketch, encoded: Uint8Array): void {
  for (const reader = new SketchReader(encoded); reader.next(); ) {
    addToSketch(sketch, reader.bin, reader.count);
  }
}

export function sketchOf(encoded: Uint8Array | null): Sketch {
  const sketch: Sketch = new Map();
  if (encoded !== null) mergeEncoded(sketch, encoded);
  return sketch;
}

/** Passes over the bins of an encoded sketch, in ascending order. */
class SketchReader {
  readonly #encoded: Uint8Array;
  #at = 0;
  bin = ZERO_BIN;
  count = 0;

  constructor(encoded: Uint8Array) {
    this.#encoded = encoded;
  }

  /** Whether there was one more. */
  next(): boolean {
    if (this.#at >= this.#encoded.length) return false;
    this.bin += this.#readVarint();
    this.count = this.#readVarint();
    return true;
  }

  #readVarint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#encoded[this.#at++];
      if (byte === undefined) throw new RangeError("a sketch ends in the middle of a number");
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }
}

const NOTHING: Uint8Array = new Uint8Array(0);
/** Bins that values of either sign can be in, which `directory/value-sketch.ts` has sketches of. */
const BINS_MAX = 2 * (binOfNumber(LIMITS.VALUE_ABS_MAX) - ZERO_BIN) + 1;
/** Two varints of up to 8 bytes a bin. */
const scratch = new Uint8Array(BINS_MAX * 16);

/**
 * The sketch of the durations whose bins stand in `bins`, ascending, from `start`, before `end`, together with
 * the encoded one `stored`. Bins in ascending order, each as two varints: its distance from the one before,
 * its count.
 */
export function encodeSketch(bins: Int16Array, start: number, end: number, stored = NOTHING): Buffer {
  let length = 0;
  let previous = ZERO_BIN;
  const write = (bin: number, count: number) => {
    length = writeVarint(scratch, length, bin - previous);
    length = writeVarint(scratch, length, count);
    previous = bin;
  };
  const reader = new SketchReader(stored);
  let hasStored = reader.next();
  for (let at = start, next = start; at < end; at = next) {
    const bin = bins[at] ?? ZERO_BIN;
    while (next < end && bins[next] === bin) next += 1;
    for (; hasStored && reader.bin < bin; hasStored = reader.next()) write(reader.bin, reader.count);
    const isStored = hasStored && reader.bin === bin;
    write(bin, next - at + (isStored ? reader.count : 0));
    if (isStored) hasStored = reader.next();
  }
  for (; hasStored; hasStored = reader.next()) write(reader.bin, reader.count);
  return Buffer.copyBytesFrom(scratch, 0, length);
}

/** `sketch` together with the encoded one `stored`, as `encodeSketch` writes it. */
export function encodeCounts(sketch: Sketch, stored = NOTHING): Buffer {
  const all = sketchOf(stored);
  for (const [bin, count] of sketch) addToSketch(all, bin, count);
  let length = 0;
  let previous = ZERO_BIN;
  for (const [bin, count] of [...all].sort(([a], [b]) => a - b)) {
    length = writeVarint(scratch, length, bin - previous);
    length = writeVarint(scratch, length, count);
    previous = bin;
  }
  return Buffer.copyBytesFrom(scratch, 0, length);
}

/** Write `value` at `at`; returns where the next one goes. */
function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let next = at;
  // Division, not shifts: counts may exceed 32 bits.
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes[next++] = (rest % 128) + 128;
  bytes[next++] = rest;
  return next;
}

/**
 * The quantiles `ranks` (0 to 1, ascending or not) in ms, undefined for each when the sketch is empty.
 * `middleOf` tells what bins of something else than durations are taken for. Each is within `RELATIVE_ERROR`
 * of the value that `nearestRank` finds.
 */
export function quantiles(
  sketch: Sketch,
  ranks: readonly number[],
  middleOf: (bin: number) => number = durationOfBin,
): (number | undefined)[] {
  let total = 0;
  for (const count of sketch.values()) total += count;
  if (total === 0) return ranks.map(() => undefined);
  const bins = [...sketch.keys()].sort((a, b) => a - b);
  return ranks.map((rank) => {
    const index = nearestRank(rank, total);
    let seen = 0;
    for (const bin of bins) {
      seen += sketch.get(bin) ?? 0;
      if (seen > index) return middleOf(bin);
    }
    return undefined;
  });
}
