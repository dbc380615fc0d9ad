/**
 * Hourly and daily rollups, kept exact without a job that could miss anything.
 *
 * What a commit stored is added up in memory, and every few seconds each family writes what it has gathered
 * into its rows, in one transaction with the id of the last measurement they now hold. So the rows of a
 * family and the measurements above that id are all there is, at every instant, for a reader and for whoever
 * starts after a crash.
 *
 * Rejected: to upsert in every commit, which would write the rows of the current hour again with each.
 *
 * Words: a family is one way to break a metric type down (by service and some dimensions), a key one
 * combination of their values, a bucket an hour or a day since 1970 UTC.
 */
import type { Distribution } from "../../catalogue/measurement.ts";
import { HOUR_MS } from "../../lib/time.ts";
import { dropPending, type Family, forgetKey, pendingRow } from "../../store/plan/families.ts";
import { createGroup, durationOf, type Group, targetsOf } from "../../store/plan/group.ts";
import { binOf } from "../../store/plan/sketch.ts";
import type { Database } from "../file/database.ts";
import { flushFamily } from "./flush-family.ts";
import { firstDay } from "./rollup-rows.ts";
import { isNamedByKey, loadFamilies, measurementsAfter } from "./stored-state.ts";

/** Measurements that one step reads again, after a crash: some 30 ms. */
const CATCH_UP_ROWS = 10_000;
/** Rows that may wait in memory; beyond, a commit writes the fullest family first. */
const PENDING_SIZE_MAX = 40_000;

/** A measurement that stands for several, as a histogram point of OpenTelemetry does. */
export interface MeasurementOfSeveral {
  readonly timestampMs: number;
  /** The sum of their values. */
  readonly value: number;
  /** The sum of their durations; NaN where they have none. */
  readonly durationMs: number;
  /** How many they are, and how their durations are distributed. */
  readonly distribution: Distribution;
}

/** The rollups of one database, in memory and on disk. One for the connection that writes, on its thread. */
export class Rollups {
  readonly #database: Database;
  readonly #families: readonly Family[];
  /** Everything up to this measurement is in the rows or waits in memory. */
  #position: number;
  /** The newest measurement that was committed; above `#position` while some are still to be read again. */
  #lastMeasurementId: number;
  /** Grows when what waits is written or dropped: groups then look up their pending rows anew. */
  #generation = 0;
  /** Grows when keys are deleted: groups then look up theirs anew. */
  #keysGeneration = 0;

  /** Reads the families and all of their keys; on a new database, inserts the families. */
  constructor(database: Database) {
    this.#database = database;
    this.#families = database.transaction(() => loadFamilies(database));
    this.#position = Math.min(...this.#families.map((family) => family.lastMeasurementId));
    // From the sequence, not from the rows: retention may have deleted the newest.
    const sequence = database.first("SELECT seq FROM sqlite_sequence WHERE name = 'measurements'");
    this.#lastMeasurementId = Number(sequence?.seq ?? 0);
  }

