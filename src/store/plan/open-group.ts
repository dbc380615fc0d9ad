import type { Distribution } from "../../catalogue/measurement.ts";
import { DurationBins } from "./duration-bins.ts";
import { addToTotals, mergeTotals, Totals, totalsOfSeveral } from "./totals.ts";

/** A row of a rollup table, as far as a query needs it; `sketch` stands in `sketches` where it has one. */
export interface RollupRow extends Totals {
  sketches: Uint8Array | undefined;
  sketchStart: number;
  sketchEnd: number;
}

/** What the measurements of one combination of labels add up to, for the point that is being read. */
export class OpenGroup extends Totals {
  readonly labels: readonly string[];
  /** Undefined when no quantile is asked for. */
  readonly durations: DurationBins | undefined;

  constructor(labels: readonly string[], withQuantiles: boolean) {
    super();
    this.labels = labels;
    this.durations = withQuantiles ? new DurationBins() : undefined;
  }

  /** `durationMs` is NaN where there is none. */
  addMeasurement(value: number, durationMs: number, outcome: boolean | undefined): void {
    addToTotals(this, value, durationMs, outcome);
    if (!Number.isNaN(durationMs)) this.durations?.add(durationMs);
  }

  /** A measurement that stands for several; `durationMs` is what theirs add up to. */
  addSeveral(
    distribution: Distribution,
    value: number,
    durationMs: number,
    outcome: boolean | undefined,
  ): void {
    mergeTotals(this, totalsOfSeveral(distribution, value, durationMs, outcome));
    if (Number.isNaN(durationMs)) return;
    for (const [index, ms] of distribution.values.entries())
      this.durations?.add(ms, distribution.counts[index]);
  }

  /** Take back what an added row holds: of counts and bins. Sums and extremes are not right any more. */
  removeGroup(other: OpenGroup): void {
    this.count -= other.count;
    this.successCount -= other.successCount;
    this.failureCount -= other.failureCount;
    if (other.durations !== undefined) this.durations?.addAll(other.durations, -1);
  }

  addRow(row: RollupRow): void {
    mergeTotals(this, row);
    if (row.sketches !== undefined) this.durations?.addEncoded(row.sketches, row.sketchStart, row.sketchEnd);
  }

  addGroup(other: OpenGroup): void {
    mergeTotals(this, other);
    if (other.durations !== undefined) this.durations?.addAll(other.durations);
  }

  clear(): void {
    Object.assign(this, new Totals());
    this.durations?.clear();
  }
}
