import type { ValueSource } from "../catalogue/definition.ts";
import type { DimensionSet, Measurement } from "../catalogue/measurement.ts";
import { type Feed, type Group, type Instance, Instances } from "./instances.ts";
import { OTHER, toLabelValue } from "./label-values.ts";
import { distributionOf } from "./observations.ts";
import { observe, observeAll } from "./series.ts";
import { fedBy, type SeriesPlan, sentValue, type TypePlan } from "./series-plan.ts";
import type { SeriesStore } from "./series-store.ts";

/** Why a measurement did not feed an instrument: it would have to count down, or is no finite number. */
export type SkipReason = "negative" | "not_numeric";

/** Stands for a label name where the table as a whole was full. */
export const WHOLE_SERIES = "_series";

/**
 * A combination of label values that finds too little room in `store` for the instruments it feeds goes into
 * their overflow series (one more each), whose labels but `metric_type` are all `_other`: totals stay true
 * and series that exist keep counting.
 *
 * `onFold` is called for each measurement and label that became `_other`; also with `WHOLE_SERIES`.
 */
export interface SeriesTableOptions {
  readonly plan: SeriesPlan;
  readonly store: SeriesStore;
  readonly onFold: (label: string) => void;
  /** The gauges of an instance that has reported nothing for so long are not shown. */
  readonly instanceSilenceMs: number;
  readonly onSkip: (reason: SkipReason) => void;
}

/** Who sent measurements. */
export interface Sender {
  readonly service: string;
  /** Empty when it did not say. */
  readonly instanceId: string;
}

/** The catalogue's instruments: counters, gauges and histograms per sender and dimension set. */
export class SeriesTable {
  readonly #options: SeriesTableOptions;
  readonly #store: SeriesStore;
  readonly #instances: Instances;
  /**
   * Of types that are not told apart by instances. By bounded label value, so that services without number
   * make only so many maps. Weak, so that a dimension set that ingest forgets takes its group along.
   */
  readonly #groupsOfService = new Map<string, WeakMap<DimensionSet, Group>>();

  constructor(options: SeriesTableOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#instances = new Instances(this.#store, options.instanceSilenceMs);
  }

  /** Feed every instrument of every measurement's type, as heard of at `heardMs`. Never throws. */
  record(sender: Sender, measurements: readonly Measurement[], heardMs: number): void {
    const service = this.#store.labels.bound("service", sender.service);
    let reporting: Instance | undefined;
    for (const measurement of measurements) {
      const { dimensions } = measurement;
      const plan = this.#options.plan.types.get(dimensions.type);
      if (plan === undefined || plan.instruments.length === 0) continue;
      let instance: Instance | undefined;
      if (dimensions.type.isPerInstance) {
        reporting ??= this.#hear(service, sender.instanceId, heardMs);
        instance = reporting;
        if (plan.endsAtZero && measurement.value === 0 && this.#endSeries(plan, instance, measurement))
          continue;
      }
      let group = (instance?.groups ?? this.#groupsOf(service)).get(dimensions);
      const isStale =
        group !== undefined && group.folded.length > 0 && group.endedSeries !== this.#store.ended;
      if (group === undefined || isStale) {
        group = this.#openGroup(plan, service, instance, measurement);
        if (group === undefined) continue;
        // Asked for anew: opening a group may end others.
        (instance?.groups ?? this.#groupsOf(service)).set(dimensions, group);
      } else {
        for (const label of group.folded) this.#options.onFold(label);
      }
      for (const feed of group.feeds) this.#apply(feed, measurement, instance);
    }
  }

  /** Bring gauges up to `nowMs`. */
  refresh(nowMs: number): void {
    this.#instances.refresh(nowMs);
  }

  #groupsOf(service: string): WeakMap<DimensionSet, Group> {
    let groups = this.#groupsOfService.get(service);
    if (groups === undefined) {
      groups = new WeakMap();
      this.#groupsOfService.set(service, groups);
    }
    return groups;
  }

  #hear(service: string, instanceId: string, heardMs: number): Instance {
    return this.#instances.hear(service, this.#store.labels.bound("instance_id", instanceId), heardMs);
  }

