import type { InstrumentDefinition } from "../../catalogue/definition.ts";
import type { DimensionSet } from "../../catalogue/measurement.ts";
import { DAY_MS } from "../../lib/time.ts";
import type { SeriesStore } from "./bounded-series.ts";
import { toLabelValue } from "./label-values.ts";
import { type PlannedInstrument, sentValue } from "./plan.ts";
import { type MetricSeries, seriesKey } from "./series.ts";
import { Room, type Sender, type Tenant } from "./tenants.ts";

/** What a gauge is called, whatever its labels can say: by its sender and the dimensions that were sent. */
export function gaugeName(
  { definition, family }: PlannedInstrument,
  { service, instanceId }: Sender,
  dimensions: DimensionSet,
): string {
  const sender = family.labels.includes("instance_id") ? [service, instanceId] : [service];
  const own = definition.gauge?.isSingle ? [] : definition.labels;
  return seriesKey([
    family.name,
    ...sender,
    ...own.map((label) => toLabelValue(sentValue(dimensions, label))),
  ]);
}

/** An instance, as far as its gauges share series with others. */
export interface FoldedSender {
  /** Whether its gauges are exported. */
  readonly isShown: boolean;
  /** The names of its gauges that share a series with others. */
  readonly folded: Set<string>;
}

/** One of the gauges that a series stands for, whose labels read `_other` in some place. */
interface Part {
  readonly series: MetricSeries;
  readonly tenant: Tenant;
  /** Undefined where its type is not told apart by instances. */
  readonly instance: FoldedSender | undefined;
  value: number;
  measuredMs: number;
  seenMs: number;
}

/** A report of a gauge that found no place of its own. */
export interface FoldedReport {
  readonly definition: InstrumentDefinition;
  /** The series that shows it among others. */
  readonly series: MetricSeries;
  readonly tenant: Tenant;
  readonly instance: FoldedSender | undefined;
  readonly value: number;
  readonly measuredMs: number;
  readonly reportedMs: number;
}

/**
 * Gauges that share a series because there was no place for their labels. The series shows what they come to
 * together, and ends with the last of them: of counters the sum is all that matters, but of gauges the last
 * one's value would stand for all, and stay.
 *
 * What they are takes memory too. There is room for as many as for series; others are not shown.
 */
export class FoldedGauges {
  readonly #store: SeriesStore;
  readonly #room: Room;
  /** By what they would be called if there were places. */
  readonly #parts = new Map<string, Part>();
  readonly #definitions = new Map<MetricSeries, InstrumentDefinition>();

  constructor(store: SeriesStore, partsMax: number) {
    this.#store = store;
    this.#room = new Room(partsMax);
  }

  /** Set a gauge; false where there is no room for one more. A report from before its last changes nothing. */
  set(name: string, report: FoldedReport): boolean {
    const { series, tenant, instance, value, measuredMs, reportedMs, definition } = report;
    const known = this.#parts.get(name);
    if (known !== undefined && known.measuredMs > measuredMs) return true;
    if (known !== undefined && known.series === series) {
      Object.assign(known, { value, measuredMs, seenMs: reportedMs });
      return true;
    }
    if (known !== undefined) this.delete(name);
    if (!this.#room.hasPlaces(tenant, 1)) return false;
    this.#room.take(tenant);
    this.#definitions.set(series, definition);
    this.#parts.set(name, { series, tenant, instance, value, measuredMs, seenMs: reportedMs });
    instance?.folded.add(name);
    return true;
  }

  /** Whether a series stands for gauges. */
  has(series: MetricSeries): boolean {
    return this.#definitions.has(series);
  }

  /** Whether a gauge was measured after `timestampMs` (ms since 1970 UTC). */
  isNewerThan(name: string, timestampMs: number): boolean {
    return (this.#parts.get(name)?.measuredMs ?? timestampMs) > timestampMs;
  }

  /** A gauge is over, or has a series of its own from now on. */
  delete(name: string): void {
    const part = this.#parts.get(name);
    if (part === undefined) return;
    this.#parts.delete(name);
    part.instance?.folded.delete(name);
    this.#room.give(part.tenant);
  }

  /** Everything of an instance that was measured until `timestampMs` is over. */
  deleteOf(instance: FoldedSender, timestampMs: number): void {
    for (const name of [...instance.folded]) if (!this.isNewerThan(name, timestampMs)) this.delete(name);
  }

  /** What was noted as later than `nowMs` is as of then. */
  clockWentBack(nowMs: number): void {
    for (const part of this.#parts.values()) {
      part.measuredMs = Math.min(part.measuredMs, nowMs);
      part.seenMs = Math.min(part.seenMs, nowMs);
    }
  }

  /** Have the series show what is there at `nowMs`, and end those that stand for nothing any more. */
  refresh(nowMs: number): void {
    for (const series of this.#definitions.keys()) series.count = 0;
    const used = new Set<MetricSeries>();
    for (const [name, { series, instance, seenMs, value, measuredMs }] of this.#parts) {
      if (instance === undefined && nowMs - seenMs > DAY_MS) {
        this.delete(name);
        continue;
      }
      used.add(series);
      if (instance?.isShown === false) continue;
      const gauge = this.#definitions.get(series)?.gauge;
      const now = gauge?.isClock ? value + Math.max(0, nowMs - measuredMs) / 1000 : value;
      if (series.count === 0) series.value = now;
      else series.value = gauge?.together === "max" ? Math.max(series.value, now) : series.value + now;
      series.count = 1;
    }
    for (const series of this.#definitions.keys()) {
      if (used.has(series)) continue;
      this.#definitions.delete(series);
      this.#store.end(series);
    }
  }
}
