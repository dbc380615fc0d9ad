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
