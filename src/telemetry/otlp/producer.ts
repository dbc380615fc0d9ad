import type { Resource } from "@opentelemetry/resources";
import { AggregationTemporality, type MetricData, type MetricProducer } from "@opentelemetry/sdk-metrics";
import { type Point, type PointValue, toMetricData, wholePoint } from "../series/metric-data.ts";
import type { MetricFamily, MetricSeries } from "../series/series.ts";

/**
 * What an OTLP receiver gets: totals since the start, or what came since the last export. The values are
 * those of OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE.
 */
export type TemporalityPreference = "cumulative" | "delta" | "lowmemory";

export interface SeriesProducerOptions {
  /** The families of now; observable gauges are refreshed by this call. */
  readonly readFamilies: () => Iterable<MetricFamily>;
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

/** What all series held at one collection. */
interface Snapshot {
  readonly takenMs: number;
  readonly totals: ReadonlyMap<MetricSeries, PointValue>;
}

/** In cumulative temporality nothing is kept between collections. */
export function createSeriesProducer(options: SeriesProducerOptions): SeriesProducer {
  const isDelta = options.temporality !== "cumulative";
  const temporality = isDelta ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE;
  let confirmed: Snapshot | undefined;
  let unconfirmed: Snapshot | undefined;

  function collect(): MetricData[] {
    const nowMs = options.wallMs();
    const totals = new Map<MetricSeries, PointValue>();
    const metrics: MetricData[] = [];
    for (const family of options.readFamilies()) {
      const points: Point[] = [];
      for (const series of family.series.values()) {
        if (series.count === 0) continue;
        const point = isDelta && family.kind !== "gauge" ? since(confirmed, series) : wholePoint(series);
        if (point !== undefined) points.push(point);
        if (isDelta) totals.set(series, wholePoint(series));
      }
      if (points.length > 0) metrics.push(toMetricData(family, points, temporality, nowMs));
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

/** What a series gained since the snapshot: all of it for a new one, undefined where nothing happened. */
function since(snapshot: Snapshot | undefined, series: MetricSeries): Point | undefined {
  const last = snapshot?.totals.get(series);
  if (snapshot === undefined || last === undefined) return wholePoint(series);
  if (last.count === series.count && last.value === series.value) return undefined;
  return {
    series,
    startMs: snapshot.takenMs,
    value: series.value - last.value,
    count: series.count - last.count,
    buckets: series.buckets.map((count, index) => count - (last.buckets[index] ?? 0)),
  };
}
