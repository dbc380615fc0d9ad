/**
 * Whether the rollups say what the measurements say: `mcp-metrics rollups verify`.
 *
 * Hours are compared with the measurements they were made of, where retention has deleted neither yet; days
 * with their hours. Each hour is one look at the database, so that a service may go on writing.
 */
import { DAY_MS, HOUR_MS } from "../../lib/time.ts";
import { Totals } from "../../store/plan/totals.ts";
import { tableOfType } from "../../store/retention.ts";
import type { Database, Row } from "../file/database.ts";
import { createExpectation, type StoredFamily } from "./expectation.ts";
import { DAY_HOURS, encodeRow, readTotals } from "./rollup-rows.ts";

/** What was compared, and what was found. */
export interface Verification {
  /** Hours and days that were looked at; those whose measurements are deleted are counted, not compared. */
  readonly hours: number;
  readonly days: number;
  /** Measurements that were read. */
  readonly measurements: number;
  /** One line for each row that is wrong, missing or too many; the first `DIFFERENCES_SHOWN` of them. */
  readonly differences: readonly string[];
  /** How many there are in all; 0: the rollups are right. */
  readonly differenceCount: number;
}

const DIFFERENCES_SHOWN = 20;
/** Relative and absolute: sums of the same doubles in another order differ in their last digits. */
const ROUNDING = 1e-9;

/**
 * Compare all of them. On a connection that only reads, whether or not a service writes.
 *
 * @param onProgress called after each hour with how many of all are done.
 */
export function verifyRollups(
  database: Database,
  onProgress: (done: number, total: number) => void = () => {},
): Verification {
  const differences: string[] = [];
  let measurements = 0;
  const hours = hoursOf(database);
  for (const [index, hour] of hours.entries()) {
    measurements += database.snapshot(() => verifyHour(database, hour, differences));
    onProgress(index + 1, hours.length);
  }
  const days = database.snapshot(() => verifyDays(database, differences));
  return {
    hours: hours.length,
    days,
    measurements,
    differences: differences.slice(0, DIFFERENCES_SHOWN),
    differenceCount: differences.length,
  };
}

/** Every hour that has rows or measurements, ascending. */
function hoursOf(database: Database): number[] {
  const sql = `SELECT DISTINCT bucket AS hour FROM rollups_hourly
    UNION SELECT DISTINCT CAST(floor(ts / ${HOUR_MS}.0) AS INTEGER) FROM measurements ORDER BY 1`;
  return database.all(sql).map((row) => Number(row.hour));
}

/** Returns how many measurements it read. */
function verifyHour(database: Database, hour: number, differences: string[]): number {
  const families = readFamilies(database).filter(({ type }) => hour >= completeFrom(database, type));
  const expectation = createExpectation(database, families);
  const read = expectation.addHour(hour);
  for (const [family, { rows, byName }] of expectation.expected) {
    const bins = rows.sortedBins();
    const sql = `SELECT r.*, k.service, k.dimension_values FROM rollups_hourly AS r
      LEFT JOIN rollup_keys AS k ON k.id = r.key_id WHERE r.family_id = ? AND r.bucket = ?`;
    for (const row of database.all(sql, family.id, hour)) {
      const name = `${row.service} ${row.dimension_values}`;
      const wanted = byName.get(name);
      byName.delete(name);
      const problem =
        wanted === undefined
          ? compare(row, new Totals(), null)
          : compare(row, rows.totalsOf(wanted), encodeRow(bins, wanted));
      if (problem !== undefined) differences.push(`${describe(family, hour)} ${name}: ${problem}`);
    }
    for (const name of byName.keys()) differences.push(`${describe(family, hour)} ${name}: missing`);
  }
  return read;
}

/** What is wrong with a row; undefined: nothing. Counts and sketches must be equal, sums but for rounding. */
function compare(row: Row, wanted: Totals, sketch: Buffer | null): string | undefined {
  const found = readTotals(row);
  for (const name of ["count", "successCount", "failureCount", "durationCount"] as const) {
    if (found[name] !== wanted[name]) return `${name} is ${found[name]}, not ${wanted[name]}`;
  }
  for (const name of ["sumValue", "minValue", "maxValue", "sumDurationMs"] as const) {
    const tolerance = Math.abs(wanted[name]) * ROUNDING + ROUNDING;
    if (Math.abs(found[name] - wanted[name]) > tolerance)
      return `${name} is ${found[name]}, not ${wanted[name]}`;
  }
  return (sketch ?? Buffer.alloc(0)).equals(found.sketch ?? Buffer.alloc(0))
    ? undefined
    : "the sketch differs";
}

/** Days that are still there, with all of their hours, must be the sum of these. Returns how many. */
function verifyDays(database: Database, differences: string[]): number {
  const lost = ["metrics_hourly", "metrics_daily"].map((table) => deletedBefore(database, table));
  const firstDay = Math.ceil(Math.max(...lost) / DAY_MS);
  const sql = `
    WITH hours AS (
      SELECT family_id, CAST(floor(bucket / ${DAY_HOURS}.0) AS INTEGER) AS day, key_id, sum(count) AS count,
        sum(success_count) AS successes, sum(failure_count) AS failures, sum(duration_count) AS durations
      FROM rollups_hourly GROUP BY 1, 2, 3)
    SELECT coalesce(h.family_id, d.family_id) AS family_id, coalesce(h.day, d.bucket) AS day, h.count AS wanted,
      d.count AS found
    FROM hours AS h FULL JOIN rollups_daily AS d
      ON d.family_id = h.family_id AND d.bucket = h.day AND d.key_id = h.key_id
    WHERE coalesce(h.day, d.bucket) >= ? AND (h.count IS NOT d.count OR h.successes IS NOT d.success_count
      OR h.failures IS NOT d.failure_count OR h.durations IS NOT d.duration_count)`;
  for (const { family_id, day, wanted, found } of database.all(sql, firstDay)) {
    differences.push(`family ${family_id}, day ${day}: count is ${found}, its hours have ${wanted}`);
  }
  const count = "SELECT count(DISTINCT bucket) AS days FROM rollups_daily WHERE bucket >= ?";
  return Number(database.first(count, firstDay)?.days);
}

function readFamilies(database: Database): StoredFamily[] {
  const sql = "SELECT id, metric_type, dimensions, last_measurement_id FROM rollup_families";
  return database.all(sql).map((row) => ({
    id: Number(row.id),
    type: String(row.metric_type),
    dimensions: JSON.parse(String(row.dimensions)) as string[],
    lastMeasurementId: Number(row.last_measurement_id),
  }));
}

/** The first hour that is there itself, with all of its measurements: these may be kept for longer. */
function completeFrom(database: Database, metricType: string): number {
  const lost = [tableOfType(metricType).name, "metrics_hourly"].map((table) =>
    deletedBefore(database, table),
  );
  return Math.ceil(Math.max(...lost) / HOUR_MS);
}

function deletedBefore(database: Database, table: string): number {
  const row = database.first("SELECT deleted_before_ms FROM retention_policies WHERE table_name = ?", table);
  return Number(row?.deleted_before_ms ?? Number.MIN_SAFE_INTEGER);
}

function describe({ type, dimensions }: StoredFamily, hour: number): string {
  return `${type} by ${["service", ...dimensions].join(", ")}, ${new Date(hour * HOUR_MS).toISOString()}`;
}
