import type { BoundLabelValue } from "./label-values.ts";
import {
  createFamily,
  type Family,
  type FamilyDefinition,
  observe,
  openSeries,
  type Series,
  seriesKey,
} from "./series.ts";

/** Add `amount` (a count, seconds, bytes) to the series with these label values. */
export type RecordAmount = (amount: number, ...labelValues: readonly string[]) => void;

export interface InstrumentOptions {
  readonly boundLabelValue: BoundLabelValue;
  readonly wallMs: () => number;
}

/** A metric of our own, with what it takes to record it. */
export interface Instrument {
  readonly family: Family;
  readonly record: RecordAmount;
}

/** Label values cannot hold it: they come from our code or passed validation. */
const SEPARATOR = "\u0000";

/**
 * A counter or histogram for self-metrics. Label values come in the order of the definition's labels
 * and are bounded as a client's are.
 */
export function createInstrument(definition: FamilyDefinition, options: InstrumentOptions): Instrument {
  const family = createFamily(definition);
  const byValues = new Map<string, Series>();

  function open(labelValues: readonly string[]): Series {
    return openSeries(family, seriesKey(labelValues), labelValues, options.wallMs());
  }
  function find(labelValues: readonly string[]): Series {
    const bounded = labelValues.map((value, index) =>
      options.boundLabelValue(family.labels[index] ?? "", value),
    );
    const key = bounded.join(SEPARATOR);
    const series = byValues.get(key) ?? open(bounded);
    byValues.set(key, series);
    return series;
  }
  function record(amount: number, ...labelValues: readonly string[]): void {
    // Several calls a request: what was recorded before, and was not folded, is found by one look-up.
    observe(byValues.get(labelValues.join(SEPARATOR)) ?? find(labelValues), amount);
  }
  return { family, record };
}

/** Label values and what is measured there now. */
export type Reading = readonly [labelValues: readonly string[], value: number];

export interface ObservedInstrument {
  readonly family: Family;
  /** Ask anew. Series that are no longer told of end. */
  refresh(): void;
}

/** A gauge, or a counter kept elsewhere, that is asked for its values when somebody looks. */
export function createObservedInstrument(
  definition: FamilyDefinition,
  read: () => Iterable<Reading>,
  options: InstrumentOptions,
): ObservedInstrument {
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
