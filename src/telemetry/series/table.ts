import { SIGN_OFF } from "../../catalogue/composer-states.ts";
import type { ValueSource } from "../../catalogue/definition.ts";
import type { DimensionSet, Distribution, Measurement } from "../../catalogue/measurement.ts";
import type { SeriesStore } from "./bounded-series.ts";
import { type BoundInstrument, type Instance, Instances, type InstrumentBinding } from "./instances.ts";
import { OVERFLOW, toLabelValue } from "./label-values.ts";
import { fedBy, type SeriesPlan, sentValue, type TypePlan } from "./plan.ts";
import { observe, observeAll } from "./series.ts";

/** Why a measurement is not in an instrument: it would have to count down, or is no finite number. */
export type SkipReason = "negative" | "not_numeric";

/** Stands for a label name where the table as a whole was full. */
export const WHOLE_SERIES = "_series";

/** What a table records into, and who hears of what it could not record. */
export interface SeriesTableOptions {
  /** The instruments of each metric type. */
  readonly plan: SeriesPlan;
  /** Shared with `operation-durations.ts`, so that both have one limit. */
  readonly store: SeriesStore;
  /** Called for each measurement and label that became `_other`; also with `WHOLE_SERIES`. */
  readonly onOverflow: (label: string) => void;
  /** The gauges of an instance that has reported nothing for so many ms are not shown. */
  readonly instanceSilenceMs: number;
  readonly onSkip: (reason: SkipReason) => void;
}

/** Who sent measurements. */
export interface Sender {
  readonly service: string;
  /** Empty when it did not say. */
  readonly instanceId: string;
}

/**
 * The catalogue's instruments: counters, gauges and histograms per sender and dimension set.
 *
 * A combination of label values that finds too little room in the store for its instruments goes into their
 * overflow series (one more each), whose labels but `metric_type` are all `_other`: totals stay true and
 * series that exist keep counting, as OpenTelemetry's cardinality limits want it.
 */
export class SeriesTable {
  readonly #options: SeriesTableOptions;
  readonly #store: SeriesStore;
  readonly #instances: Instances;
  /**
   * Of types that are not told apart by instances. By bounded label value, so that any number of services
   * makes only so many maps. Weak, so that a dimension set that ingest forgets takes its binding along.
   */
  readonly #bindingsOfService = new Map<string, WeakMap<DimensionSet, InstrumentBinding>>();

  constructor(options: SeriesTableOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#instances = new Instances(this.#store, options.instanceSilenceMs);
  }

  /**
   * Record every measurement in every instrument of its type, as reported at `reportedMs`. Never throws. A
   * sender's second measurement with the same dimensions costs a look-up and the additions themselves.
   */
  record(sender: Sender, measurements: readonly Measurement[], reportedMs: number): void {
    const service = this.#store.labels.bound("service", sender.service);
    // Both are looked up by the first measurement that needs them.
    let reporting: Instance | undefined;
    let ofService: WeakMap<DimensionSet, InstrumentBinding> | undefined;
    for (const measurement of measurements) {
      const { dimensions } = measurement;
      const plan = this.#options.plan.types.get(dimensions.type);
      if (plan === undefined) continue;
      let instance: Instance | undefined;
      if (dimensions.type.isPerInstance) {
        if (reporting === undefined) {
          const instanceId = this.#store.labels.bound("instance_id", sender.instanceId);
          reporting = this.#instances.report(service, instanceId, reportedMs);
        }
        instance = reporting;
        if (dimensions.type.name === SIGN_OFF) this.#instances.signOff(instance, measurement.timestampMs);
        if (plan.endsAtZero && measurement.value === 0 && this.#endSeries(plan, instance, measurement))
          continue;
      }
      if (plan.instruments.length === 0) continue;
      if (instance === undefined) ofService ??= this.#bindingsOf(service);
      let binding = (instance?.bindings ?? ofService)?.get(dimensions);
      const isStale =
        binding !== undefined && binding.overflowed.length > 0 && binding.endedSeries !== this.#store.ended;
      if (binding === undefined || isStale) {
        binding = this.#bind(plan, service, instance, measurement);
        if (binding === undefined) continue;
        // The map is asked for anew: binding may end other series, which replaces it.
        (instance?.bindings ?? ofService)?.set(dimensions, binding);
      } else {
        for (const label of binding.overflowed) this.#options.onOverflow(label);
      }
      for (const target of binding.targets) this.#apply(target, measurement, instance);
    }
  }

  /** Bring gauges up to `nowMs`: clocks move on, silent instances disappear. */
  refresh(nowMs: number): void {
    this.#instances.refresh(nowMs);
  }

  #bindingsOf(service: string): WeakMap<DimensionSet, InstrumentBinding> {
    let bindings = this.#bindingsOfService.get(service);
    if (bindings === undefined) {
      bindings = new WeakMap();
      this.#bindingsOfService.set(service, bindings);
    }
    return bindings;
  }

  /** Open the series of a dimension set. Undefined where what the measurement says is over already. */
  #bind(
    plan: TypePlan,
    service: string,
    instance: Instance | undefined,
    { dimensions: set, timestampMs }: Measurement,
  ): InstrumentBinding | undefined {
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
      this.#options.onOverflow(WHOLE_SERIES);
      return this.#bindOverflow(plan, set);
    }
    const targets = rows.map(({ instrument, values }): BoundInstrument => {
      const series = this.#store.open(instrument.family, values);
      if (instance !== undefined) this.#instances.own(instance, instrument, series);
      return { instrument, series };
    });
    const overflowed = own.filter((label) => byLabel.get(label) === OVERFLOW);
    return { targets, overflowed, endedSeries: this.#store.ended };
  }

  /** The overflow series of the instruments, which are opened whether or not there is room. */
  #bindOverflow(plan: TypePlan, set: DimensionSet): InstrumentBinding {
    const targets = fedBy(plan, set).map((instrument): BoundInstrument => {
      const values = instrument.family.labels.map((label) =>
        label === "metric_type" ? set.type.name : OVERFLOW,
      );
      return { instrument, series: this.#store.open(instrument.family, values) };
    });
    return { targets, overflowed: [WHOLE_SERIES], endedSeries: this.#store.ended };
  }

  #apply(
    { instrument, series }: BoundInstrument,
    measurement: Measurement,
    instance: Instance | undefined,
  ): void {
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
    const isOne = measurement.distribution === undefined || kind !== "histogram";
    const distribution = isOne ? undefined : observedDistribution(measurement, records);
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

/**
 * The number an instrument asks for, durations in s: undefined where there is none, NaN where it is not one.
 */
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

/**
 * Where the numbers lie that an instrument reads from a measurement which stands for several; undefined where
 * there is one number alone. Durations are in seconds.
 */
export function observedDistribution(
  { distribution, durationMs }: Measurement,
  { from }: Pick<ValueSource, "from">,
): Distribution | undefined {
  if (distribution === undefined) return undefined;
  const isOf = durationMs === undefined ? "value" : "duration_ms";
  if (from !== isOf) return undefined;
  if (from === "value") return distribution;
  return { ...distribution, values: distribution.values.map((ms) => ms / 1000) };
}

/** The first of the keys that has a value; clients have spelt them in several ways. */
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
