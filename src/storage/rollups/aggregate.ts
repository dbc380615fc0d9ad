import { addToSketch, binOf, mergeEncoded, type Sketch } from "./sketch.ts";

/** What some measurements add up to. Merging two aggregates is the aggregate of both. */
export interface Aggregate {
  count: number;
  successCount: number;
  failureCount: number;
  sumValue: number;
  minValue: number;
  maxValue: number;
  /** How many had a duration. */
  durationCount: number;
  sumDurationMs: number;
  /** Of the durations. */
  readonly sketch: Sketch;
}

export function createAggregate(): Aggregate {
  return {
    count: 0,
    successCount: 0,
    failureCount: 0,
    sumValue: 0,
    minValue: Number.POSITIVE_INFINITY,
    maxValue: Number.NEGATIVE_INFINITY,
    durationCount: 0,
    sumDurationMs: 0,
    sketch: new Map(),
  };
}

/** Add one measurement. `durationMs` is NaN where there is none; `outcome` undefined where it has none. */
export function addMeasurement(
  aggregate: Aggregate,
  value: number,
  durationMs: number,
  outcome: boolean | undefined,
): void {
  aggregate.count += 1;
  if (outcome === true) aggregate.successCount += 1;
  else if (outcome === false) aggregate.failureCount += 1;
  aggregate.sumValue += value;
  if (value < aggregate.minValue) aggregate.minValue = value;
  if (value > aggregate.maxValue) aggregate.maxValue = value;
  if (Number.isNaN(durationMs)) return;
  aggregate.durationCount += 1;
  aggregate.sumDurationMs += durationMs;
  addToSketch(aggregate.sketch, binOf(durationMs));
}

export function mergeAggregate(into: Aggregate, other: Aggregate): void {
  mergeCounts(into, other);
  for (const [bin, count] of other.sketch) addToSketch(into.sketch, bin, count);
}

/** An aggregate as a row of the rollup tables holds it. */
export interface AggregateRow extends Omit<Aggregate, "sketch"> {
  readonly sketch: Uint8Array | null;
}

export function mergeRow(into: Aggregate, row: AggregateRow): void {
  mergeCounts(into, row);
  if (row.sketch !== null) mergeEncoded(into.sketch, row.sketch);
}

function mergeCounts(into: Aggregate, other: Omit<Aggregate, "sketch">): void {
  into.count += other.count;
  into.successCount += other.successCount;
  into.failureCount += other.failureCount;
  into.sumValue += other.sumValue;
  into.minValue = Math.min(into.minValue, other.minValue);
  into.maxValue = Math.max(into.maxValue, other.maxValue);
  into.durationCount += other.durationCount;
  into.sumDurationMs += other.sumDurationMs;
}
