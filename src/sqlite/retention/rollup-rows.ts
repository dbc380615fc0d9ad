/**
 * Retention of rollups: hours and days of every family. SQL users see the totals alone (`metrics_hourly`,
 * `metrics_daily`); breakdowns by other dimensions go with them.
 */

import { HOUR_MS } from "../../lib/time.ts";
import type { Step } from "../../store/plan/steps.ts";
import { cutoffOf, emptySurvey, type RetainedRollups, type Survey } from "../../store/retention.ts";
import type { Database } from "../file/database.ts";
import { listPolicies, markDeletedBefore } from "./policies.ts";
import { type CleanupResult, type CleanupStep, readSurvey } from "./step.ts";

/** By the view that SQL users see. Constant SQL: names never come from a caller. */
const SQL: Readonly<Record<string, ReturnType<typeof statements>>> = {
  metrics_hourly: statements("rollups_hourly"),
  metrics_daily: statements("rollups_daily"),
};

function statementsFor({ name }: RetainedRollups) {
  const found = SQL[name];
  if (found === undefined) throw new Error(`${name} is no table of rollups`);
  return found;
}

function statements(table: "rollups_hourly" | "rollups_daily") {
  return {
    remove: `DELETE FROM ${table} WHERE (family_id, bucket, key_id) IN (
      SELECT family_id, bucket, key_id FROM ${table}
      WHERE family_id = ? AND bucket < ? ORDER BY bucket, key_id LIMIT CAST(? AS INTEGER))`,
    count: `SELECT count(*) AS total, min(bucket) AS oldest, max(bucket) AS newest,
      count(*) FILTER (WHERE bucket < ?2) AS expired, max(bucket) FILTER (WHERE bucket < ?2) AS newest_expired
      FROM ${table} WHERE family_id = ?1`,
  };
}

const FORGET_HOURS = "DELETE FROM rollup_hours WHERE family_id = ? AND bucket < ?";

const NEXT_FAMILY =
  "SELECT id FROM rollup_families WHERE id >= ? AND (dimensions = '[]' OR NOT ?) ORDER BY id LIMIT 1";

/**
 * One step of a cleanup: delete up to `rowsMax` rows of buckets that ended before the cutoff, family after
 * family; inside a transaction. The cursor is the family it came to.
 */
export function deleteRollups(
  database: Database,
  table: RetainedRollups,
  { nowMs, cursor, rowsMax }: CleanupStep,
): CleanupResult {
  const policy = listPolicies(database).find(({ tableName }) => tableName === table.name);
  const cutoffMs = policy && cutoffOf(policy, nowMs);
  if (cutoffMs === undefined) return { done: {}, next: undefined };
  let family = nextFamily(database, Number(cursor ?? 0));
  let rows = 0;
  while (family !== undefined && rows < rowsMax) {
    const bucket = firstKept(table, cutoffMs);
    const { changes } = database.run(statementsFor(table).remove, family, bucket, rowsMax - rows);
    rows += changes;
    // Nobody asks when they changed any more: the note below says that they are gone.
    if (table.bucketMs === HOUR_MS) database.run(FORGET_HOURS, family, bucket);
    // Less than was asked for: this family has no more.
    if (rows < rowsMax) family = nextFamily(database, family + 1);
  }
  if (rows > 0) markDeletedBefore(database, table.name, firstKept(table, cutoffMs) * table.bucketMs);
  return { done: rows > 0 ? { [table.name]: rows } : {}, next: family };
}

/**
 * One step of counting the rows of a table: those of one family; the cursor is the least id of the next.
 * `totalsOnly`: only the family without dimensions, whose rows SQL users see.
 */
export function surveyRollups(
  database: Database,
  table: RetainedRollups,
  { cutoffMs, totalsOnly }: { readonly cutoffMs: number | undefined; readonly totalsOnly: boolean },
  cursor: number | undefined,
): Step<Survey, number> {
  const family = nextFamily(database, cursor ?? 0, totalsOnly);
  if (family === undefined) return { done: emptySurvey(), next: undefined };
  const before = cutoffMs === undefined ? Number.MIN_SAFE_INTEGER : firstKept(table, cutoffMs);
  const row = database.first(statementsFor(table).count, family, before);
  const survey = readSurvey(row, (bucket) => Number(bucket) * table.bucketMs);
  return { done: survey, next: family + 1 };
}

/** A bucket goes when its last instant is before the cutoff: when it ends at it or earlier. */
function firstKept(table: RetainedRollups, cutoffMs: number): number {
  return Math.floor(cutoffMs / table.bucketMs);
}

function nextFamily(database: Database, from: number, totalsOnly = false): number | undefined {
  const row = database.first(NEXT_FAMILY, from, totalsOnly);
  return row === undefined ? undefined : Number(row.id);
}
