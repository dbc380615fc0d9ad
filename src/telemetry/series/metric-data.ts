import { type HrTime, ValueType } from "@opentelemetry/api";
import { AggregationTemporality, DataPointType, type MetricData } from "@opentelemetry/sdk-metrics";
import type { MetricFamily, MetricSeries } from "./series.ts";

/** What a series held at one moment: see the fields of `MetricSeries`. */
export interface PointValue {
  readonly value: number;
  readonly count: number;
  readonly buckets: readonly number[];
}

/** A data point to be exported: all that a series holds, or what came since `startMs`. */
export interface Point extends PointValue {
  readonly series: MetricSeries;
  /** ms since 1970 UTC. */
  readonly startMs: number;
}

/** Everything since the series began. A copy: the series goes on. */
export function wholePoint(series: MetricSeries): Point {
  const { startMs, value, count } = series;
  return { series, startMs, value, count, buckets: series.buckets.slice() };
}

/** The points of one family as the SDK's exporters take them. A gauge is cumulative whatever is asked for. */
export function toMetricData(
  { name, description, unit, kind, boundaries: bounds }: MetricFamily,
  points: readonly Point[],
  temporality: AggregationTemporality,
  nowMs: number,
): MetricData {
  const descriptor = { name, description, unit, valueType: ValueType.DOUBLE };
  const aggregationTemporality = kind === "gauge" ? AggregationTemporality.CUMULATIVE : temporality;
  const endTime = toHrTime(nowMs);
  const timed = (point: Point) => ({
    startTime: toHrTime(point.startMs),
    endTime,
    attributes: { ...point.series.attributes },
  });
  if (kind === "histogram") {
    const boundaries = [...bounds];
    const dataPoints = points.map((point) => ({
      ...timed(point),
      value: { buckets: { boundaries, counts: [...point.buckets] }, sum: point.value, count: point.count },
    }));
    return { descriptor, aggregationTemporality, dataPointType: DataPointType.HISTOGRAM, dataPoints };
  }
  const dataPoints = points.map((point) => ({ ...timed(point), value: point.value }));
  if (kind === "gauge") {
    return { descriptor, aggregationTemporality, dataPointType: DataPointType.GAUGE, dataPoints };
  }
  const dataPointType = DataPointType.SUM;
  return { descriptor, aggregationTemporality, dataPointType, isMonotonic: true, dataPoints };
}

/** The SDK's time: seconds and nanoseconds. */
function toHrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
}
