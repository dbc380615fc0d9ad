import { createHash } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import type { Database, Row } from "../file/database.ts";
import { DatabaseOpenError, describeFailure } from "../file/failure.ts";
import { openReader } from "../file/open.ts";
import { realDatabasePath } from "../file/real-path.ts";
import { columnsOf, decode, type LegacyValue, readColumn } from "./legacy-columns.ts";

/**
 * A row of the predecessor's `metrics`, under our names for its columns; any value may be of any type, or
 * null.
 */
export interface LegacyMetric {
  /** The rowid, whatever the table declares as its key. */
  readonly id: number;
  readonly requestId: LegacyValue;
  readonly service: LegacyValue;
  readonly version: LegacyValue;
  readonly instanceId: LegacyValue;
  readonly type: LegacyValue;
  readonly timestamp: LegacyValue;
  readonly value: LegacyValue;
  readonly durationMs: LegacyValue;
  readonly dimensions: LegacyValue;
  readonly metadata: LegacyValue;
  readonly createdAt: LegacyValue;
}

/** The file is not a predecessor's database, or cannot be read where it is; the message says which. */
export class LegacySourceError extends Error {
  override readonly name = "LegacySourceError";
}

const METRIC_COLUMNS = {
  requestId: "request_id",
  service: "service",
  version: "service_version",
  instanceId: "instance_id",
  type: "metric_type",
  timestamp: "timestamp",
  value: "value",
  durationMs: "duration_ms",
  dimensions: "dimensions",
  metadata: "metadata",
  createdAt: "created_at",
} as const;
/** Tables that hold the same events as `metrics` once more; only rows without one there are counted. */
const SPECIALISED_TABLES = ["auth_metrics", "discovery_metrics", "tool_metrics"];
/** What later releases of the predecessor have and nothing is taken from. */
const OTHER_TABLES = ["metrics_hourly", "metrics_daily", "api_key_usage_log"];
const KNOWN_TABLES = ["metrics", "api_keys", "retention_policies"];
/**
 * ms to wait for a lock: the predecessor may be writing, and without WAL it locks the whole file for that.
 */
const BUSY_TIMEOUT_MS = 10_000;

/**
 * A predecessor's database, whatever its release: tables and columns it does not have are empty. It is only
 * read, in statements of some milliseconds each, so that a predecessor that still runs is not held up.
 */
export class LegacySource {
  readonly #path: string;
  readonly #database: Database;
  readonly #columns: ReadonlyMap<string, ReadonlySet<string>>;
  readonly #metricsSql: string;

