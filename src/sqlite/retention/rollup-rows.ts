/** The hours and days that policies have given up, in every breakdown. */
import { HOUR_MS } from "../../lib/time.ts";
import type { RollupTable } from "../../store/plan/retention-tables.ts";
import type { Database } from "../file/database.ts";
import { cutoffOf, listPolicies, noteDeleted } from "./policies.ts";
import { type CleanupStep, type CleanupStepResult, readSurvey, type Survey } from "./step.ts";

const SQL = { rollups_hourly: statements("rollups_hourly"), rollups_daily: statements("rollups_daily") };

function statements(table: RollupTable["table"]) {
  return {
    remove: `DELETE FROM ${table} WHERE (family_id, bucket, key_id) IN (
      SELECT family_id, bucket, key_id FROM ${table}
      WHERE family_id = ? AND bucket < ? ORDER BY bucket, key_id LIMIT CAST(? AS INTEGER))`,
    count: `SELECT count(*) AS total, min(bucket) AS oldest, max(bucket) AS newest,
      count(*) FILTER (WHERE bucket < ?2) AS doomed, max(bucket) FILTER (WHERE bucket < ?2) AS newest_doomed
      FROM ${table} WHERE family_id = ?1`,
  };
}

const FORGET_HOURS = "DELETE FROM rollup_hours WHERE family_id = ? AND bucket < ?";

const NEXT_FAMILY =
  "SELECT id FROM rollup_families WHERE id >= ? AND (dimensions = '[]' OR NOT ?) ORDER BY id LIMIT 1";

/** Delete up to `rowsMax` rows of buckets that ended before the cutoff; in a transaction. */
export function deleteRollups(
  database: Database,
  table: RollupTable,
  { nowMs, cursor, rowsMax }: CleanupStep,
): CleanupStepResult {
  const policy = listPolicies(database).find(({ tableName }) => tableName === table.name);
  const cutoffMs = policy && cutoffOf(policy, nowMs);
  if (cutoffMs === undefined) return { deleted: {}, cursor: undefined };
  let family = nextFamily(database, Number(cursor ?? 0));
  let rows = 0;
  while (family !== undefined && rows < rowsMax) {
    const bucket = firstKept(table, cutoffMs);
    const { changes } = database.run(SQL[table.table].remove, family, bucket, rowsMax - rows);
    rows += changes;
    // Nobody asks when they changed any more: the note below says that they are gone.
    if (table.bucketMs === HOUR_MS) database.run(FORGET_HOURS, family, bucket);
    // Less than was asked for: this family has no more.
    if (rows < rowsMax) family = nextFamily(database, family + 1);
  }
  if (rows > 0) noteDeleted(database, table.name, firstKept(table, cutoffMs) * table.bucketMs);
  return { deleted: rows > 0 ? { [table.name]: rows } : {}, cursor: family };
}

/** Count the rows of a table, one family at a time: repeat with the cursor until there is none. */
export function surveyRollups(
  database: Database,
  table: RollupTable,
  { cutoffMs, totalsOnly }: { readonly cutoffMs: number | undefined; readonly totalsOnly: boolean },
  cursor: number | undefined,
): { readonly survey: Survey | undefined; readonly cursor: number | undefined } {
  const family = nextFamily(database, cursor ?? 0, totalsOnly);
  if (family === undefined) return { survey: undefined, cursor: undefined };
  const before = cutoffMs === undefined ? Number.MIN_SAFE_INTEGER : firstKept(table, cutoffMs);
  const row = database.first(SQL[table.table].count, family, before);
  const survey = readSurvey(row, (bucket) => Number(bucket) * table.bucketMs);
  return { survey, cursor: family + 1 };
}

/** A bucket goes when its last instant is before the cutoff: when it ends at it or earlier. */
function firstKept(table: RollupTable, cutoffMs: number): number {
  return Math.floor(cutoffMs / table.bucketMs);
}

function nextFamily(database: Database, from: number, totalsOnly = false): number | undefined {
  const row = database.first(NEXT_FAMILY, from, totalsOnly);
  return row === undefined ? undefined : Number(row.id);
}
