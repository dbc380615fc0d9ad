import type { DimensionSet } from "../catalogue/measurement.ts";
import { addSeries, type Family, type Series, seriesKey } from "./series.ts";
import type { PlannedInstrument } from "./series-plan.ts";
import type { LabelTexts, SeriesStore } from "./series-store.ts";

/** An instance that is silent so many times as long as its gauges last is forgotten. */
export const FORGET_FACTOR = 12;

/** So many servers may leave while a report is on its way. */
const ENDS_MAX = 1000;

/** A process of a service, and what it has reported. */
export interface Instance {
  /** As labels carry them. */
  readonly service: string;
  readonly instanceId: string;
  /** Where the measurements of a dimension set go; see the series table. */
  groups: WeakMap<DimensionSet, Group>;
  /** Which series are its own. */
  readonly series: Map<Series, PlannedInstrument>;
  /** What its clocks said when they were reported. */
  readonly clockSeconds: Map<Series, number>;
  heardMs: number;
  isShown: boolean;
}

export interface Feed {
  readonly instrument: PlannedInstrument;
  readonly series: Series;
}

/** Where a dimension set's measurements go. */
export interface Group {
  readonly feeds: readonly Feed[];
  /** The labels that read `_other`, to be counted again with each measurement. */
  readonly folded: readonly string[];
  /** How many series had ended when it was made: what was folded then may have a place once more have. */
  readonly endedSeries: number;
}

/**
 * The instances that report, so that what they say of themselves ends with them.
 *
 * Gauges of an instance that is silent for a while are not shown until it reports again. After a longer while
 * it is forgotten: its gauges end, and what its counters have come to is kept for its service's totals, which
 * must never go down.
 */
export class Instances {
  readonly #store: SeriesStore;
  readonly #silenceMs: number;
  readonly #instances = new Map<string, Instance>();
  /** When the series were over that instances said to be, ms since 1970 UTC; the one noted last comes last. */
  readonly #endedMs = new Map<string, number>();

  constructor(store: SeriesStore, silenceMs: number) {
    this.#store = store;
    this.#silenceMs = silenceMs;
  }

  /** The instance that has reported something at `nowMs`. */
  hear(service: string, instanceId: string, nowMs: number): Instance {
    const key = seriesKey([service, instanceId]);
    const instance = this.#instances.get(key) ?? this.#open(key, service, instanceId);
    instance.heardMs = Math.max(instance.heardMs, nowMs);
    if (!instance.isShown) {
      instance.isShown = true;
      for (const series of gaugesOf(instance)) series.count = 1;
    }
    return instance;
  }

  /** Move clocks on, hide what is silent, forget what is long silent. */
  refresh(nowMs: number): void {
    for (const [key, instance] of this.#instances) {
      const silentMs = nowMs - instance.heardMs;
      if (silentMs > this.#silenceMs * FORGET_FACTOR) this.#forget(key, instance);
      else if (silentMs > this.#silenceMs) this.#hide(instance);
      else moveClocks(instance, nowMs);
    }
  }

  /** Take note of a series as one of the instance. */
  own(instance: Instance, instrument: PlannedInstrument, series: Series): void {
    if (instrument.definition.gauge?.isSingle) {
      const others = [...instance.series.keys()].filter(({ family }) => family === series.family);
      for (const other of others) if (other !== series) this.end(instance, other);
    }
    instance.series.set(series, instrument);
  }

  /** End a series of an instance, whose groups are then found anew. */
  end(instance: Instance, series: Series): void {
    instance.series.delete(series);
    instance.clockSeconds.delete(series);
    instance.groups = new WeakMap();
    this.#store.end(series);
  }

  /** Remember that an instance said at `timestampMs` that there is nothing left of a series. */
  noteEnd(family: Family, values: LabelTexts, timestampMs: number): void {
    const key = endKey(family, values);
    const endedMs = Math.max(timestampMs, this.#endedMs.get(key) ?? timestampMs);
    this.#endedMs.delete(key);
    this.#endedMs.set(key, endedMs);
    const [oldest] = this.#endedMs.size > ENDS_MAX ? this.#endedMs.keys() : [];
    if (oldest !== undefined) this.#endedMs.delete(oldest);
  }

  /**
   * Whether a series that a report of `timestampMs` would open is over already: a retry may bring what was the
   * case before its end, or before another one took its place.
   */
  isOver(
    instance: Instance | undefined,
    { definition: { gauge }, family }: PlannedInstrument,
    values: LabelTexts,
    timestampMs: number,
  ): boolean {
    if (gauge?.isSingle) {
      const own = [...(instance?.series.keys() ?? [])];
      return own.some((series) => series.family === family && series.measuredMs > timestampMs);
    }
    return (
      gauge?.endsAtZero === true && (this.#endedMs.get(endKey(family, values)) ?? timestampMs) > timestampMs
    );
  }

  #open(key: string, service: string, instanceId: string): Instance {
    this.#store.labels.hold("service", service);
    this.#store.labels.hold("instance_id", instanceId);
    const instance: Instance = {
      service,
      instanceId,
      groups: new WeakMap(),
      series: new Map(),
      clockSeconds: new Map(),
      heardMs: Number.NEGATIVE_INFINITY,
      isShown: true,
    };
    this.#instances.set(key, instance);
    return instance;
  }

  #hide(instance: Instance): void {
    instance.isShown = false;
    for (const series of gaugesOf(instance)) series.count = 0;
  }

  #forget(key: string, instance: Instance): void {
    for (const [series, { definition, retired }] of instance.series) {
      if (definition.kind !== "gauge") {
        const values = retired.labels.map((label) => series.attributes[label] ?? "");
        addSeries(this.#store.open(retired, values), series);
      }
      this.end(instance, series);
    }
    this.#store.labels.letGo("service", instance.service);
    this.#store.labels.letGo("instance_id", instance.instanceId);
    this.#instances.delete(key);
  }
}

function endKey({ name }: Family, values: LabelTexts): string {
  return seriesKey([name, ...values]);
}

function gaugesOf({ series }: Instance): Series[] {
  return [...series.keys()].filter(({ family }) => family.kind === "gauge");
}

/** By the time since they were reported; never back, whatever the clocks of machines say. */
function moveClocks({ clockSeconds }: Instance, nowMs: number): void {
  for (const [series, seconds] of clockSeconds) {
    series.value = seconds + Math.max(0, nowMs - series.measuredMs) / 1000;
  }
}
