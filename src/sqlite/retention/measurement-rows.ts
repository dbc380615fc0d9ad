/**
 * Retention of measurements: those that have expired are found in the order of event time, and counted by id.
 *
 * Several policies govern one table, by metric type, so that one walk serves all of them.
 */

import { METRIC_TYPES } from "../../catalogue/catalogue.ts";
import type { Step } from "../../store/plan/steps.ts";
import {
  cutoffOf,
  MEASUREMENT_TABLES,
  type MeasurementTable,
  type Survey,
  tableOfType,
} from "../../store/retention.ts";
import type { Database } from "../file/database.ts";
import { deleteReports } from "../metrics/instance-reports.ts";
import { deleteLatestValues } from "../metrics/latest-values.ts";
import { listPolicies, markDeletedBefore } from "./policies.ts";
import { type CleanupResult, type CleanupStep, readSurvey } from "./step.ts";

/** Where a walk through the measurements by event time has come to: the last row that was looked at. */
export interface MeasurementCursor {
  readonly ts: number;
  readonly id: number;
}

// In two parts, so that a walk never looks twice at rows that stay, of which one instant may have millions.
const NEXT = `
  SELECT m.id, m.ts, d.metric_type FROM (
    SELECT * FROM (
      SELECT id, ts, dimension_set_id FROM measurements INDEXED BY measurements_ts
      WHERE ts = ?1 AND id > ?2 ORDER BY id LIMIT CAST(?4 AS INTEGER))
    UNION ALL
    SELECT * FROM (
      SELECT id, ts, dimension_set_id FROM measurements INDEXED BY measurements_ts
      WHERE ts > ?1 AND ts < ?3 ORDER BY ts, id LIMIT CAST(?4 AS INTEGER))
    LIMIT CAST(?4 AS INTEGER)
  ) AS m CROSS JOIN dimension_sets AS d ON d.id = m.dimension_set_id`;

/**
 * One step of a cleanup: delete what has expired of `tables` among the next `rowsMax` measurements; inside a
 * transaction. Policies are read anew in each step, so that a change of one is in force with the next. A
 * measurement that is not in every rollup of its type yet stays for a later run: deleting never changes a
 * rollup.
 */
export function deleteMeasurements(
  database: Database,
  { tables, nowMs, cursor, rowsMax }: CleanupStep,
): CleanupResult {
  const cutoffs = readCutoffs(database, tables, nowMs);
  const deleted: Record<string, number> = {};
  if (cutoffs.size === 0) return { done: deleted, next: undefined };
  const from = (cursor as MeasurementCursor | undefined) ?? { ts: Number.MIN_SAFE_INTEGER, id: 0 };
  const found = database.all(NEXT, from.ts, from.id, Math.max(...cutoffs.values()), rowsMax);
  const rolledUp = readRolledUp(database);
  const expired: number[] = [];
  for (const row of found) {
    const { name } = tableOfType(String(row.metric_type));
    const isExpired = Number(row.ts) < (cutoffs.get(name) ?? Number.NEGATIVE_INFINITY);
    if (!isExpired || Number(row.id) > (rolledUp.get(String(row.metric_type)) ?? Infinity)) continue;
    expired.push(Number(row.id));
    deleted[name] = (deleted[name] ?? 0) + 1;
  }
  // All types with states are of this policy, having no view of their own.
  const statesCutoffMs = cursor === undefined ? cutoffs.get("metrics") : undefined;
  if (statesCutoffMs !== undefined) {
    deleteLatestValues(database, statesCutoffMs, rowsMax);
    deleteReports(database, statesCutoffMs, rowsMax);
  }
  for (const name of Object.keys(deleted)) markDeletedBefore(database, name, cutoffs.get(name) ?? 0);
  if (expired.length > 0) {
    const sql = "DELETE FROM measurements WHERE id IN (SELECT value FROM json_each(?))";
    database.run(sql, JSON.stringify(expired));
  }
  const last = found.at(-1);
  const isOver = last === undefined || found.length < rowsMax;
  return { done: deleted, next: isOver ? undefined : { ts: Number(last.ts), id: Number(last.id) } };
}

function readCutoffs(database: Database, tables: readonly string[], nowMs: number): Map<string, number> {
  const cutoffs = new Map<string, number>();
  for (const policy of listPolicies(database)) {
    const cutoffMs = tables.includes(policy.tableName) ? cutoffOf(policy, nowMs) : undefined;
    if (cutoffMs !== undefined) cutoffs.set(policy.tableName, cutoffMs);
  }
  return cutoffs;
}

/**
 * Metric type → the last measurement that all its rollups hold. A type that is rolled up no more has none.
 */
function readRolledUp(database: Database): Map<string, number> {
  const stored = new Map(
    database
      .all("SELECT metric_type, dimensions, last_measurement_id FROM rollup_families")
      .map((row) => [`${row.metric_type} ${row.dimensions}`, Number(row.last_measurement_id)]),
  );
  return new Map(
    METRIC_TYPES.map(({ name, rollups }) => [
      name,
      Math.min(...[[], ...rollups].map((family) => stored.get(`${name} ${JSON.stringify(family)}`) ?? 0)),
    ]),
  );
}

/** Ids that one step counts: a tenth of a second of the reader, which meanwhile answers no query. */
const IDS_PER_SURVEY = 200_000;

const OWN = `IN (SELECT id FROM dimension_sets WHERE metric_type = ?4)`;
const OTHERS = `NOT IN (SELECT id FROM dimension_sets WHERE metric_type IN (SELECT value FROM json_each(?4)))`;
const counting = (types: string) => `
  SELECT count(*) AS total, min(ts) AS oldest, max(ts) AS newest,
    count(*) FILTER (WHERE ts < ?3) AS expired, max(ts) FILTER (WHERE ts < ?3) AS newest_expired
  FROM measurements WHERE id > ?1 AND id <= ?2 AND dimension_set_id ${types}`;
const COUNT_OWN = counting(OWN);
const COUNT_OTHERS = counting(OTHERS);

/** One step of counting the measurements that a policy governs; the cursor is an id. */
export function surveyMeasurements(
  database: Database,
  table: MeasurementTable,
  cutoffMs: number | undefined,
  cursor: number | undefined,
): Step<Survey, number> {
  const ids = database.first("SELECT min(id) AS oldest, max(id) AS newest FROM measurements");
  const from = Math.max(cursor ?? 0, Number(ids?.oldest ?? 1) - 1);
  const to = from + IDS_PER_SURVEY;
  const others = JSON.stringify(MEASUREMENT_TABLES.flatMap(({ metricType }) => metricType ?? []));
  const sql = table.metricType === undefined ? COUNT_OTHERS : COUNT_OWN;
  const cutoff = cutoffMs ?? Number.MIN_SAFE_INTEGER;
  const row = database.first(sql, from, to, cutoff, table.metricType ?? others);
  const isOver = to >= Number(ids?.newest ?? 0);
  return { done: readSurvey(row, Number), next: isOver ? undefined : to };
}
