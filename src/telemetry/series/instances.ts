import type { DimensionSet } from "../../catalogue/measurement.ts";
import { isIdle, type SeriesStore } from "./bounded-series.ts";
import type { FoldedGauges, FoldedSender } from "./folded-gauges.ts";
import { OVERFLOW } from "./label-values.ts";
import type { PlannedInstrument } from "./plan.ts";
import { addSeries, type MetricSeries, seriesKey } from "./series.ts";
import { Room, type Sender, type Tenant } from "./tenants.ts";

/** An instance that is silent so many times as long as its gauges last is forgotten. */
export const FORGET_FACTOR = 12;

/** Ends that are remembered: so many servers may leave while a report of one is on its way. */
const ENDS_MAX = 1000;

/** A process of a service, and what it has reported. */
export interface Instance extends FoldedSender {
  /** Whose it is. */
  readonly tenant: Tenant;
  /** As labels carry it: it may read `_other`. */
  readonly instanceId: string;
  /** Where the measurements of a dimension set go; see the series table. Replaced when a series ends. */
  bindings: WeakMap<DimensionSet, InstrumentBinding>;
  /** Which series are its own: none of those that other instances share. */
  readonly series: Map<MetricSeries, PlannedInstrument>;
  /** What its clocks (gauges that go on by themselves, such as an uptime) said when they were reported. */
  readonly clockSeconds: Map<MetricSeries, number>;
  /** Its last report, ms since 1970 UTC. */
  reportedMs: number;
  isShown: boolean;
  /** When it signed off last, ms since 1970 UTC: what it said until then is over. */
  endedMs: number;
}

/** An instrument with its labels set: one series. */
export interface BoundInstrument {
  readonly instrument: PlannedInstrument;
  readonly series: MetricSeries;
  /** Of a gauge: what it is called among those that share its series; undefined where it has its own. */
  readonly foldedName: string | undefined;
}

/** The series that a dimension set's measurements go to, found once and kept. */
export interface InstrumentBinding {
  readonly targets: readonly BoundInstrument[];
  /** The labels that read `_other`, to be counted again with each measurement. */
  readonly overflowed: readonly string[];
  /** Whether it has to be made anew once more series have ended than these: there may be a place now. */
  readonly endedSeries: number | undefined;
}

export interface InstancesOptions {
  readonly folded: FoldedGauges;
  /** The gauges of an instance that has reported nothing for so many ms are not shown. */
  readonly silenceMs: number;
  /** Instances without a label of their own that are remembered. */
  readonly unnamedMax: number;
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
  readonly #folded: FoldedGauges;
  readonly #silenceMs: number;
  readonly #instances = new Map<string, Instance>();
  /** When gauges ended that instances reported as over (ms since 1970 UTC), by name, oldest first. */
  readonly #endedMs = new Map<string, number>();
  readonly #owned = new Set<MetricSeries>();
  /** Instances that share their label `_other`. */
  readonly #unnamed: Room;

  constructor(store: SeriesStore, { folded, silenceMs, unnamedMax }: InstancesOptions) {
    this.#store = store;
    this.#folded = folded;
    this.#silenceMs = silenceMs;
    this.#unnamed = new Room(unnamedMax);
  }

