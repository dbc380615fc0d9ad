import { DurationBins } from "./duration-bins.ts";

/** A row of a rollup table, as far as a query needs it; `sketch` stands in `sketches` where it has one. */
export interface RollupRow {
  count: number;
  successCount: number;
  failureCount: number;
  sumValue: number;
  minValue: number;
  maxValue: number;
  durationCount: number;
  sumDurationMs: number;
  sketches: Uint8Array | undefined;
  sketchStart: number;
  sketchEnd: number;
}

/** What the measurements of one combination of labels add up to, for the point that is being read. */
export class OpenGroup {
  readonly labels: readonly string[];
  /** Undefined when no quantile is asked for. */
  readonly durations: DurationBins | undefined;
  count = 0;
  successCount = 0;
  failureCount = 0;
  sumValue = 0;
  minValue = Number.POSITIVE_INFINITY;
  maxValue = Number.NEGATIVE_INFINITY;
  durationCount = 0;
  sumDurationMs = 0;

  constructor(labels: readonly string[], withQuantiles: boolean) {
    this.labels = labels;
    this.durations = withQuantiles ? new DurationBins() : undefined;
  }

  /** `durationMs` is NaN where there is none. */
  addMeasurement(value: number, durationMs: number, outcome: boolean | undefined): void {
    this.count += 1;
    if (outcome === true) this.successCount += 1;
    else if (outcome === false) this.failureCount += 1;
    this.sumValue += value;
    if (value < this.minValue) this.minValue = value;
    if (value > this.maxValue) this.maxValue = value;
    if (Number.isNaN(durationMs)) return;
    this.durationCount += 1;
    this.sumDurationMs += durationMs;
    this.durations?.add(durationMs);
  }

  addRow(row: RollupRow): void {
    this.#addCounts(row);
    if (row.sketches !== undefined) this.durations?.addEncoded(row.sketches, row.sketchStart, row.sketchEnd);
  }

  addGroup(other: OpenGroup): void {
    this.#addCounts(other);
    if (other.durations !== undefined) this.durations?.addAll(other.durations);
  }

  clear(): void {
    this.count = 0;
    this.successCount = 0;
    this.failureCount = 0;
    this.sumValue = 0;
    this.minValue = Number.POSITIVE_INFINITY;
    this.maxValue = Number.NEGATIVE_INFINITY;
    this.durationCount = 0;
    this.sumDurationMs = 0;
    this.durations?.clear();
  }

  #addCounts(other: Omit<RollupRow, "sketches" | "sketchStart" | "sketchEnd">): void {
    this.count += other.count;
    this.successCount += other.successCount;
    this.failureCount += other.failureCount;
    this.sumValue += other.sumValue;
    this.minValue = Math.min(this.minValue, other.minValue);
    this.maxValue = Math.max(this.maxValue, other.maxValue);
    this.durationCount += other.durationCount;
    this.sumDurationMs += other.sumDurationMs;
  }
}
