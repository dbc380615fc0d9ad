/** Files that another program made: what this one may move into, and what it must leave alone. */
import type { Database } from "./database.ts";

/** What a foreign file is to us. */
export type Foreign = "vacant" | "predecessor" | "occupied";

/** A column of each that tells the predecessor's tables from others of these names. */
const PREDECESSOR_COLUMNS = {
  api_keys: "key_hash",
  metrics: "metric_type",
  auth_metrics: "request_id",
  tool_metrics: "request_id",
  discovery_metrics: "request_id",
} as const;

/** SQLite's own names: `sqlite_sequence` stays behind when everything was undone. */
const OBJECTS = "SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

/**
 * What a database is that has no migrations of ours. `vacant`: at the most tables without a row under names
 * that none of `migrations` gives to anything, such as a sidecar makes for its health check. They can stay where
 * they are, and nobody's data is mistaken for ours.
 */
export function appraise(database: Database, migrations: readonly { readonly up: string }[]): Foreign {
  const found = database.all(OBJECTS).map(({ type, name }) => ({ type: String(type), name: String(name) }));
  if (found.some(({ name }) => name === "schema_migrations") || isPredecessor(database)) return "predecessor";
  const ours = new Set(migrations.flatMap(({ up }) => [...namesMadeBy(up)]));
  const canStay = found.every(
    ({ type, name }) =>
      !ours.has(name.toLowerCase()) && (type === "index" || (type === "table" && isEmpty(database, name))),
  );
  return canStay ? "vacant" : "occupied";
}

function isPredecessor(database: Database): boolean {
  const sql = "SELECT 1 FROM pragma_table_info(?) WHERE name = ?";
  return Object.entries(PREDECESSOR_COLUMNS).some(
    ([table, column]) => database.first(sql, table, column) !== undefined,
  );
}

function namesMadeBy(up: string): Iterable<string> {
  const made = up.matchAll(/CREATE (?:UNIQUE )?(?:TABLE|VIEW|INDEX|TRIGGER)\s+(\w+)/gi);
  return Array.from(made, ([, name = ""]) => name.toLowerCase());
}

function isEmpty(database: Database, table: string): boolean {
  return database.first(`SELECT 1 FROM "${table.replaceAll('"', '""')}" LIMIT 1`) === undefined;
}