  /**
   * Where measurements of this service, type and dimensions (JSON) are added; to be kept by the caller and
   * passed to `add`. Undefined: the catalogue has no such type, and nothing is rolled up.
   */
  group(service: string, metricType: string, dimensions: string): Group | undefined {
    return createGroup(this.#families, service, metricType, dimensions);
  }

  /**
   * To be called after each commit, which stored `count` measurements up to `lastId`; `addAll` adds them.
   *
   * `addAll` is not called while earlier measurements are still to be read again: the new ones are then read
   * with them. Those may be of a process that died, or of a commit that was carried out although it reported
   * a failure.
   */
  committed(lastId: number, count: number, addAll: () => void): void {
    this.#lastMeasurementId = lastId;
    if (this.#position !== lastId - count) return;
    addAll();
    this.#position = lastId;
  }

  /**
   * Add one measurement; `durationMs` is NaN where it has none. Families that hold everything up to `id`
   * are left out.
   */
  add(
    group: Group,
    timestampMs: number,
    value: number,
    durationMs: number,
    id = Number.POSITIVE_INFINITY,
  ): void {
    const hour = Math.floor(timestampMs / HOUR_MS);
    if (group.hour !== hour || group.generation !== this.#generation) this.#retarget(group, hour);
    const duration = durationOf(group.type, value, durationMs);
    const bin = Number.isNaN(duration) ? 0 : binOf(duration);
    for (const target of group.targets) {
      const { family } = target;
      if (id <= family.lastMeasurementId) continue;
      target.row ??= pendingRow(family, target.key, hour);
      family.pending.add(target.row, value, duration, bin, group.outcome);
    }
  }

  /** The same for a measurement that stands for several: `value` and `durationMs` are sums over them. */
  addSeveral(group: Group, measurement: MeasurementOfSeveral, id = Number.POSITIVE_INFINITY): void {
    const { timestampMs, value, durationMs, distribution } = measurement;
    const hour = Math.floor(timestampMs / HOUR_MS);
    if (group.hour !== hour || group.generation !== this.#generation) this.#retarget(group, hour);
    for (const target of group.targets) {
      const { family } = target;
      if (id <= family.lastMeasurementId) continue;
      target.row ??= pendingRow(family, target.key, hour);
      family.pending.addSeveral(target.row, distribution, value, durationMs, group.outcome);
    }
  }

  /** Whether so much waits that it must be written before more is taken. */
  get isFull(): boolean {
    return this.#families.reduce((sum, { pending }) => sum + pending.size, 0) >= PENDING_SIZE_MAX;
  }

  /**
   * One step of writing what has been gathered up to measurement `target`, by default everything: one family,
   * or some reading after a crash; some ten milliseconds. Returns the target, to be passed on, or undefined
   * when nothing up to it waits any more.
   */
  flushStep(nowMs: number, target = this.#lastMeasurementId): number | undefined {
    if (this.#position < target && !this.isFull) {
      this.#catchUp();
      return target;
    }
    const family = this.#fullestBefore(target);
    if (family !== undefined) this.#flush(family, nowMs);
    return family === undefined && this.#position >= target ? undefined : target;
  }

  /**
   * Drop what waits, after a failure half-way through adding; the next steps read it again from the
   * measurements.
   */
  restart(): void {
    for (const family of this.#families) dropPending(family);
    this.#generation += 1;
    this.#position = Math.min(...this.#families.map((family) => family.lastMeasurementId));
  }

  /**
   * Delete up to `rowsMax` keys that have no row since `day` (days since 1970 UTC) any more. A key with rows
   * stays: a policy may have been shortened since rows were deleted by it, and the id of a key that is gone
   * is used again.
   */
  deleteKeysBefore(day: number, rowsMax: number): number {
    const unused = this.#families
      .flatMap((family) => {
        const keptFrom = Math.min(day, firstDay(this.#database, family.id));
        const keys = [...family.keys.values()].flatMap(({ byValues }) => [...byValues.values()]);
        return keys.map((key) => ({ family, key, keptFrom }));
      })
      .filter(({ key, keptFrom }) => key.id !== undefined && key.lastDay < keptFrom && key.rows === undefined)
      .slice(0, rowsMax);
    this.#database.transaction(() => {
      for (const { key } of unused) this.#database.run("DELETE FROM rollup_keys WHERE id = ?", key.id);
    });
    for (const { family, key } of unused) forgetKey(family, key);
    this.#keysGeneration += 1;
    this.#generation += 1;
    return unused.length;
  }

  /** Let a group add to the rows of `hour`, which are looked up as they are needed. */
  #retarget(group: Group, hour: number): void {
    if (group.keysGeneration !== this.#keysGeneration) {
      group.targets = targetsOf(this.#families, group, (service) => isNamedByKey(this.#database, service));
      group.keysGeneration = this.#keysGeneration;
    }
    group.hour = hour;
    group.generation = this.#generation;
    for (const target of group.targets) target.row = undefined;
  }

  /** Of the families that do not hold everything up to `target`, the one with most to write. */
  #fullestBefore(target: number): Family | undefined {
    let fullest: Family | undefined;
    for (const family of this.#families) {
      if (family.lastMeasurementId >= target) continue;
      if (family.pending.size > (fullest?.pending.size ?? 0)) fullest = family;
    }
    return fullest;
  }

  #flush(family: Family, nowMs: number): void {
    const clean = this.#families.filter((other) => other !== family && other.places.length === 0);
    flushFamily(this.#database, family, clean, this.#position, nowMs);
    this.#generation += 1;
  }

  /** Add measurements that were stored and not added: by a process that died, or while they were too many. */
  #catchUp(): void {
    const groups = new Map<string, Group | undefined>();
    const found = measurementsAfter(this.#database, this.#position, CATCH_UP_ROWS);
    for (const measurement of found) {
      const { id, timestampMs, value, durationMs, distribution } = measurement;
      const { service, metricType, dimensions } = measurement;
      const name = `${service} ${metricType} ${dimensions}`;
      if (!groups.has(name)) groups.set(name, this.group(service, metricType, dimensions));
      const group = groups.get(name);
      if (group === undefined) continue;
      if (distribution === undefined) this.add(group, timestampMs, value, durationMs, id);
      else this.addSeveral(group, { timestampMs, value, durationMs, distribution }, id);
    }
    // Rows that are gone were deleted by retention, which deletes only what every family holds.
    this.#position = found.length < CATCH_UP_ROWS ? this.#lastMeasurementId : (found.at(-1)?.id ?? 0);
  }
}
