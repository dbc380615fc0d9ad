import type { Distribution } from "../../catalogue/measurement.ts";
import { addToSketch, BIN_COUNT, binOf, type Sketch, ZERO_BIN } from "./sketch.ts";
import { Totals, totalsOfSeveral } from "./totals.ts";

/** Numbers a row, a cache line: count, successes, failures, sum, least and most, durations, their sum. */
const STRIDE = 8;
/** Of these all are added up when rows are merged; the others are the least and the most. */
const SUMS = [0, 1, 2, 3, 6, 7] as const;
const ROWS_FIRST = 64;
const BINS_FIRST = 256;
/** So many bins take as long to write as a row. */
const BINS_PER_ROW = 64;

/**
 * Rows that add up measurements before they are written, by numbers from 0.
 *
 * Their totals stand in one array, and the bins of all durations in one log that is sorted when it is read.
 * Most rows gather a handful of measurements between two writes: an object and a list for each cost more
 * than all else that rollups do.
 */
export class PendingRows {
  #totals = new Float64Array(ROWS_FIRST * STRIDE);
  #rowCount = 0;
  /** Of each duration in the order of arrival: its row, its bin. */
  #binRows = new Uint32Array(BINS_FIRST);
  #bins = new Int16Array(BINS_FIRST);
  #binCount = 0;
  /** Of durations that came counted: few rows have them. */
  #sketches = new Map<number, Sketch>();

  get rowCount(): number {
    return this.#rowCount;
  }

  /** What it takes to write them, in rows. */
  get size(): number {
    return this.#rowCount + this.#binCount / BINS_PER_ROW + this.#sketches.size;
  }

