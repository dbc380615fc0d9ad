import { SIGN_OFF } from "../../catalogue/composer-states.ts";
import type { DimensionSet, Measurement } from "../../catalogue/measurement.ts";
import { isIdle, type SeriesStore } from "./bounded-series.ts";
import { FoldedGauges, gaugeName } from "./folded-gauges.ts";
import { type BoundInstrument, type Instance, Instances, type InstrumentBinding } from "./instances.ts";
import { OVERFLOW, toLabelValue } from "./label-values.ts";
import { fedBy, type PlannedInstrument, type SeriesPlan, sentValue, type TypePlan } from "./plan.ts";
import { observedDistribution, recordedValue } from "./recorded-value.ts";
import { type MetricSeries, observe, observeAll, seriesKey } from "./series.ts";
import type { Report } from "./tenants.ts";

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
  /** Gauges, and instances, that are remembered though they have no labels of their own. */
  readonly foldedMax: number;
  readonly onSkip: (reason: SkipReason) => void;
}

/** A report, once it is known whose instance it is from. */
interface InstanceReport extends Report {
  /** Undefined for types that are not told apart by instances, and for one of too many instances. */
  readonly instance: Instance | undefined;
}

/**
 * The catalogue's instruments: counters, gauges and histograms per sender and dimension set.
 *
 * A combination of label values that finds too little room in the store for its instruments goes into the
 * overflow series of its service (one more each), whose other labels but `metric_type` are all `_other`:
 * totals stay true and series that exist keep counting, as OpenTelemetry's cardinality limits want it.
 */
export class SeriesTable {
  readonly #options: SeriesTableOptions;
  readonly #store: SeriesStore;
  readonly #folded: FoldedGauges;
  readonly #instances: Instances;
  /**
   * Of types that are not told apart by instances. By tenant, whose names are bounded as labels are, so that
   * any number of services makes only so many maps. Weak, so that a dimension set that ingest forgets takes
   * its binding along.
   */
  readonly #bindingsOfTenant = new Map<string, WeakMap<DimensionSet, InstrumentBinding>>();

  /** The service's time, ms since 1970 UTC, when it was asked for last. */
  #nowMs = Number.NEGATIVE_INFINITY;

  constructor(options: SeriesTableOptions) {
    this.#options = options;
    this.#store = options.store;
    const { foldedMax, instanceSilenceMs: silenceMs } = options;
    this.#folded = new FoldedGauges(this.#store, foldedMax);
    this.#instances = new Instances(this.#store, { folded: this.#folded, silenceMs, unnamedMax: foldedMax });
  }

