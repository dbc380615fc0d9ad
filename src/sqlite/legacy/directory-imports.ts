import { createHash, randomUUID } from "node:crypto";
import type { NewServer, ServerEvent, ServerPoint, ServerUse } from "../../store/directory.ts";
import type { NewApiKey } from "../../store/keys.ts";
import { addToDay, type Day, dayOf, emptyDay, writeDay } from "../directory/days.ts";
import { recordHealthSilently } from "../directory/health.ts";
import { SeriesIds } from "../directory/series-ids.ts";
import { insertEvent, insertUse } from "../directory/server-log.ts";
import { repairJson } from "../file/bind.ts";
import type { Database } from "../file/database.ts";
import { createKey } from "../keys/key-store.ts";
import type { LegacyValue } from "./legacy-columns.ts";

/** A server of an export; times in ms since 1970 UTC. */
export interface ImportedServer extends NewServer {
  readonly createdMs: number;
  readonly lastReceivedMs: number | undefined;
}

/** A day that an export knows the sums of; `day` counts days since 1970 UTC. */
export interface ImportedDay extends Pick<Day, "count" | "sum" | "min" | "max"> {
  readonly name: string;
  readonly type: string;
  readonly day: number;
}

const INSERT_SERVER = `INSERT INTO directory_servers
    (id, name, metrics_enabled, is_public, tools, webhook_url, sealed_secret, last_received_ms, created_ms)
  VALUES (?, ?, ?, ?, '[]', ?, ?, CAST(? AS INTEGER), CAST(? AS INTEGER)) ON CONFLICT DO NOTHING`;
const INSERT_POINT =
  "INSERT INTO server_points (series_id, ts, received_ms, value, tags) VALUES (?, ?, ?, ?, ?)";
const DAY = "SELECT count, sum, min, max, sketch FROM server_days WHERE series_id = ? AND day = ?";
const ADDED = `SELECT points_count, points_sum, daily_count, daily_sum FROM legacy_days
  WHERE series_id = ? AND day = ?`;
const SET_ADDED = `INSERT OR REPLACE INTO legacy_days
    (series_id, day, points_count, points_sum, daily_count, daily_sum)
  VALUES (?, ?, CAST(? AS INTEGER), ?, CAST(? AS INTEGER), ?)`;

const NOTE_ROW = `INSERT INTO legacy_rows (digest, times, run, run_times) VALUES (?, 1, ?, 1)
  ON CONFLICT DO NOTHING`;
const COUNT_ROW = `UPDATE legacy_rows SET run_times = CASE WHEN run = ?2 THEN run_times + 1 ELSE 1 END, run = ?2
  WHERE digest = ?1 RETURNING times, run_times`;

/** What a chunk adds to a day: points, and perhaps a daily row. */
interface DayChange {
  readonly seriesId: number;
  readonly day: number;
  readonly points: Day;
  daily: ImportedDay | undefined;
}

/** Writes rows of a directory's export, each once. Every method stands inside of `chunk`. */
export class DirectoryImport {
  readonly #database: Database;
  readonly #series: SeriesIds;
  /** Sets what this run has counted apart from what an earlier one did. */
  readonly #run = randomUUID();
  #days = new Map<string, DayChange>();

  constructor(database: Database) {
    this.#database = database;
    this.#series = new SeriesIds(database);
  }

