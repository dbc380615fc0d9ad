import type { DirectoryEntry } from "../../store/directory.ts";
import type { CommitResult, StoredAnswer } from "../../store/metrics.ts";
import { repairJson } from "../file/bind.ts";
import type { Database } from "../file/database.ts";
import { findAnswer, recordAnswer } from "../metrics/idempotency-store.ts";
import { addDay, addToDay, type Day, dayOf, emptyDay } from "./days.ts";
import { recordHealth } from "./health.ts";
import { SeriesIds } from "./series-ids.ts";
import { insertEvent, insertUse } from "./server-log.ts";
import { recordReceived } from "./servers.ts";

const INSERT_POINT =
  "INSERT INTO server_points (series_id, ts, received_ms, value, tags) VALUES (?, ?, ?, ?, ?)";

/**
 * Series → day → what the points of a batch add to it: a day is written once a batch, however many points it
 * has.
 */
type DaySums = Map<number, Map<number, Day>>;

/** Stores metrics, events and uses of the directory's servers. On the writer thread only. */
export class DirectoryWriter {
  readonly #database: Database;
  readonly #series: SeriesIds;

  constructor(database: Database) {
    this.#database = database;
    this.#series = new SeriesIds(database);
  }

  /**
   * Store all of `batch` in one transaction, or nothing: points and the days they add up to, changes of
   * health, events, uses, and idempotency records. An entry whose idempotency key is stored already adds
   * nothing, and is reported as a duplicate by its place among the entries with a key.
   */
  commit(batch: readonly DirectoryEntry[], nowMs: number): CommitResult {
    try {
      const duplicates = this.#database.transaction(() => this.#write(batch, nowMs));
      this.#series.committed();
      return { duplicates };
    } catch (error) {
      this.#series.rolledBack();
      throw error;
    }
  }

  #write(batch: readonly DirectoryEntry[], nowMs: number): CommitResult["duplicates"] {
    const duplicates: { index: number; stored: StoredAnswer }[] = [];
    const days: DaySums = new Map();
    let keyed = 0;
    for (const entry of batch) {
      if (entry.idempotency !== undefined) {
        const index = keyed++;
        const { apiKeyId, key } = entry.idempotency;
        const stored = findAnswer(this.#database, apiKeyId, key, nowMs);
        if (stored !== undefined) {
          duplicates.push({ index, stored });
          continue;
        }
        recordAnswer(this.#database, entry.idempotency, nowMs);
      }
      this.#writeEntry(entry, days);
    }
    for (const [seriesId, byDay] of days) {
      for (const [day, added] of byDay) addDay(this.#database, { seriesId, day }, added, nowMs);
    }
    return duplicates;
  }

  #writeEntry(
    { server, points, events, uses, isCollected, receivedMs }: DirectoryEntry,
    days: DaySums,
  ): void {
    const database = this.#database;
    if (server !== undefined) {
      for (const { name, type, timestampMs, value, tags } of points) {
        const seriesId = this.#series.idOf(server, name, type);
        database.run(INSERT_POINT, seriesId, timestampMs, receivedMs, value, tags && repairJson(tags));
        addToDay(dayIn(days, seriesId, dayOf(timestampMs)), value);
      }
      if (isCollected) recordReceived(database, server, receivedMs);
      recordHealth(database, server, points);
    }
    for (const event of events) insertEvent(database, event);
    for (const use of uses) insertUse(database, use);
  }
}

function dayIn(days: DaySums, seriesId: number, number: number): Day {
  let byDay = days.get(seriesId);
  if (byDay === undefined) {
    byDay = new Map();
    days.set(seriesId, byDay);
  }
  let day = byDay.get(number);
  if (day === undefined) {
    day = emptyDay();
    byDay.set(number, day);
  }
  return day;
}
