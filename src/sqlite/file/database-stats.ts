import { statSync } from "node:fs";
import type { TableCount } from "../../store/upkeep.ts";
import type { Database } from "./database.ts";
import { realDatabasePath } from "./real-path.ts";

/**
 * Sizes in bytes and pages, for operators. The two files are asked of the file system and the pages of the
 * connection, so that they may be of two moments, a commit apart.
 */
export function databaseSize(database: Database, path: string) {
  const pragma = (name: "page_count" | "page_size" | "freelist_count") =>
    Number(database.first(`PRAGMA ${name}`)?.[name]);
  return {
    mainBytes: bytesOf(path),
    walBytes: databaseLogBytes(path),
    pageCount: pragma("page_count"),
    pageSize: pragma("page_size"),
    freePages: pragma("freelist_count"),
  };
}

/** 0 for a file that is not there: SQLite makes the log with the first write. */
function bytesOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** Bytes of the database and its log on disk. Two `stat` calls: cheap enough for every scrape. */
export function databaseFileBytes(path: string): number {
  return bytesOf(path) + databaseLogBytes(path);
}

/**
 * Bytes of the write-ahead log on disk. A log that starts anew is overwritten from its beginning and keeps
 * its size, so that this is the most it has held since it was last truncated. SQLite keeps its log beside the
 * real file, not beside a link to it.
 */
export function databaseLogBytes(path: string): number {
  return bytesOf(`${realDatabasePath(path)}-wal`);
}

/** Bytes that the log may come to beside a database that is smaller than that. */
const BACKUP_LOG_BYTES = 1_000_000_000;

/**
 * What the log holds while a backup is written, and may, in bytes: as much as the database, since a backup
 * has as much room on the disk as that. Beyond, the backup is given up before the disk is full.
 */
export function backupLog(path: string): { readonly bytes: number; readonly bytesMax: number } {
  return { bytes: databaseLogBytes(path), bytesMax: Math.max(BACKUP_LOG_BYTES, bytesOf(path)) };
}

/** The tables without a retention policy that operators ask about, and the column that tells a row's age. */
const UNGOVERNED = [
  { table: "api_keys", column: "created_at" },
  { table: "servers", column: "created_at" },
  { table: "admin_audit_log", column: "timestamp" },
  { table: "schema_migrations", column: "applied_at" },
].map(({ table, column }) => ({
  table,
  sql: `SELECT count(*) AS total, min(${column}) AS oldest, max(${column}) AS newest FROM ${table}`,
}));

/**
 * Rows of each such table, with the oldest and the newest time in it. Reads the tables whole: they are small.
 */
export function countUngoverned(database: Database): readonly TableCount[] {
  const at = (text: unknown) => (text == null ? undefined : Date.parse(String(text)));
  return UNGOVERNED.map(({ table, sql }) => {
    const row = database.first(sql);
    return { table, total: Number(row?.total), oldestMs: at(row?.oldest), newestMs: at(row?.newest) };
  });
}