  /**
   * Record every measurement in every instrument of its type. Never throws. A sender's second measurement with
   * the same dimensions costs a look-up and the additions themselves.
   */
  record({ sender, tenant, reportedMs }: Report, measurements: readonly Measurement[]): void {
    const ofService: InstanceReport = { sender, tenant, reportedMs, instance: undefined };
    // Looked up by the first measurement that needs it.
    let ofInstance: InstanceReport | undefined;
    this.#nowMs = Math.max(this.#nowMs, reportedMs);
    for (const sent of measurements) {
      // Of a sender whose clock is ahead nothing later would count until ours is there.
      const measurement = sent.timestampMs > reportedMs ? { ...sent, timestampMs: reportedMs } : sent;
      const { type } = measurement.dimensions;
      const plan = this.#options.plan.types.get(type);
      if (plan === undefined) continue;
      let report = ofService;
      if (type.isPerInstance) {
        ofInstance ??= { ...ofService, instance: this.#instances.report(tenant, sender, reportedMs) };
        report = ofInstance;
        const { instance } = report;
        if (type.name === SIGN_OFF && instance !== undefined)
          this.#instances.signOff(instance, measurement.timestampMs);
        if (plan.endsAtZero && measurement.value === 0 && this.#endSeries(plan, report, measurement))
          continue;
      }
      if (plan.instruments.length > 0) this.#recordOne(plan, report, measurement);
    }
  }

  /** Note the time of the service: its clock may have gone back. */
  follow(nowMs: number): void {
    if (nowMs < this.#nowMs) this.#instances.clockWentBack(nowMs);
    this.#nowMs = nowMs;
  }

  /** Bring gauges up to `nowMs`: clocks move on, silent instances disappear. */
  refresh(nowMs: number): void {
    this.follow(nowMs);
    this.#instances.refresh(nowMs);
    this.#folded.refresh(nowMs);
  }

  /** End series in which nothing was recorded for a day: their label values give their places to others. */
  endIdle(nowMs: number): void {
    const endedBefore = this.#store.ended;
    this.refresh(nowMs);
    this.#instances.endIdle(nowMs);
    for (const { type, instruments } of this.#options.plan.types.values()) {
      for (const instrument of instruments) {
        for (const series of instrument.family.series.values()) {
          if (!isIdle(series, nowMs) || this.#instances.owns(series) || this.#folded.has(series)) continue;
          if (type.isPerInstance && instrument.definition.kind !== "gauge")
            this.#instances.retire(instrument, series);
          this.#store.end(series);
        }
        this.#endRetired(instrument, nowMs);
      }
    }
    if (this.#store.ended === endedBefore) return;
    this.#bindingsOfTenant.clear();
    this.#instances.forgetBindings();
  }

  /** What is kept for totals stays as long as a part of the total counts: a total never goes down. */
  #endRetired({ definition, family, retired }: PlannedInstrument, nowMs: number): void {
    const idle = [...retired.series.values()].filter((series) => isIdle(series, nowMs));
    if (idle.length === 0) return;
    const totalOf = ({ attributes }: MetricSeries) =>
      seriesKey(["service", ...definition.labels].map((label) => attributes[label]));
    const counting = new Set([...family.series.values()].map(totalOf));
    for (const series of idle) if (!counting.has(totalOf(series))) this.#store.end(series);
  }

  #recordOne(plan: TypePlan, report: InstanceReport, measurement: Measurement): void {
    const { dimensions } = measurement;
    let binding = this.#bindingsOf(report).get(dimensions);
    const endedSeries = binding?.endedSeries;
    if (binding === undefined || (endedSeries !== undefined && endedSeries !== this.#store.ended)) {
      binding = this.#bind(plan, report, measurement);
      if (binding === undefined) return;
      // The map is asked for anew: binding may end other series, which replaces it.
      this.#bindingsOf(report).set(dimensions, binding);
    } else {
      for (const label of binding.overflowed) this.#options.onOverflow(label);
    }
    for (const target of binding.targets) this.#apply(target, measurement, report);
  }

  #bindingsOf({ instance, tenant: { name } }: InstanceReport): WeakMap<DimensionSet, InstrumentBinding> {
    if (instance !== undefined) return instance.bindings;
    const known = this.#bindingsOfTenant.get(name);
    if (known !== undefined) return known;
    const bindings = new WeakMap<DimensionSet, InstrumentBinding>();
    this.#bindingsOfTenant.set(name, bindings);
    return bindings;
  }

  /** Open the series of a dimension set. Undefined where what the measurement says is over already. */
  #bind(
    plan: TypePlan,
    report: InstanceReport,
    { dimensions: set, timestampMs }: Measurement,
  ): InstrumentBinding | undefined {
    const { tenant, instance } = report;
    const instruments = fedBy(plan, set);
    const own = [...new Set(instruments.flatMap(({ definition }) => definition.labels))];
    const bound = (label: string) => this.#store.labels.bound(tenant.name, label, sentValue(set, label));
    const byLabel = new Map([
      ["service", tenant.service],
      ["metric_type", set.type.name],
      ["instance_id", instance?.instanceId ?? OVERFLOW],
      ...own.map((label) => [label, bound(label)] as const),
    ]);
    const rows = instruments.map((instrument) => {
      const values = instrument.family.labels.map((label) => byLabel.get(label) ?? "");
      return { instrument, values, name: gaugeName(instrument, report.sender, set) };
    });
    const forgetUnused = () => {
      for (const label of own) this.#store.forgetUnused(tenant, label, byLabel.get(label) ?? "");
    };
    const isOver = ({ instrument, name }: (typeof rows)[number]) =>
      this.#instances.isOver(instance, instrument, name, timestampMs) ||
      (instrument.definition.kind === "gauge" && this.#folded.isNewerThan(name, timestampMs));
    if (rows.some(isOver)) {
      forgetUnused();
      return undefined;
    }
    const missing = rows.filter(({ instrument, values }) => !this.#store.find(instrument.family, values));
    const isFull = !this.#store.hasRoomFor(tenant, missing.length);
    if (isFull) {
      forgetUnused();
      this.#options.onOverflow(WHOLE_SERIES);
    }
    const overflowing = new Map([
      ["service", tenant.service],
      ["metric_type", set.type.name],
    ]);
    const targets = rows.map(({ instrument, values, name }) => {
      const folded = instrument.family.labels.map((label) => overflowing.get(label) ?? OVERFLOW);
      return this.#bindInstrument(report, instrument, isFull ? folded : values, name);
    });
    const overflowed = isFull ? [WHOLE_SERIES] : own.filter((label) => byLabel.get(label) === OVERFLOW);
    const mayChange = targets.some(({ series }) => Object.values(series.attributes).includes(OVERFLOW));
    return { targets, overflowed, endedSeries: mayChange ? this.#store.ended : undefined };
  }

  #bindInstrument(
    { tenant, instance }: InstanceReport,
    instrument: PlannedInstrument,
    values: readonly string[],
    name: string,
  ): BoundInstrument {
    const series = this.#store.open(instrument.family, values, tenant);
    const isGauge = instrument.definition.kind === "gauge";
    if (isGauge && values.includes(OVERFLOW)) return { instrument, series, foldedName: name };
    if (isGauge) this.#folded.delete(name);
    const [service, instanceId] = values;
    if (instance !== undefined && service !== OVERFLOW && instanceId !== OVERFLOW)
      this.#instances.own(instance, instrument, series);
    return { instrument, series, foldedName: undefined };
  }

  #apply(target: BoundInstrument, measurement: Measurement, report: InstanceReport): void {
    const { instrument, series } = target;
    const { records, kind, gauge } = instrument.definition;
    const value = recordedValue(records, measurement);
    if (value === undefined) return;
    // NaN above all: one of it, added to a total, makes the total NaN for ever.
    if (!Number.isFinite(value)) {
      this.#options.onSkip("not_numeric");
      return;
    }
    series.seenMs = report.reportedMs;
    if (target.foldedName !== undefined) {
      this.#applyFolded(target.foldedName, target, value, measurement, report);
      return;
    }
    if (kind === "gauge") {
      // A retry may bring what was the case before what is shown.
      if (measurement.timestampMs < series.measuredMs) return;
      series.measuredMs = measurement.timestampMs;
      if (gauge?.isClock && report.instance?.series.has(series))
        report.instance.clockSeconds.set(series, value);
    } else if (value < 0) {
      this.#options.onSkip("negative");
      return;
    }
    const isOne = measurement.distribution === undefined || kind !== "histogram";
    const distribution = isOne ? undefined : observedDistribution(measurement, records);
    if (distribution === undefined) observe(series, value);
    else observeAll(series, { ...distribution, sum: value });
  }

  /** Set a gauge that shares its series with others, unless nothing would tell when it is over. */
  #applyFolded(
    name: string,
    { instrument: { definition, family }, series }: BoundInstrument,
    value: number,
    { timestampMs: measuredMs }: Measurement,
    { tenant, instance, reportedMs }: InstanceReport,
  ): void {
    const isKnown = instance !== undefined || !family.labels.includes("instance_id");
    const folded = { definition, series, tenant, instance, value, measuredMs, reportedMs };
    if (!isKnown || !this.#folded.set(name, folded)) this.#options.onOverflow(WHOLE_SERIES);
  }

  /** End the gauges that the measurement says there is nothing left of; whether it may say that of any. */
  #endSeries(plan: TypePlan, report: InstanceReport, { dimensions, timestampMs }: Measurement): boolean {
    const ending = fedBy(plan, dimensions).filter(({ definition }) => definition.gauge?.endsAtZero);
    const { tenant, instance } = report;
    const labels = new Map([
      ["service", tenant.service],
      ["instance_id", instance?.instanceId ?? OVERFLOW],
    ]);
    for (const instrument of ending) {
      const { family } = instrument;
      const values = family.labels.map(
        (label) => labels.get(label) ?? toLabelValue(sentValue(dimensions, label)),
      );
      const name = gaugeName(instrument, report.sender, dimensions);
      const found = this.#store.find(family, values);
      const series = found !== undefined && instance?.series.has(found) ? found : undefined;
      if (series !== undefined && series.measuredMs > timestampMs) continue;
      if (this.#folded.isNewerThan(name, timestampMs)) continue;
      this.#instances.noteEnd(name, timestampMs);
      this.#folded.delete(name);
      if (series !== undefined && instance !== undefined) this.#instances.end(instance, series);
    }
    return ending.length > 0;
  }
}
