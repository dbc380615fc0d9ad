import type { Database } from "../../../src/sqlite/file/database.ts";
import { deleteExpired, surveyTable } from "../../../src/sqlite/retention/operations.ts";
import { listPolicies, setPolicy } from "../../../src/sqlite/retention/policies.ts";
import { cutoffOf, emptySurvey, mergeSurvey, RETENTION_TABLES } from "../../../src/store/retention.ts";
import { NOW_MS } from "../../support/time.ts";
import { openMigrated, temporaryPath } from "../databases.ts";
import { createSubmitter } from "../submitter.ts";

/** A metric type for each policy over measurements. */
export const TYPE_OF: Readonly<Record<string, string>> = {
  metrics: "health_check",
  auth_metrics: "auth_request",
  discovery_metrics: "tool_discovery",
  tool_metrics: "tool_execution",
};

/** A new database, and what puts metrics of given event times into it. */
export function setup() {
  const path = temporaryPath();
  const database = openMigrated(path);
  const submitter = createSubmitter(database);
  return {
    path,
    database,
    submit(type: string, ...timesMs: readonly number[]): void {
      const metrics = timesMs.map((timestamp) => ({ type, value: 1, duration_ms: 5, timestamp }));
      submitter.submit({ metrics });
    },
    rollUp(): void {
      for (let target = submitter.rollups.flushStep(NOW_MS); target !== undefined; ) {
        target = submitter.rollups.flushStep(NOW_MS, target);
      }
    },
    rollups: submitter.rollups,
  };
}

/** Event times of what is stored, oldest first. */
export function times(database: Database, type?: string): readonly number[] {
  const sql = `SELECT ts FROM measurements JOIN dimension_sets AS d ON d.id = dimension_set_id
    WHERE metric_type = coalesce(?, metric_type) ORDER BY ts, measurements.id`;
  return database.all(sql, type).map(({ ts }) => Number(ts));
}

export function setDays(database: Database, tableName: string, retentionDays: number, isActive = true): void {
  setPolicy(database, { tableName, retentionDays, isActive }, NOW_MS);
}

/** How many rows of each table a preview says would be deleted; tables without any are left out. */
export function previewed(database: Database, tables: readonly string[], nowMs = NOW_MS) {
  const expired: Record<string, number> = {};
  for (const policy of listPolicies(database).filter(({ tableName }) => tables.includes(tableName))) {
    const { tableName: table } = policy;
    const cutoffMs = cutoffOf(policy, nowMs);
    let whole = emptySurvey();
    let cursor: number | undefined;
    do {
      const step = surveyTable(database, { table, cutoffMs, totalsOnly: false, cursor });
      whole = mergeSurvey(whole, step.done);
      cursor = step.next;
    } while (cursor !== undefined);
    if (whole.expired > 0) expired[table] = whole.expired;
  }
  return expired;
}

/** The groups that tables are cleaned in. */
export const GROUPS: readonly (readonly string[])[] = [
  Object.keys(TYPE_OF),
  ...RETENTION_TABLES.filter(({ kind }) => kind !== "measurements").map(({ name }) => [name]),
];

/** One cleanup of tables that go together, in steps of `rowsMax`. Returns what was deleted, and the steps. */
export function cleanUp(database: Database, tables: readonly string[], nowMs = NOW_MS, rowsMax = 1000) {
  const deleted: Record<string, number> = {};
  let steps = 0;
  let cursor: unknown;
  do {
    const step = deleteExpired(database, { tables, nowMs, cursor, rowsMax });
    for (const [table, rows] of Object.entries(step.done)) deleted[table] = (deleted[table] ?? 0) + rows;
    cursor = step.next;
    steps += 1;
  } while (cursor !== undefined);
  return { deleted, steps };
}
