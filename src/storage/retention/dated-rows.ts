/** Rows with a time of their own that policies have given up. */
import type { Database } from "../database.ts";
import { cutoffOf, listPolicies, noteDeleted } from "./policies.ts";
import { type CleanupStep, type CleanupStepResult, readSurvey, type Survey } from "./step.ts";
import { type DatedTable, RETENTION_TABLES } from "./tables.ts";

/** Constant SQL for each table of the list: names come from there, never from a caller. */
const SQL = new Map(
  RETENTION_TABLES.filter((table) => table.kind === "dated").map(({ name, timestampColumn: column }) => [
    name,
    {
      remove: `DELETE FROM ${name} WHERE id IN (
        SELECT id FROM ${name} WHERE ${column} < ? ORDER BY ${column} LIMIT CAST(? AS INTEGER))`,
      count: `SELECT count(*) AS total, min(${column}) AS oldest, max(${column}) AS newest,
        count(*) FILTER (WHERE ${column} < ?1) AS doomed,
        max(${column}) FILTER (WHERE ${column} < ?1) AS newest_doomed FROM ${name}`,
    },
  ]),
);

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
  const { changes } = database.run(statementsOf(table).remove, isoOf(cutoffMs), rowsMax);
  if (changes > 0) noteDeleted(database, table.name, cutoffMs);
  return { deleted: changes > 0 ? { [table.name]: changes } : {}, cursor: changes < rowsMax ? undefined : 0 };
}

/** Count the rows of a table. */
export function surveyDated(database: Database, table: DatedTable, cutoffMs: number | undefined): Survey {
  const row = database.first(statementsOf(table).count, cutoffMs === undefined ? "" : isoOf(cutoffMs));
  return readSurvey(row, (text) => Date.parse(String(text)));
}

/** Text that sorts as the times do. Before the year 1 there are no rows, and ISO texts would sort wrongly. */
function isoOf(ms: number): string {
  const earliest = Date.UTC(1970, 0, 1);
  return new Date(Math.max(ms, earliest)).toISOString();
}
