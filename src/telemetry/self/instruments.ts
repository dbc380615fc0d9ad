import type { DimensionValue } from "../../catalogue/measurement.ts";
import { isIdle } from "../series/bounded-series.ts";
import {
  createFamily,
  type MetricFamily,
  type MetricFamilyDefinition,
  type MetricSeries,
  observe,
  openSeries,
  seriesKey,
} from "../series/series.ts";

/** Add `amount` (a count, seconds, bytes) to the series with these label values. */
export type RecordAmount = (amount: number, ...labelValues: readonly string[]) => void;

/** A value as a label may carry it: see `LabelValues`. */
export type BoundLabelValue = (label: string, value: DimensionValue | undefined) => string;

export interface InstrumentOptions {
  /** Limits the values of each label, as those of clients are limited. */
  readonly boundLabelValue: BoundLabelValue;
  readonly wallMs: () => number;
}

/** A synchronous instrument, in the words of OpenTelemetry: recorded where something happens. */
export interface SyncInstrument {
  readonly family: MetricFamily;
  readonly record: RecordAmount;
  /** End series in which nothing was recorded for a day. */
  endIdle(nowMs: number): void;
}

/**
 * A counter or histogram for self-metrics. Label values come in the order of the definition's labels and are
 * bounded as a client's are. Recording never throws.
 */
export function createSyncInstrument(
  definition: MetricFamilyDefinition,
  options: InstrumentOptions,
): SyncInstrument {
  const family = createFamily(definition);
  const byValues = new Map<string, MetricSeries>();

  function open(labelValues: readonly string[]): MetricSeries {
    return openSeries(family, seriesKey(labelValues), labelValues, options.wallMs());
  }
  function find(labelValues: readonly string[]): MetricSeries {
    const bounded = labelValues.map((value, index) =>
      options.boundLabelValue(family.labels[index] ?? "", value),
    );
    const key = seriesKey(bounded);
    const series = byValues.get(key) ?? open(bounded);
    byValues.set(key, series);
    return series;
  }
  function record(amount: number, ...labelValues: readonly string[]): void {
    // Several calls a request: label values that were recorded before, and kept, are found by one look-up.
    const series = byValues.get(seriesKey(labelValues)) ?? find(labelValues);
    series.seenMs = options.wallMs();
    observe(series, amount);
  }
  function endIdle(nowMs: number): void {
    for (const [key, series] of byValues) {
      if (!isIdle(series, nowMs)) continue;
      byValues.delete(key);
      family.series.delete(key);
    }
  }
  return { family, record, endIdle };
}

/** One observation of an observable instrument: label values, and what is measured there now. */
export type Observation = readonly [labelValues: readonly string[], value: number];

/** An observable (asynchronous) instrument: asked for its values at each collection. */
export interface ObservableInstrument {
  readonly family: MetricFamily;
  /** Ask anew. Series that were not observed this time end. */
  refresh(): void;
}

/** A gauge, or a counter kept elsewhere. `read` observes all of its series. */
export function createObservableInstrument(
  definition: MetricFamilyDefinition,
  read: () => Iterable<Observation>,
  options: InstrumentOptions,
): ObservableInstrument {
  const family = createFamily(definition);
  function refresh(): void {
    for (const series of family.series.values()) series.count = 0;
    for (const [labelValues, value] of read()) {
      const bounded = labelValues.map((text, index) =>
        options.boundLabelValue(family.labels[index] ?? "", text),
      );
      const series = openSeries(family, seriesKey(bounded), bounded, options.wallMs());
      series.count = 1;
      series.value = value;
    }
    for (const [key, series] of family.series) {
      if (series.count === 0) family.series.delete(key);
    }
  }
  return { family, refresh };
}