  /** Returns the number of a new row. */
  create(): number {
    const row = this.#rowCount;
    const at = row * STRIDE;
    if (at === this.#totals.length) this.#totals = grown(this.#totals, new Float64Array(at * 2));
    this.#totals[at + 4] = Number.POSITIVE_INFINITY;
    this.#totals[at + 5] = Number.NEGATIVE_INFINITY;
    this.#rowCount += 1;
    return row;
  }

  /**
   * Add one measurement to `row`: `durationMs` is NaN where there is none, and `bin` of no matter then;
   * `outcome` is undefined where it has none.
   */
  add(row: number, value: number, durationMs: number, bin: number, outcome: boolean | undefined): void {
    const totals = this.#totals;
    const at = row * STRIDE;
    totals[at] = (totals[at] ?? 0) + 1;
    if (outcome !== undefined) {
      const place = outcome ? at + 1 : at + 2;
      totals[place] = (totals[place] ?? 0) + 1;
    }
    totals[at + 3] = (totals[at + 3] ?? 0) + value;
    if (value < (totals[at + 4] ?? 0)) totals[at + 4] = value;
    if (value > (totals[at + 5] ?? 0)) totals[at + 5] = value;
    if (Number.isNaN(durationMs)) return;
    totals[at + 6] = (totals[at + 6] ?? 0) + 1;
    totals[at + 7] = (totals[at + 7] ?? 0) + durationMs;
    this.#log(row, bin);
  }

  /** Add a measurement that stands for several, whose values or durations lie as `distribution` says. */
  addSeveral(
    row: number,
    distribution: Distribution,
    value: number,
    durationMs: number,
    outcome: boolean | undefined,
  ): void {
    const added = totalsOfSeveral(distribution, value, durationMs, outcome);
    this.#merge(row, Float64Array.of(...columnsOf(added)), 0);
    if (Number.isNaN(durationMs)) return;
    const sketch = this.#sketchOf(row);
    for (const [index, ms] of distribution.values.entries())
      addToSketch(sketch, binOf(ms), distribution.counts[index]);
  }

  /** The rows as `count` others: what row `n` holds is in row `rowOf[n]`. */
  mergedInto(rowOf: Uint32Array, count: number): PendingRows {
    const merged = new PendingRows();
    while (merged.#rowCount < count) merged.create();
    for (let row = 0; row < this.#rowCount; row += 1) merged.#merge(rowOf[row] ?? 0, this.#totals, row);
    for (let index = 0; index < this.#binCount; index += 1) {
      merged.#log(rowOf[this.#binRows[index] ?? 0] ?? 0, this.#bins[index] ?? 0);
    }
    for (const [row, sketch] of this.#sketches) {
      const into = merged.#sketchOf(rowOf[row] ?? 0);
      for (const [bin, times] of sketch) addToSketch(into, bin, times);
    }
    return merged;
  }

  totalsOf(row: number): Totals {
    const [count = 0, successes = 0, failures = 0, sum = 0, min = 0, max = 0, durations = 0, sumMs = 0] =
      this.#totals.subarray(row * STRIDE, (row + 1) * STRIDE);
    const totals = new Totals();
    totals.count = count;
    totals.successCount = successes;
    totals.failureCount = failures;
    totals.sumValue = sum;
    totals.minValue = min;
    totals.maxValue = max;
    totals.durationCount = durations;
    totals.sumDurationMs = sumMs;
    return totals;
  }

  /** The bins of each row's durations, ascending. */
  sortedBins(): SortedBins {
    const count = this.#binCount;
    const byBin = { rows: new Uint32Array(count), bins: new Int16Array(count) };
    const nextOfBin = starts(this.#bins, count, ZERO_BIN, BIN_COUNT);
    for (let index = 0; index < count; index += 1) {
      const bin = this.#bins[index] ?? 0;
      const place = takeNext(nextOfBin, bin - ZERO_BIN);
      byBin.bins[place] = bin;
      byBin.rows[place] = this.#binRows[index] ?? 0;
    }
    // In one pass each, and the second keeps the order of the first.
    const startOfRow = starts(byBin.rows, count, 0, this.#rowCount);
    const nextOfRow = startOfRow.slice();
    const bins = new Int16Array(count);
    for (let index = 0; index < count; index += 1) {
      bins[takeNext(nextOfRow, byBin.rows[index] ?? 0)] = byBin.bins[index] ?? 0;
    }
    return { bins, startOfRow, sketches: this.#sketches };
  }

  #sketchOf(row: number): Sketch {
    const known = this.#sketches.get(row);
    if (known !== undefined) return known;
    const sketch: Sketch = new Map();
    this.#sketches.set(row, sketch);
    return sketch;
  }

  #merge(into: number, from: Float64Array, fromRow: number): void {
    const totals = this.#totals;
    const at = into * STRIDE;
    const other = fromRow * STRIDE;
    for (const column of SUMS) totals[at + column] = (totals[at + column] ?? 0) + (from[other + column] ?? 0);
    totals[at + 4] = Math.min(totals[at + 4] ?? 0, from[other + 4] ?? 0);
    totals[at + 5] = Math.max(totals[at + 5] ?? 0, from[other + 5] ?? 0);
  }

  #log(row: number, bin: number): void {
    const count = this.#binCount;
    if (count === this.#bins.length) {
      this.#bins = grown(this.#bins, new Int16Array(count * 2));
      this.#binRows = grown(this.#binRows, new Uint32Array(count * 2));
    }
    this.#binRows[count] = row;
    this.#bins[count] = bin;
    this.#binCount = count + 1;
  }
}

/** Those of row `n` stand from `startOfRow[n]`, before `startOfRow[n + 1]`. */
export interface SortedBins {
  readonly bins: Int16Array;
  readonly startOfRow: Uint32Array;
  /** … and those of row `n` that came counted. */
  readonly sketches: ReadonlyMap<number, Sketch>;
}

/** In the order of a row's numbers. */
function columnsOf(totals: Totals): readonly number[] {
  const { count, successCount, failureCount, sumValue, minValue, maxValue } = totals;
  return [
    count,
    successCount,
    failureCount,
    sumValue,
    minValue,
    maxValue,
    totals.durationCount,
    totals.sumDurationMs,
  ];
}

/** Where each of `size` values, `first` and up, begins in a list of `values` that is sorted. */
function starts(values: Int16Array | Uint32Array, count: number, first: number, size: number): Uint32Array {
  const found = new Uint32Array(size + 1);
  for (let index = 0; index < count; index += 1) {
    const after = (values[index] ?? 0) - first + 1;
    found[after] = (found[after] ?? 0) + 1;
  }
  for (let value = 1; value <= size; value += 1) found[value] = (found[value] ?? 0) + (found[value - 1] ?? 0);
  return found;
}

function takeNext(next: Uint32Array, value: number): number {
  const place = next[value] ?? 0;
  next[value] = place + 1;
  return place;
}

function grown<Numbers extends Float64Array | Uint32Array | Int16Array>(
  from: Numbers,
  into: Numbers,
): Numbers {
  into.set(from);
  return into;
}