  /** Every method throws a `DatabaseOpenError` where the file cannot be read. */
  constructor(path: string, database: Database) {
    this.#path = path;
    this.#database = database;
    const tables = [...KNOWN_TABLES, ...SPECIALISED_TABLES, ...OTHER_TABLES];
    this.#columns = new Map(tables.map((table) => [table, columnsOf(database, table)]));
    const metrics = this.#columns.get("metrics") ?? new Set();
    const list = Object.entries(METRIC_COLUMNS).map(([name, column]) => readColumn(metrics, column, name));
    this.#metricsSql = `SELECT rowid AS id, ${list.join(", ")} FROM metrics
      WHERE rowid > ? AND rowid <= ? ORDER BY rowid LIMIT CAST(? AS INTEGER)`;
  }

  /** @throws {LegacySourceError} for what is no predecessor's database. */
  rejectForeign(): void {
    if (columnsOf(this.#database, "schema_migrations").has("checksum")) {
      throw new LegacySourceError("is a database of this program, not of a predecessor");
    }
    if (KNOWN_TABLES.every((table) => !this.#has(table))) {
      throw new LegacySourceError(`has none of the predecessor's tables ${KNOWN_TABLES.join(", ")}`);
    }
  }

  /** Up to `rowsMax` metrics with ids after `id` and up to `lastId`, in order. */
  metricsAfter(id: number, lastId: number, rowsMax: number): readonly LegacyMetric[] {
    if (!this.#has("metrics")) return [];
    const rows = this.#read(this.#metricsSql, id, lastId, rowsMax);
    return rows.map((row) => decode(row) as unknown as LegacyMetric);
  }

  /** The newest id, and how many rows there are after `id` up to it. */
  extentAfter(id: number): { readonly lastId: number; readonly rows: number } {
    if (!this.#has("metrics")) return { lastId: 0, rows: 0 };
    const lastId = Number(this.#read("SELECT max(rowid) AS id FROM metrics")[0]?.id ?? 0);
    const sql = "SELECT count(*) AS n FROM metrics WHERE rowid > ? AND rowid <= ?";
    return { lastId, rows: Number(this.#read(sql, id, lastId)[0]?.n ?? 0) };
  }

  /**
   * The highest id that a metric has or had (https://sqlite.org/autoinc.html); in a table without
   * AUTOINCREMENT, the highest of those that are left.
   */
  highestId(): number {
    const { lastId } = this.extentAfter(0);
    if (columnsOf(this.#database, "sqlite_sequence").size === 0) return lastId;
    const sql = "SELECT CAST(seq AS INTEGER) AS id FROM sqlite_sequence WHERE name = 'metrics'";
    return Math.max(lastId, Number(this.#read(sql)[0]?.id ?? 0));
  }

  /**
   * SHA-256 of a metric in hex; undefined when the row is gone. Of the columns that every release has: a
   * predecessor that is upgraded between two imports adds others.
   */
  digestOf(id: number): string | undefined {
    const [row] = this.metricsAfter(id - 1, id, 1);
    if (row === undefined) return undefined;
    return sha256([row.id, row.requestId, row.service, row.type, row.timestamp, row.value, row.dimensions]);
  }

  /**
   * Tells this database from others, also after it has grown, was moved or has deleted old metrics: by its
   * oldest API key, or its oldest metric when it has no keys.
   */
  fingerprint(): string {
    const [key] = this.keys(1);
    if (key !== undefined) return sha256([key.key_hash ?? null, key.service_name ?? null]);
    const [metric] = this.metricsAfter(0, Number.MAX_SAFE_INTEGER, 1);
    return metric === undefined ? sha256([]) : sha256([this.digestOf(metric.id) ?? null]);
  }

  /** Its API keys under its own names of columns, oldest first. */
  keys(rowsMax = Number.MAX_SAFE_INTEGER): readonly Readonly<Record<string, LegacyValue>>[] {
    const columns = `key_hash service_name created_at last_used_at is_active rate_limit usage_count
      daily_usage_limit monthly_usage_limit description`.split(/\s+/);
    return this.#all("api_keys", columns, rowsMax);
  }

  /** Its retention policies under its own names of columns. */
  policies(): readonly Readonly<Record<string, LegacyValue>>[] {
    const columns = ["table_name", "retention_days", "is_active"];
    return this.#all("retention_policies", columns, Number.MAX_SAFE_INTEGER);
  }

  /** Tables with rows that are not taken over → how many. Reads all of `metrics`. */
  leftBehind(): Readonly<Record<string, number>> {
    const counts: [string, number][] = [];
    for (const table of SPECIALISED_TABLES) counts.push([table, this.#orphansOf(table)]);
    for (const table of OTHER_TABLES) {
      const sql = `SELECT count(*) AS n FROM ${table}`;
      counts.push([table, this.#has(table) ? Number(this.#read(sql)[0]?.n) : 0]);
    }
    return Object.fromEntries(counts.filter(([, rows]) => rows > 0));
  }

  close(): void {
    this.#database.close();
  }

  /** Rows of a specialised table whose request is not in `metrics`. */
  #orphansOf(table: string): number {
    if (!this.#columns.get(table)?.has("request_id")) return 0;
    if (!this.#columns.get("metrics")?.has("request_id"))
      return Number(this.#read(`SELECT count(*) AS n FROM ${table}`)[0]?.n);
    const sql = `SELECT count(*) AS n FROM ${table} WHERE request_id IS NULL OR request_id NOT IN
      (SELECT request_id FROM metrics WHERE request_id IS NOT NULL)`;
    return Number(this.#read(sql)[0]?.n);
  }

  #all(table: string, columns: readonly string[], rowsMax: number) {
    if (!this.#has(table)) return [];
    const list = columns.map((column) => readColumn(this.#columns.get(table) ?? new Set(), column, column));
    const sql = `SELECT ${list.join(", ")} FROM ${table} ORDER BY rowid LIMIT CAST(? AS INTEGER)`;
    return this.#read(sql, rowsMax).map(decode);
  }

  #read(sql: string, ...values: readonly number[]): readonly Row[] {
    try {
      return this.#database.all(sql, ...values);
    } catch (error) {
      throw new DatabaseOpenError(this.#path, describeFailure(error));
    }
  }

  #has(table: string): boolean {
    return (this.#columns.get(table)?.size ?? 0) > 0;
  }
}

/**
 * Open a predecessor's file without ever writing it.
 *
 * @throws {LegacySourceError} for what is not there or no predecessor's database.
 * @throws {DatabaseOpenError} for what is damaged or not to be read.
 */
export function openLegacySource(path: string): LegacySource {
  try {
    if (!existsSync(path)) throw new LegacySourceError("is not there");
    const source = new LegacySource(path, open(path));
    source.rejectForeign();
    return source;
  } catch (error) {
    if (error instanceof LegacySourceError) throw new LegacySourceError(`${path} ${error.message}`);
    throw new DatabaseOpenError(path, describeFailure(error));
  }
}

/**
 * A file in WAL mode needs `-shm` beside it, which readers share and a read-only folder forbids to make.
 * Without a log it can be opened as immutable; with one that would leave out what the log holds.
 */
function open(path: string): Database {
  const database = openReader(path);
  try {
    database.script(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    database.all("SELECT name FROM sqlite_schema LIMIT 1");
    return database;
  } catch (error) {
    database.close();
    const hasLog = (statSync(`${realDatabasePath(path)}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
    const isFolderClosed = /^SQLITE_(CANTOPEN|READONLY)/.test(describeFailure(error).code ?? "");
    if (!isFolderClosed) throw error;
    if (hasLog) throw new LegacySourceError("has a log (-wal): copy both into a folder that can be written");
    return openReader(path, { immutable: true });
  }
}

function sha256(values: readonly LegacyValue[]): string {
  return createHash("sha256").update(JSON.stringify(values)).digest("hex");
}
