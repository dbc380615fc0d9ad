import type { DimensionSet } from "../../catalogue/measurement.ts";
import type { LabelTexts, SeriesStore } from "./bounded-series.ts";
import type { PlannedInstrument } from "./plan.ts";
import { addSeries, type MetricFamily, type MetricSeries, seriesKey } from "./series.ts";

/** An instance that is silent so many times as long as its gauges last is forgotten. */
export const FORGET_FACTOR = 12;

/** Ends that are remembered: so many servers may leave while a report of one is on its way. */
const ENDS_MAX = 1000;

/** A process of a service, and what it has reported. */
export interface Instance {
  /** Both as labels carry them: they may read `_other`. */
  readonly service: string;
  readonly instanceId: string;
  /** Where the measurements of a dimension set go; see the series table. Replaced when a series ends. */
  bindings: WeakMap<DimensionSet, InstrumentBinding>;
  /** Which series are its own. */
  readonly series: Map<MetricSeries, PlannedInstrument>;
  /** What its clocks (gauges that go on by themselves, such as an uptime) said when they were reported. */
  readonly clockSeconds: Map<MetricSeries, number>;
  /** Its last report, ms since 1970 UTC. */
  reportedMs: number;
  /** Whether its gauges are exported. */
  isShown: boolean;
  /** When it signed off last, ms since 1970 UTC: what it said until then is over. */
  endedMs: number;
}

/** An instrument with its labels set: one series. */
export interface BoundInstrument {
  readonly instrument: PlannedInstrument;
  readonly series: MetricSeries;
}

/** The series that a dimension set's measurements go to, found once and kept. */
export interface InstrumentBinding {
  readonly targets: readonly BoundInstrument[];
  /** The labels that read `_other`, to be counted again with each measurement. */
  readonly overflowed: readonly string[];
  /** How many series had ended when it was made. Once more have, what overflowed then may find a place. */
  readonly endedSeries: number;
}

/**
 * The instances that report, so that what they say of themselves ends with them. Prometheus does this for
 * targets it scrapes (staleness); here instances push, and unless they sign off silence is the only sign of
 * their end.
 *
 * Gauges of an instance that is silent for a while are not shown until it reports again. After a longer while
 * it is forgotten: its gauges end, and what its counters have come to is kept for its service's totals, which
 * must never go down.
 */
export class Instances {
  readonly #store: SeriesStore;
  readonly #silenceMs: number;
  readonly #instances = new Map<string, Instance>();
  /** When series ended that instances reported as over (ms since 1970 UTC), by name and labels, oldest first. */
  readonly #endedMs = new Map<string, number>();

  constructor(store: SeriesStore, silenceMs: number) {
    this.#store = store;
    this.#silenceMs = silenceMs;
  }

  /** The instance that has reported something at `nowMs`. */
  report(service: string, instanceId: string, nowMs: number): Instance {
    const key = seriesKey([service, instanceId]);
    const instance = this.#instances.get(key) ?? this.#open(key, service, instanceId);
    instance.reportedMs = Math.max(instance.reportedMs, nowMs);
    if (!instance.isShown) {
      instance.isShown = true;
      for (const series of gaugesOf(instance)) series.count = 1;
    }
    return instance;
  }

  /** The instance said at `timestampMs` (ms since 1970 UTC) that it ends: its gauges do so at once. */
  signOff(instance: Instance, timestampMs: number): void {
    instance.endedMs = Math.max(instance.endedMs, timestampMs);
    for (const series of gaugesOf(instance)) {
      if (series.measuredMs <= instance.endedMs) this.end(instance, series);
    }
  }

  /** Move clocks on, hide what is silent, forget what is long silent. */
  refresh(nowMs: number): void {
    for (const [key, instance] of this.#instances) {
      const silentMs = nowMs - instance.reportedMs;
      const isOver = instance.endedMs > Number.NEGATIVE_INFINITY && gaugesOf(instance).length === 0;
      if (silentMs > this.#silenceMs * (isOver ? 1 : FORGET_FACTOR)) this.#forget(key, instance);
      else if (silentMs > this.#silenceMs) this.#hide(instance);
      else moveClocks(instance, nowMs);
    }
  }

  /** Note a series as one of the instance. Of a gauge that can only be one it ends the one before. */
  own(instance: Instance, instrument: PlannedInstrument, series: MetricSeries): void {
    if (instrument.definition.gauge?.isSingle) {
      const others = [...instance.series.keys()].filter(({ family }) => family === series.family);
      for (const other of others) if (other !== series) this.end(instance, other);
    }
    instance.series.set(series, instrument);
  }

  /** End a series of an instance. Its bindings are found anew, as some of them may lead to this series. */
  end(instance: Instance, series: MetricSeries): void {
    instance.series.delete(series);
    instance.clockSeconds.delete(series);
    instance.bindings = new WeakMap();
    this.#store.end(series);
  }

  /** Remember that an instance said at `timestampMs` (ms since 1970 UTC) that nothing is left of a series. */
  noteEnd(family: MetricFamily, values: LabelTexts, timestampMs: number): void {
    const key = endKey(family, values);
    const endedMs = Math.max(timestampMs, this.#endedMs.get(key) ?? timestampMs);
    this.#endedMs.delete(key);
    this.#endedMs.set(key, endedMs);
    const [oldest] = this.#endedMs.size > ENDS_MAX ? this.#endedMs.keys() : [];
    if (oldest !== undefined) this.#endedMs.delete(oldest);
  }

  /**
   * Whether a series that a report of `timestampMs` would open is over already: a retry may bring what was
   * the case before its end, or before another one took its place.
   */
  isOver(
    instance: Instance | undefined,
    { definition: { gauge, kind }, family }: PlannedInstrument,
    values: LabelTexts,
    timestampMs: number,
  ): boolean {
    if (kind === "gauge" && instance !== undefined && timestampMs <= instance.endedMs) return true;
    if (gauge?.isSingle) {
      const own = [...(instance?.series.keys() ?? [])];
      return own.some((series) => series.family === family && series.measuredMs > timestampMs);
    }
    return (
      gauge?.endsAtZero === true && (this.#endedMs.get(endKey(family, values)) ?? timestampMs) > timestampMs
    );
  }

  /** The label values are retained: they are free for others only once the instance is forgotten. */
  #open(key: string, service: string, instanceId: string): Instance {
    this.#store.labels.retain("service", service);
    this.#store.labels.retain("instance_id", instanceId);
    const instance: Instance = {
      service,
      instanceId,
      bindings: new WeakMap(),
      series: new Map(),
      clockSeconds: new Map(),
      reportedMs: Number.NEGATIVE_INFINITY,
      isShown: true,
      endedMs: Number.NEGATIVE_INFINITY,
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
    this.#store.labels.release("service", instance.service);
    this.#store.labels.release("instance_id", instance.instanceId);
    this.#instances.delete(key);
  }
}

function endKey({ name }: MetricFamily, values: LabelTexts): string {
  return seriesKey([name, ...values]);
}

function gaugesOf({ series }: Instance): MetricSeries[] {
  return [...series.keys()].filter(({ family }) => family.kind === "gauge");
}

/** By the time since they were reported; never back, whatever the clocks of machines say. */
function moveClocks({ clockSeconds }: Instance, nowMs: number): void {
  for (const [series, seconds] of clockSeconds) {
    series.value = seconds + Math.max(0, nowMs - series.measuredMs) / 1000;
  }
}
