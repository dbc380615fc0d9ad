import { EXACT_VALUES_MAX, exactQuantile, nearestRank } from "./nearest-rank.ts";
import { BIN_COUNT, binOf, durationOfBin, ZERO_BIN } from "./sketch.ts";

/**
 * The durations of one group, which are added to millions of times. While they are few they are kept as they
 * are, and quantiles are exact; then as a sketch, whose every bin has its place in one array, where
 * `sketch.ts` keeps a map. Faster, for 13 KB a group that is open.
 */
export class DurationBins {
  readonly #counts = new Float64Array(BIN_COUNT);
  #low = BIN_COUNT;
  #high = -1;
  /** All there is, for as long as it may be kept so; undefined once the bins hold it. */
  #exact: number[] | undefined = [];

  add(durationMs: number, count = 1): void {
    if (this.#exact !== undefined && this.#exact.length + count <= EXACT_VALUES_MAX) {
      for (let added = 0; added < count; added += 1) this.#exact.push(durationMs);
    } else {
      this.#toBins();
      this.#add(binOf(durationMs) - ZERO_BIN, count);
    }
  }

  /** Add an encoded sketch that stands in `bytes` from `start`, before `end`. */
  addEncoded(bytes: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    this.#toBins();
    let place = 0;
    let number = 0;
    let factor = 1;
    let isCount = false;
    for (let at = start; at < end; at += 1) {
      const byte = bytes[at] ?? 0;
      number += (byte & 127) * factor;
      if (byte >= 128) {
        factor *= 128;
        continue;
      }
      if (isCount) this.#add(place, number);
      else place += number;
      isCount = !isCount;
      number = 0;
      factor = 1;
    }
  }

  /** Add everything of another; with -1, take it back. */
  addAll(other: DurationBins, sign: 1 | -1 = 1): void {
    if (other.#exact !== undefined && sign === 1) {
      for (const durationMs of other.#exact) this.add(durationMs);
      return;
    }
    this.#toBins();
    for (const durationMs of other.#exact ?? []) this.#add(binOf(durationMs) - ZERO_BIN, sign);
    for (let place = other.#low; place <= other.#high; place += 1) {
      const count = other.#counts[place] ?? 0;
      if (count > 0) this.#add(place, sign * count);
    }
  }

  /** The duration that `nearestRank` finds, in ms, or what its bin is taken for. */
  quantile(rank: number): number | undefined {
    if (this.#exact !== undefined) return exactQuantile(this.#exact, rank);
    let total = 0;
    for (let place = this.#low; place <= this.#high; place += 1) total += this.#counts[place] ?? 0;
    const index = nearestRank(rank, total);
    let seen = 0;
    for (let place = this.#low; place <= this.#high; place += 1) {
      seen += this.#counts[place] ?? 0;
      if (seen > index) return durationOfBin(place + ZERO_BIN);
    }
    return undefined;
  }

  clear(): void {
    if (this.#high >= this.#low) this.#counts.fill(0, this.#low, this.#high + 1);
    this.#low = BIN_COUNT;
    this.#high = -1;
    this.#exact = [];
  }

  #toBins(): void {
    if (this.#exact === undefined) return;
    for (const durationMs of this.#exact) this.#add(binOf(durationMs) - ZERO_BIN, 1);
    this.#exact = undefined;
  }

  #add(place: number, count: number): void {
    if (place < this.#low) this.#low = place;
    if (place > this.#high) this.#high = place;
    this.#counts[place] = (this.#counts[place] ?? 0) + count;
  }
}
