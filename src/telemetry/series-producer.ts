import { type HrTime, ValueType } from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  DataPointType,
  type MetricData,
  type MetricProducer,
} from "@opentelemetry/sdk-metrics";
import type { Family, Series } from "./series.ts";

/** What an OTLP receiver is told: totals since the start, or what came since the last export. */
export type TemporalityPreference = "cumulative" | "delta" | "lowmemory";

export interface SeriesProducerOptions {
  /** The families of now; gauges that are asked rather than told are refreshed by this call. */
  readonly readFamilies: () => Iterable<Family>;
  /** `lowmemory` asks for deltas of what is recorded; here that is all, so it means `delta`. */
  readonly temporality: TemporalityPreference;
  readonly resource: Resource;
  readonly scope: { readonly name: string; readonly version: string };
  readonly wallMs: () => number;
}

/** The series as the SDK's readers want them. */
export interface SeriesProducer extends MetricProducer {
  /**
   * The last collection reached its receiver. Deltas count from the last confirmed collection, so that
   * one that was lost on the way is part of the next. A receiver whose answer was lost counts it twice.
   */
  confirm(): void;
}

interface Totals {
  readonly value: number;
  readonly count: number;
  readonly buckets: readonly number[];
}

interface Snapshot {
  readonly takenMs: number;
  readonly totals: ReadonlyMap<Series, Totals>;
}

export function createSeriesProducer(options: SeriesProducerOptions): SeriesProducer {
  const isDelta = options.temporality !== "cumulative";
  let confirmed: Snapshot | undefined;
  let unconfirmed: Snapshot | undefined;

  function collect(): MetricData[] {
    const nowMs = options.wallMs();
    const totals = new Map<Series, Totals>();
    const metrics: MetricData[] = [];
    for (const family of options.readFamilies()) {
      const points: Point[] = [];
      for (const series of family.series.values()) {
        if (series.count === 0) continue;
        const point = isDelta && family.kind !== "gauge" ? since(confirmed, series) : whole(series);
        if (point !== undefined) points.push(point);
        if (isDelta) totals.set(series, whole(series));
      }
      if (points.length > 0) metrics.push(toMetricData(family, points, isDelta, nowMs));
    }
    unconfirmed = { takenMs: nowMs, totals };
    return metrics;
  }

  return {
    async collect() {
      const scopeMetrics = [{ scope: options.scope, metrics: collect() }];
      return { resourceMetrics: { resource: options.resource, scopeMetrics }, errors: [] };
    },
    confirm() {
      confirmed = unconfirmed;
    },
  };
}

interface Point extends Totals {
  readonly series: Series;
  readonly startMs: number;
}

function whole(series: Series): Point {
  const { startMs, value, count } = series;
  return { series, startMs, value, count, buckets: series.buckets.slice() };
}

/** Undefined where nothing happened since. */
function since(snapshot: Snapshot | undefined, series: Series): Point | undefined {
  const last = snapshot?.totals.get(series);
  if (snapshot === undefined || last === undefined) return whole(series);
  if (last.count === series.count && last.value === series.value) return undefined;
  return {
    series,
    startMs: snapshot.takenMs,
    value: series.value - last.value,
    count: series.count - last.count,
    buckets: series.buckets.map((count, index) => count - (last.buckets[index] ?? 0)),
  };
}

function toMetricData(family: Family, points: readonly Point[], isDelta: boolean, nowMs: number): MetricData {
  const { name, description, unit } = family;
  const descriptor = { name, description, unit, valueType: ValueType.DOUBLE };
  const aggregationTemporality =
    isDelta && family.kind !== "gauge" ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE;
  const endTime = toHrTime(nowMs);
  const timed = (point: Point) => ({
    startTime: toHrTime(point.startMs),
    endTime,
    attributes: { ...point.series.attributes },
  });
  if (family.kind === "histogram") {
    const boundaries = [...family.boundaries];
    const dataPoints = points.map((point) => ({
      ...timed(point),
      value: { buckets: { boundaries, counts: [...point.buckets] }, sum: point.value, count: point.count },
    }));
    return { descriptor, aggregationTemporality, dataPointType: DataPointType.HISTOGRAM, dataPoints };
  }
  const dataPoints = points.map((point) => ({ ...timed(point), value: point.value }));
  if (family.kind === "gauge") {
    return { descriptor, aggregationTemporality, dataPointType: DataPointType.GAUGE, dataPoints };
  }
  const dataPointType = DataPointType.SUM;
  return { descriptor, aggregationTemporality, dataPointType, isMonotonic: true, dataPoints };
}

function toHrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
}
