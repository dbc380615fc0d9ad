/**
 * Sketches of values of either sign, which durations are not: the bins of what is negative come before
 * zero's, and mirror those of what is positive.
 */
import { LIMITS } from "../../catalogue/limits.ts";
import { EXACT_VALUES_MAX, exactQuantile } from "./nearest-rank.ts";
import {
  addToSketch,
  binOfNumber,
  durationOfBin,
  encodeSketch,
  quantiles,
  type Sketch,
  ZERO_BIN,
} from "./sketch.ts";

/** How many bins lie between zero's and that of the largest value; as many lie before it. */
const SIDE_BINS = binOfNumber(LIMITS.VALUE_ABS_MAX) - ZERO_BIN;

export function binOfValue(value: number): number {
  const distance = binOfNumber(Math.abs(value)) - ZERO_BIN;
  return ZERO_BIN + SIDE_BINS + (value < 0 ? -distance : distance);
}

function valueOfBin(bin: number): number {
  const distance = bin - ZERO_BIN - SIDE_BINS;
  const middle = durationOfBin(ZERO_BIN + Math.abs(distance));
  return distance < 0 ? -middle : middle;
}

/** The sketch of values of these bins, together with the encoded one `stored`. */
export function encodeValues(bins: readonly number[], stored?: Uint8Array): Buffer {
  return encodeSketch(Int16Array.from(bins).sort(), 0, bins.length, stored);
}

/** How many of the values are more than 0. */
export function countPositive(sketch: Sketch): number {
  let count = 0;
  for (const [bin, values] of sketch) if (bin > ZERO_BIN + SIDE_BINS) count += values;
  return count;
}

/** The quantiles `ranks` (0 to 1) of the values, each within 1 % of the one that `nearestRank` finds. */
export function valueQuantiles(sketch: Sketch, ranks: readonly number[]): (number | undefined)[] {
  return quantiles(sketch, ranks, valueOfBin);
}

/** Values of a step, kept as they are while they are few, then as a sketch; as `DurationBins` keeps durations. */
export class ValueSample {
  readonly #sketch: Sketch = new Map();
  #exact: number[] | undefined = [];

  add(value: number): void {
    this.#exact?.push(value);
    if (this.#exact === undefined) addToSketch(this.#sketch, binOfValue(value));
    else if (this.#exact.length > EXACT_VALUES_MAX) this.#toSketch();
  }

  addSketch(sketch: Sketch): void {
    this.#toSketch();
    for (const [bin, count] of sketch) addToSketch(this.#sketch, bin, count);
  }

  /** The quantiles `ranks` (0 to 1), exact or within 1 %; undefined for each without any value. */
  quantiles(ranks: readonly number[]): (number | undefined)[] {
    const exact = this.#exact;
    if (exact === undefined) return valueQuantiles(this.#sketch, ranks);
    return ranks.map((rank) => exactQuantile(exact, rank));
  }

  #toSketch(): void {
    for (const value of this.#exact ?? []) addToSketch(this.#sketch, binOfValue(value));
    this.#exact = undefined;
  }
}