  /** Undefined where what the measurement says is over already. */
  #openGroup(
    plan: TypePlan,
    service: string,
    instance: Instance | undefined,
    { dimensions: set, timestampMs }: Measurement,
  ): Group | undefined {
    const instruments = fedBy(plan, set);
    const own = [...new Set(instruments.flatMap(({ definition }) => definition.labels))];
    const byLabel = new Map([
      ["service", service],
      ["metric_type", set.type.name],
      ["instance_id", instance?.instanceId ?? ""],
      ...own.map((label) => [label, this.#store.labels.bound(label, sentValue(set, label))] as const),
    ]);
    const rows = instruments.map((instrument) => {
      const values = instrument.family.labels.map((label) => byLabel.get(label) ?? "");
      return { instrument, values };
    });
    const forgetUnused = () => {
      for (const label of own) this.#store.forgetUnused(label, byLabel.get(label) ?? "");
    };
    if (rows.some((row) => this.#instances.isOver(instance, row.instrument, row.values, timestampMs))) {
      forgetUnused();
      return undefined;
    }
    const missing = rows.filter(({ instrument, values }) => !this.#store.find(instrument.family, values));
    if (!this.#store.hasRoomFor(missing.length)) {
      forgetUnused();
      this.#options.onFold(WHOLE_SERIES);
      return this.#overflowGroup(plan, set);
    }
    const feeds = rows.map(({ instrument, values }): Feed => {
      const series = this.#store.open(instrument.family, values);
      if (instance !== undefined) this.#instances.own(instance, instrument, series);
      return { instrument, series };
    });
    const folded = own.filter((label) => byLabel.get(label) === OTHER);
    return { feeds, folded, endedSeries: this.#store.ended };
  }

  #overflowGroup(plan: TypePlan, set: DimensionSet): Group {
    const feeds = fedBy(plan, set).map((instrument): Feed => {
      const values = instrument.family.labels.map((label) =>
        label === "metric_type" ? set.type.name : OTHER,
      );
      return { instrument, series: this.#store.open(instrument.family, values) };
    });
    return { feeds, folded: [WHOLE_SERIES], endedSeries: this.#store.ended };
  }

  #apply({ instrument, series }: Feed, measurement: Measurement, instance: Instance | undefined): void {
    const { records, kind, gauge } = instrument.definition;
    const value = read(records, measurement);
    if (value === undefined) return;
    // NaN above all: one of it, added to a total, makes the total NaN for ever.
    if (!Number.isFinite(value)) {
      this.#options.onSkip("not_numeric");
      return;
    }
    if (kind === "gauge") {
      // A retry may bring what was the case before what is shown.
      if (measurement.timestampMs < series.measuredMs) return;
      series.measuredMs = measurement.timestampMs;
      if (gauge?.isClock && instance?.series.has(series)) instance.clockSeconds.set(series, value);
    } else if (value < 0) {
      this.#options.onSkip("negative");
      return;
    }
    const distribution = kind === "histogram" ? distributionOf(measurement, records) : undefined;
    if (distribution === undefined) observe(series, value);
    else observeAll(series, { ...distribution, sum: value });
  }

  /** End the series that the measurement says there is nothing left of; whether it may say that of any. */
  #endSeries(plan: TypePlan, instance: Instance, { dimensions, timestampMs }: Measurement): boolean {
    const ending = fedBy(plan, dimensions).filter(({ definition }) => definition.gauge?.endsAtZero);
    const sender = new Map([
      ["service", instance.service],
      ["instance_id", instance.instanceId],
    ]);
    for (const { family } of ending) {
      const values = family.labels.map(
        (label) => sender.get(label) ?? toLabelValue(sentValue(dimensions, label)),
      );
      const series = this.#store.find(family, values);
      if (series !== undefined && series.measuredMs > timestampMs) continue;
      this.#instances.noteEnd(family, values, timestampMs);
      if (series !== undefined) this.#instances.end(instance, series);
    }
    return ending.length > 0;
  }
}

/** The number an instrument asks for: undefined where there is none, NaN where it is not one. */
function read(reading: ValueSource, measurement: Measurement): number | undefined {
  switch (reading.from) {
    case "value":
      return measurement.value;
    case "duration_ms":
      return measurement.durationMs === undefined ? undefined : measurement.durationMs / 1000;
    case "metadata": {
      const found = findMetadata(reading.keys, measurement);
      return found === undefined ? undefined : toNumber(found) * reading.scale;
    }
  }
}

function findMetadata(keys: readonly string[], measurement: Measurement): unknown {
  for (const key of keys) {
    const index = measurement.metadataKeys.indexOf(key);
    // Not merely for looks: reading an array at -1 costs as much as all the rest.
    if (index === -1) continue;
    const value = measurement.metadataValues[index];
    // An empty string is what a client sends that has nothing to say; it is no broken number.
    if (value !== undefined && value !== null && value !== "") return value;
  }
  return undefined;
}

function toNumber(value: unknown): number {
  if (typeof value === "number") return value;
  return typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
}