  /**
   * The instance that has reported something at `nowMs`. Undefined for one that shares its label with too
   * many others: what it counts is counted, but nothing tells when its gauges are over.
   */
  report(tenant: Tenant, { service, instanceId }: Sender, nowMs: number): Instance | undefined {
    const label = this.#store.labels.bound(tenant.name, "instance_id", instanceId);
    const shares = isShared(tenant, label);
    const sharedKey = seriesKey([service, instanceId, OVERFLOW]);
    const key = shares ? sharedKey : seriesKey([tenant.service, label]);
    if (!shares) this.#forgetShared(sharedKey);
    if (shares && !this.#instances.has(key) && !this.#unnamed.hasPlaces(tenant, 1)) return undefined;
    const instance = this.#instances.get(key) ?? this.#open(key, tenant, label);
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
    this.#folded.deleteOf(instance, instance.endedMs);
  }

  /**
   * What was noted as later than `nowMs`, here and of all series, is from now on as of then: otherwise nothing
   * would be newer, and no gauge move, until the clock is there again.
   */
  clockWentBack(nowMs: number): void {
    this.#folded.clockWentBack(nowMs);
    this.#store.clockWentBack(nowMs);
    for (const instance of this.#instances.values()) {
      instance.reportedMs = Math.min(instance.reportedMs, nowMs);
      instance.endedMs = Math.min(instance.endedMs, nowMs - 1);
    }
    for (const [name, endedMs] of this.#endedMs) this.#endedMs.set(name, Math.min(endedMs, nowMs));
  }

  /** Move clocks on, hide what is silent, forget what is long silent. */
  refresh(nowMs: number): void {
    for (const [key, instance] of this.#instances) {
      const silentMs = nowMs - instance.reportedMs;
      const gauges = instance.folded.size + gaugesOf(instance).length;
      const isOver = instance.endedMs > Number.NEGATIVE_INFINITY && gauges === 0;
      if (silentMs > this.#silenceMs * (isOver ? 1 : FORGET_FACTOR)) this.#forget(key, instance);
      else if (silentMs > this.#silenceMs) this.#hide(instance);
      else moveClocks(instance, nowMs);
    }
  }

  /**
   * End the counters and histograms of instances in which nothing was recorded for a day, and keep what they
   * had come to. A gauge is still the case while its instance lives.
   */
  endIdle(nowMs: number): void {
    for (const instance of this.#instances.values()) {
      for (const [series, instrument] of instance.series) {
        if (instrument.definition.kind === "gauge" || !isIdle(series, nowMs)) continue;
        this.retire(instrument, series);
        this.end(instance, series);
      }
    }
  }

  /** Keep what a counter or histogram has come to for the totals of its service. */
  retire({ retired }: PlannedInstrument, series: MetricSeries): void {
    const tenant = this.#store.holderOf(series);
    if (tenant === undefined) return;
    const values = retired.labels.map((label) => series.attributes[label] ?? "");
    const known = this.#store.find(retired, values);
    const total = known ?? this.#store.open(retired, values, tenant);
    if (known === undefined) total.seenMs = series.seenMs;
    addSeries(total, series);
  }

  /** Note a series as one of the instance. Of a gauge that can only be one it ends the one before. */
  own(instance: Instance, instrument: PlannedInstrument, series: MetricSeries): void {
    if (instrument.definition.gauge?.isSingle) {
      const others = [...instance.series.keys()].filter(({ family }) => family === series.family);
      for (const other of others) if (other !== series) this.end(instance, other);
    }
    instance.series.set(series, instrument);
    this.#owned.add(series);
  }

  /** Whether a series is an instance's own. */
  owns(series: MetricSeries): boolean {
    return this.#owned.has(series);
  }

  /** Series have ended that are no instance's own, and bindings of any may lead to them. */
  forgetBindings(): void {
    for (const instance of this.#instances.values()) instance.bindings = new WeakMap();
  }

  /** End a series of an instance. Its bindings are found anew, as some of them may lead to this series. */
  end(instance: Instance, series: MetricSeries): void {
    instance.series.delete(series);
    this.#owned.delete(series);
    instance.clockSeconds.delete(series);
    instance.bindings = new WeakMap();
    this.#store.end(series);
  }

  /** Remember that an instance said at `timestampMs` (ms since 1970 UTC) that nothing is left of a gauge. */
  noteEnd(name: string, timestampMs: number): void {
    const endedMs = Math.max(timestampMs, this.#endedMs.get(name) ?? timestampMs);
    this.#endedMs.delete(name);
    this.#endedMs.set(name, endedMs);
    const [oldest] = this.#endedMs.size > ENDS_MAX ? this.#endedMs.keys() : [];
    if (oldest !== undefined) this.#endedMs.delete(oldest);
  }

  /**
   * Whether a gauge of that name which a report of `timestampMs` would show is over already: a retry may bring
   * what was the case before its end, or before another one took its place.
   */
  isOver(
    instance: Instance | undefined,
    { definition: { gauge, kind }, family }: PlannedInstrument,
    name: string,
    timestampMs: number,
  ): boolean {
    if (kind !== "gauge") return false;
    if (instance !== undefined && timestampMs <= instance.endedMs) return true;
    if (gauge?.isSingle) {
      const own = [...(instance?.series.keys() ?? [])];
      return own.some((series) => series.family === family && series.measuredMs > timestampMs);
    }
    return gauge?.endsAtZero === true && (this.#endedMs.get(name) ?? timestampMs) > timestampMs;
  }

  /** The label values are retained: they are free for others only once the instance is forgotten. */
  #open(key: string, tenant: Tenant, instanceId: string): Instance {
    const { labels } = this.#store;
    labels.retain(tenant.owner, "service", tenant.service);
    labels.retain(tenant.name, "instance_id", instanceId);
    if (isShared(tenant, instanceId)) this.#unnamed.take(tenant);
    const instance: Instance = {
      tenant,
      instanceId,
      bindings: new WeakMap(),
      series: new Map(),
      folded: new Set(),
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
    for (const [series, instrument] of instance.series) {
      if (instrument.definition.kind !== "gauge") this.retire(instrument, series);
      this.end(instance, series);
    }
    this.#folded.deleteOf(instance, Number.POSITIVE_INFINITY);
    const { tenant, instanceId } = instance;
    if (isShared(tenant, instanceId)) this.#unnamed.give(tenant);
    this.#store.labels.release(tenant.owner, "service", tenant.service);
    this.#store.labels.release(tenant.name, "instance_id", instanceId);
    this.#instances.delete(key);
  }

  /** An instance that shared its label has found one of its own. */
  #forgetShared(key: string): void {
    const instance = this.#instances.get(key);
    if (instance !== undefined) this.#forget(key, instance);
  }
}

/** Whether an instance's labels are those of others too. */
function isShared({ service }: Tenant, instanceId: string): boolean {
  return service === OVERFLOW || instanceId === OVERFLOW;
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
