import { statSync } from "node:fs";
import type { TableCount } from "../../store/upkeep.ts";
import type { Database } from "./database.ts";
import { realDatabasePath } from "./real-path.ts";

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

function bytesOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** Bytes of the database and its log on disk. */
export function databaseFileBytes(path: string): number {
  return bytesOf(path) + databaseLogBytes(path);
}

/**
 * Bytes of the write-ahead log on disk; of the part that is used, it says nothing. SQLite keeps its log beside
 * the real file, not beside a link to it.
 */
export function databaseLogBytes(path: string): number {
  return bytesOf(`${realDatabasePath(path)}-wal`);
}

/** What the log may come to beside a small database. */
const BACKUP_LOG_BYTES = 1_000_000_000;

/** What the log holds while a backup is written, and may: as much as the database, which a backup needs room for. */
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

export function countUngoverned(database: Database): readonly TableCount[] {
  const at = (text: unknown) => (text == null ? undefined : Date.parse(String(text)));
  return UNGOVERNED.map(({ table, sql }) => {
    const row = database.first(sql);
    return { table, total: Number(row?.total), oldestMs: at(row?.oldest), newestMs: at(row?.newest) };
  });
}
