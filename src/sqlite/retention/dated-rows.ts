/** Rows with a time of their own that policies have given up. */
import { DAY_MS } from "../../lib/time.ts";
import { type DatedTable, RETENTION_TABLES, type RetentionTable } from "../../store/plan/retention-tables.ts";
import type { Database } from "../file/database.ts";
import { cutoffOf, listPolicies, noteDeleted } from "./policies.ts";
import { type CleanupStep, type CleanupStepResult, readSurvey, type Survey } from "./step.ts";

/** Constant SQL for each table of the list: names come from there, never from a caller. */
const SQL = new Map(RETENTION_TABLES.filter(isDated).map((table) => [table.name, statements(table)]));

function isDated(table: RetentionTable): table is DatedTable {
  return table.kind === "dated";
}

function statements({ name, table = name, key = "id", timestampColumn: column }: DatedTable) {
  return {
    remove: `DELETE FROM ${table} WHERE (${key}) IN (
      SELECT ${key} FROM ${table} WHERE ${column} < ? ORDER BY ${column} LIMIT CAST(? AS INTEGER))`,
    count: `SELECT count(*) AS total, min(${column}) AS oldest, max(${column}) AS newest,
      count(*) FILTER (WHERE ${column} < ?1) AS doomed,
      max(${column}) FILTER (WHERE ${column} < ?1) AS newest_doomed FROM ${table}`,
  };
}

function statementsOf({ name }: DatedTable) {
  const found = SQL.get(name);
  if (found === undefined) throw new Error(`${name} is no dated table`);
  return found;
}

/** Delete up to `rowsMax` rows from before the cutoff, oldest first; in a transaction. */
export function deleteDated(
  database: Database,
  table: DatedTable,
  { nowMs, rowsMax }: CleanupStep,
): CleanupStepResult {
  const policy = listPolicies(database).find(({ tableName }) => tableName === table.name);
  const cutoffMs = policy && cutoffOf(policy, nowMs);
  if (cutoffMs === undefined) return { deleted: {}, cursor: undefined };
  const { changes } = database.run(statementsOf(table).remove, UNITS[table.unit].of(cutoffMs), rowsMax);
  if (changes > 0) noteDeleted(database, table.name, cutoffMs);
  return { deleted: changes > 0 ? { [table.name]: changes } : {}, cursor: changes < rowsMax ? undefined : 0 };
}

/** Count the rows of a table. */
export function surveyDated(database: Database, table: DatedTable, cutoffMs: number | undefined): Survey {
  const { of, msOf } = UNITS[table.unit];
  const row = database.first(statementsOf(table).count, of(cutoffMs ?? Number.MIN_SAFE_INTEGER));
  return readSurvey(row, msOf);
}

/** The first instant of which rows stay, as a column holds times, and the time that a column tells. */
const UNITS = {
  iso: { of: isoOf, msOf: (time: string | number) => Date.parse(String(time)) },
  ms: { of: (ms: number) => ms, msOf: Number },
  // A day goes when it has ended before the cutoff.
  days: {
    of: (ms: number) => Math.floor(ms / DAY_MS),
    msOf: (time: string | number) => Number(time) * DAY_MS,
  },
} as const;

/** Text that sorts as the times do. Before 1970 there are no rows, and before the year 1 texts sort wrongly. */
function isoOf(ms: number): string {
  return new Date(Math.max(ms, 0)).toISOString();
}
