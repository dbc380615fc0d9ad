import { statSync } from "node:fs";
import type { Database } from "./database.ts";
import { realDatabasePath } from "./real-path.ts";

/** How much of the disk the database takes. */
export interface DatabaseSize {
  readonly mainBytes: number;
  /** Of the write-ahead log. */
  readonly walBytes: number;
  readonly pageCount: number;
  /** Bytes. */
  readonly pageSize: number;
  readonly freePages: number;
}

export function databaseSize(database: Database, path: string): DatabaseSize {
  const pragma = (name: "page_count" | "page_size" | "freelist_count") =>
    Number(database.first(`PRAGMA ${name}`)?.[name]);
  return {
    mainBytes: bytesOf(path),
    // SQLite keeps its log beside the real file, not beside a link to it.
    walBytes: bytesOf(`${realDatabasePath(path)}-wal`),
    pageCount: pragma("page_count"),
    pageSize: pragma("page_size"),
    freePages: pragma("freelist_count"),
  };
}

function bytesOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** What a table holds. Times are ms since 1970 UTC; undefined when it is empty. */
export interface TableCount {
  readonly table: string;
  readonly total: number;
  readonly oldestMs: number | undefined;
  readonly newestMs: number | undefined;
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
