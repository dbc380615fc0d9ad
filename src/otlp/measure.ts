import { LIMITS } from "../catalogue/limits.ts";
import type { Distribution, Measurement } from "../catalogue/measurement.ts";
import type { MetricContext } from "../ingest/validate-metric.ts";
import { validateMetric } from "../ingest/validate-metric.ts";
import type { DataPoint, HistogramReading, Reading } from "./data-point.ts";
import { distributionOf, times } from "./distribution.ts";
import { mapPoint, planOf } from "./map-point.ts";

/** What a sound point adds, or undefined after telling `context.refuse` every reason. */
export type StorableReading = Extract<Reading, { kind: "gauge" | "sum" }> | HistogramReading;

/**
 * The measurement of a point, judged by the rules for submitted metrics. `reading` is what the point adds
 * to the ones before, and more than nothing.
 */
export function measure(
  point: DataPoint,
  reading: StorableReading,
  context: MetricContext,
): Measurement | undefined {
  const plan = planOf(point.instrument, reading.kind);
  const metric = mapPoint(point);
  if ("reason" in metric) {
    context.refuse(metric.field, metric.reason, metric.message);
    return undefined;
  }
  if (reading.kind === "gauge" || reading.kind === "sum")
    return validateMetric({ ...metric, value: reading.value }, context);
  const { count, sum = 0 } = reading;
  const distribution = distributionOf(reading, plan.unitMs ?? 1);
  const durationMs = plan.unitMs === undefined ? undefined : times(sum, plan.unitMs);
  if (durationMs !== undefined && !areDurations(distribution, durationMs, context)) return undefined;
  const value = { amount: sum, count, zero: 0 }[plan.value];
  const measurement = validateMetric({ ...metric, value }, context);
  // One value needs no distribution.
  return measurement && { ...measurement, durationMs, distribution: count === 1 ? undefined : distribution };
}

/** Whether all of them can have been durations; the sum of many may exceed what one can take. */
function areDurations({ min, max }: Distribution, sumMs: number, { refuse }: MetricContext): boolean {
  if (min < 0 || sumMs < 0)
    refuse("duration_ms", "negative", `Duration cannot be negative: ${Math.min(min, sumMs)}`);
  else if (max > LIMITS.DURATION_MS_MAX)
    refuse("duration_ms", "too_large", `Duration too large: ${max} ms, at most ${LIMITS.DURATION_MS_MAX}`);
  else return true;
  return false;
}
