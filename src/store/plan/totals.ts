import type { Distribution } from "../../catalogue/measurement.ts";

/** What some measurements add up to, but for the distribution of their durations. */
export class Totals {
  count = 0;
  successCount = 0;
  failureCount = 0;
  sumValue = 0;
  minValue = Number.POSITIVE_INFINITY;
  maxValue = Number.NEGATIVE_INFINITY;
  /** How many had a duration. */
  durationCount = 0;
  sumDurationMs = 0;
}

/** Add one measurement. `durationMs` is NaN where there is none; `outcome` undefined where it has none. */
export function addToTotals(
  totals: Totals,
  value: number,
  durationMs: number,
  outcome: boolean | undefined,
): void {
  totals.count += 1;
  if (outcome === true) totals.successCount += 1;
  else if (outcome === false) totals.failureCount += 1;
  totals.sumValue += value;
  if (value < totals.minValue) totals.minValue = value;
  if (value > totals.maxValue) totals.maxValue = value;
  if (Number.isNaN(durationMs)) return;
  totals.durationCount += 1;
  totals.sumDurationMs += durationMs;
}

/**
 * What a measurement that stands for several adds up to. `value` and `durationMs` are sums over them; the
 * latter is NaN where they have no durations, and their values lie as the distribution says.
 */
export function totalsOfSeveral(
  { count, min, max }: Distribution,
  value: number,
  durationMs: number,
  outcome: boolean | undefined,
): Totals {
  const areDurations = !Number.isNaN(durationMs);
  return {
    count,
    successCount: outcome === true ? count : 0,
    failureCount: outcome === false ? count : 0,
    sumValue: value,
    minValue: areDurations ? value / count : min,
    maxValue: areDurations ? value / count : max,
    durationCount: areDurations ? count : 0,
    sumDurationMs: areDurations ? durationMs : 0,
  };
}

export function mergeTotals(into: Totals, other: Totals): void {
  into.count += other.count;
  into.successCount += other.successCount;
  into.failureCount += other.failureCount;
  into.sumValue += other.sumValue;
  into.minValue = Math.min(into.minValue, other.minValue);
  into.maxValue = Math.max(into.maxValue, other.maxValue);
  into.durationCount += other.durationCount;
  into.sumDurationMs += other.sumDurationMs;
}
