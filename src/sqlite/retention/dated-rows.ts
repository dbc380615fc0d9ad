/**
 * Retention of tables whose rows have a time of their own: deleted oldest first by the index on that time, in
 * the order of one table after the other.
 */

import { DAY_MS } from "../../lib/time.ts";
import { cutoffOf, type Survey } from "../../store/retention.ts";
import type { Database } from "../file/database.ts";
import { listPolicies, markDeletedBefore } from "./policies.ts";
import { type CleanupResult, type CleanupStep, readSurvey } from "./step.ts";

/** How a table tells the age of its rows. */
interface DatedColumns {
  /** Where the rows are, if SQL users see them through a view. */
  readonly table?: string;
  /** The columns of its key; `id` when absent. */
  readonly key?: string;
  /** Indexed. */
  readonly timestampColumn: string;
  /** How the column tells a time: UTC ISO 8601 text with milliseconds, or a number since 1970 UTC. */
  readonly unit: "iso" | "ms" | "days";
}

/**
 * From a time in ms since 1970 UTC to what a column holds, rounded so that no newer row is deleted; and back.
 */
const UNITS = {
  iso: { of: isoOf, msOf: (time: string | number) => Date.parse(String(time)) },
  ms: { of: (ms: number) => ms, msOf: Number },
  // A day goes when it has ended before the cutoff.
  days: {
    of: (ms: number) => Math.floor(ms / DAY_MS),
    msOf: (time: string | number) => Number(time) * DAY_MS,
  },
} as const;

/** By the name that SQL users see. */
const DATED: Readonly<Record<string, DatedColumns>> = {
  api_key_usage_log: { timestampColumn: "timestamp", unit: "iso" },
  server_metrics: { table: "server_points", timestampColumn: "ts", unit: "ms" },
  server_metrics_daily: {
    table: "server_days",
    key: "series_id, day",
    timestampColumn: "day",
    unit: "days",
  },
  server_events: { timestampColumn: "created_at", unit: "iso" },
  server_usage: { timestampColumn: "created_at", unit: "iso" },
};

/** Constant SQL for each table: names never come from a caller. */
const SQL = new Map(Object.entries(DATED).map(([name, columns]) => [name, statements(name, columns)]));

function statements(name: string, { table = name, key = "id", timestampColumn: column, unit }: DatedColumns) {
  return {
    ...UNITS[unit],
    remove: `DELETE FROM ${table} WHERE (${key}) IN (
      SELECT ${key} FROM ${table} WHERE ${column} < ? ORDER BY ${column} LIMIT CAST(? AS INTEGER))`,
    count: `SELECT count(*) AS total, min(${column}) AS oldest, max(${column}) AS newest,
      count(*) FILTER (WHERE ${column} < ?1) AS expired,
      max(${column}) FILTER (WHERE ${column} < ?1) AS newest_expired FROM ${table}`,
  };
}

function statementsOf(name: string) {
  const found = SQL.get(name);
  if (found === undefined) throw new Error(`${name} is no dated table`);
  return found;
}

/**
 * One step of a cleanup: delete up to `rowsMax` rows from before the cutoff, oldest first; inside a
 * transaction. There is no cursor: what is deleted is not found again.
 */
export function deleteDated(
  database: Database,
  name: string,
  { nowMs, rowsMax }: CleanupStep,
): CleanupResult {
  const policy = listPolicies(database).find(({ tableName }) => tableName === name);
  const cutoffMs = policy && cutoffOf(policy, nowMs);
  if (cutoffMs === undefined) return { done: {}, next: undefined };
  const { remove, of } = statementsOf(name);
  const { changes } = database.run(remove, of(cutoffMs), rowsMax);
  if (changes > 0) markDeletedBefore(database, name, cutoffMs);
  return { done: changes > 0 ? { [name]: changes } : {}, next: changes < rowsMax ? undefined : 0 };
}

/**
 * Count the rows of a table, in one statement that reads its index: such tables are small beside the metrics.
 */
export function surveyDated(database: Database, name: string, cutoffMs: number | undefined): Survey {
  const { count, of, msOf } = statementsOf(name);
  return readSurvey(database.first(count, of(cutoffMs ?? Number.MIN_SAFE_INTEGER)), msOf);
}

/**
 * Text that sorts as the times do. Before 1970 there are no rows, and before the year 1 texts sort wrongly.
 */
function isoOf(ms: number): string {
  return new Date(Math.max(ms, 0)).toISOString();
}