  /** What `work` writes, or nothing: an interrupted import neither repeats nor skips a row. */
  chunk(nowMs: number, work: () => void): void {
    this.#days = new Map();
    try {
      this.#database.transaction(() => {
        work();
        for (const change of this.#days.values()) this.#writeDay(change, nowMs);
      });
      this.#series.committed();
    } catch (error) {
      this.#series.rolledBack();
      throw error;
    }
  }

  /** Ids of the servers that are here, with their numbers. */
  servers(): ReadonlyMap<string, number> {
    const rows = this.#database.all("SELECT id, number FROM directory_servers");
    return new Map(rows.map(({ id, number }) => [String(id), Number(number)]));
  }

  /** Whether the server was not here; one that is stays as it is. */
  addServer(server: ImportedServer): boolean {
    const { id, name, metricsEnabled, isPublic, webhookUrl, sealedSecret, lastReceivedMs, createdMs } =
      server;
    return (
      this.#database.run(
        INSERT_SERVER,
        id,
        name,
        metricsEnabled,
        isPublic,
        webhookUrl,
        sealedSecret,
        lastReceivedMs,
        createdMs,
      ).changes > 0
    );
  }

  /** What became of a key: one that is here, perhaps revoked since, or somebody else's, stays as it is. */
  addKey(key: NewApiKey, nowMs: number): "added" | "here" | "foreign" {
    const known = this.#database.first("SELECT server_id FROM api_keys WHERE key_hash = ?", key.keyHash);
    if (known !== undefined) return known.server_id === key.serverId ? "here" : "foreign";
    createKey(this.#database, key, nowMs);
    return "added";
  }

  /**
   * Whether a row of an export is stored for the first time; from now on it counts as stored. `row`: what makes it
   * different from others.
   */
  isNew(row: readonly LegacyValue[]): boolean {
    return this.#database.run(NOTE_ROW, digestOf(row), null).changes > 0;
  }

  /**
   * The same of a row without an id: it is as many rows as there are equal ones in an export. They are counted
   * beside what is stored, for an export has any number of rows.
   */
  isOneMore(row: readonly LegacyValue[]): boolean {
    const digest = digestOf(row);
    if (this.#database.run(NOTE_ROW, digest, this.#run).changes > 0) return true;
    const counted = this.#database.first(COUNT_ROW, digest, this.#run);
    const times = Number(counted?.run_times);
    if (times <= Number(counted?.times)) return false;
    this.#database.run("UPDATE legacy_rows SET times = CAST(? AS INTEGER) WHERE digest = ?", times, digest);
    return true;
  }

  addPoint(server: number, point: ServerPoint): void {
    const { name, type, timestampMs, value, tags } = point;
    const seriesId = this.#series.idOf(server, name, type);
    this.#database.run(INSERT_POINT, seriesId, timestampMs, timestampMs, value, tags && repairJson(tags));
    addToDay(this.#changeOf(seriesId, dayOf(timestampMs)).points, value);
    recordHealthSilently(this.#database, server, point);
  }

  /** Whether the daily row stands for more than what an export said of that day before. */
  addDay(server: number, imported: ImportedDay): boolean {
    const seriesId = this.#series.idOf(server, imported.name, imported.type);
    const change = this.#changeOf(seriesId, imported.day);
    const known = change.daily?.count ?? this.#added(change).daily_count;
    if (imported.count <= Number(known)) return false;
    change.daily = imported;
    return true;
  }

  addEvent(event: ServerEvent): void {
    insertEvent(this.#database, event);
  }

  addUse(use: ServerUse): void {
    insertUse(this.#database, use);
  }

  #changeOf(seriesId: number, day: number): DayChange {
    const label = `${seriesId} ${day}`;
    const change = this.#days.get(label) ?? { seriesId, day, points: emptyDay(), daily: undefined };
    this.#days.set(label, change);
    return change;
  }

  #added({ seriesId, day }: Pick<DayChange, "seriesId" | "day">) {
    const none = { points_count: 0, points_sum: 0, daily_count: 0, daily_sum: 0 };
    return this.#database.first(ADDED, seriesId, day) ?? none;
  }

  /**
   * A day's sums are those of the points that came otherwise, and of the export: its points, or its daily row
   * where that stands for more of them, as where the directory has deleted some.
   */
  #writeDay({ seriesId, day, points, daily }: DayChange, nowMs: number): void {
    const before = this.#added({ seriesId, day });
    const after = {
      points_count: Number(before.points_count) + points.count,
      points_sum: Number(before.points_sum) + points.sum,
      daily_count: daily?.count ?? Number(before.daily_count),
      daily_sum: daily?.sum ?? Number(before.daily_sum),
    };
    if (points.count === 0 && daily === undefined) return;
    const row = this.#database.first(DAY, seriesId, day);
    const own = shareOf(after);
    // A day that retention has deleted is made anew, whole.
    const old = row === undefined ? { count: 0, sum: 0 } : shareOf(before);
    const least = [points.min, daily?.min, row?.min].filter((each) => each !== undefined).map(Number);
    const most = [points.max, daily?.max, row?.max].filter((each) => each !== undefined).map(Number);
    const sums: Day = {
      count: Number(row?.count ?? 0) + own.count - old.count,
      sum: Number(row?.sum ?? 0) + own.sum - old.sum,
      min: Math.min(...least),
      max: Math.max(...most),
      bins: points.bins,
    };
    const sketch = row && new Uint8Array(row.sketch as unknown as ArrayBuffer);
    writeDay(this.#database, { seriesId, day }, sums, nowMs, sketch);
    const { points_count, points_sum, daily_count, daily_sum } = after;
    this.#database.run(SET_ADDED, seriesId, day, points_count, points_sum, daily_count, daily_sum);
  }
}

function digestOf(row: readonly LegacyValue[]): Uint8Array {
  return createHash("sha256").update(JSON.stringify(row)).digest().subarray(0, 16);
}

/** What of a day's sums the exports have brought. */
function shareOf(added: Readonly<Record<string, unknown>>): { readonly count: number; readonly sum: number } {
  const [points, daily] = [Number(added.points_count), Number(added.daily_count)];
  return daily > points
    ? { count: daily, sum: Number(added.daily_sum) }
    : { count: points, sum: Number(added.points_sum) };
}
