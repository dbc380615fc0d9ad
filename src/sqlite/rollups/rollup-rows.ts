import type { PendingRows, SortedBins } from "../../store/plan/pending-rows.ts";
import { encodeCounts, encodeSketch, quantiles, sketchOf } from "../../store/plan/sketch.ts";
import { mergeTotals, type Totals } from "../../store/plan/totals.ts";
import type { Bindable } from "../file/bind.ts";
import type { Database, Row } from "../file/database.ts";
import { SHOWN_RANKS } from "./stored-percentiles.ts";

/** Hours of a day in UTC, which knows no daylight saving: hour / 24 is the day. */
export const DAY_HOURS = 24;

/** Both have the key (family, bucket, key); a bucket is an hour or a day since 1970 UTC. */
export type RollupTable = "rollups_hourly" | "rollups_daily";

/** Where a pending row belongs: with what is in the table already, if anything, it is merged. */
export interface Place {
  readonly bucket: number;
  readonly keyId: number;
  /** Its number among the pending ones. */
  readonly row: number;
}

const AGGREGATE_COLUMNS =
  "count, success_count, failure_count, sum_value, min_value, max_value, duration_count, sum_duration_ms, sketch";
const COLUMNS = `family_id, bucket, key_id, ${AGGREGATE_COLUMNS}`;
const TOTALS_COLUMNS = `${COLUMNS}, p50_duration_ms, p95_duration_ms, p99_duration_ms, created_ms, updated_ms`;
/** Rows a statement, largest first: as for measurements, few prepared statements for any number of rows. */
const ROWS_PER_STATEMENT = [64, 8, 1] as const;

const SQL = { rollups_hourly: statements("rollups_hourly"), rollups_daily: statements("rollups_daily") };

function statements(table: RollupTable) {
  const replace = (columns: string) => {
    const row = `(${columns.replace(/\w+/g, "?")})`;
    return new Map<number, string>(
      ROWS_PER_STATEMENT.map((rows) => [
        rows,
        `INSERT OR REPLACE INTO ${table} (${columns}) VALUES ${Array(rows).fill(row).join(", ")}`,
      ]),
    );
  };
  return {
    newest: `SELECT max(bucket) AS bucket FROM ${table} WHERE family_id = ?`,
    find: `SELECT ${AGGREGATE_COLUMNS}, created_ms FROM ${table} WHERE family_id = ? AND bucket = ? AND key_id = ?`,
    replace: replace(COLUMNS),
    replaceTotals: replace(TOTALS_COLUMNS),
  };
}

const FIRST = `SELECT (SELECT min(bucket) FROM rollups_daily WHERE family_id = ?1) AS day,
  (SELECT min(bucket) FROM rollups_hourly WHERE family_id = ?1) AS hour`;

/** The oldest day that a family has a row of, or of an hour of; days since 1970 UTC, Infinity without any. */
export function firstDay(database: Database, familyId: number): number {
  const { day = null, hour = null } = database.first(FIRST, familyId) ?? {};
  return Math.min(
    day === null ? Number.POSITIVE_INFINITY : Number(day),
    hour === null ? Number.POSITIVE_INFINITY : Math.floor(Number(hour) / DAY_HOURS),
  );
}

/** A row as it is stored: its totals and its sketch. */
export interface StoredTotals extends Totals {
  /** Of the durations; null without any. */
  readonly sketch: Uint8Array | null;
}

/** What of a row is merged; `row` holds at least the columns that are. */
export function readTotals(row: Row): StoredTotals {
  return {
    count: Number(row.count),
    successCount: Number(row.success_count),
    failureCount: Number(row.failure_count),
    sumValue: Number(row.sum_value),
    minValue: Number(row.min_value),
    maxValue: Number(row.max_value),
    durationCount: Number(row.duration_count),
    sumDurationMs: Number(row.sum_duration_ms),
    // libsql hands out a Buffer, which the copy makes plain.
    sketch: row.sketch === null ? null : new Uint8Array(row.sketch as unknown as ArrayBuffer),
  };
}

/**
 * Add `pending` to a family's rows in `table`; inside a transaction. `places` are all of its rows, in the
 * order of the table's key. Each row is read, merged and replaced: a sketch cannot be merged in SQL.
 */
export function addRows(
  database: Database,
  table: RollupTable,
  family: { readonly id: number; readonly dimensions: readonly string[] },
  pending: PendingRows,
  places: readonly Place[],
  nowMs: number,
): void {
  const sql = SQL[table];
  // Most buckets of a backfill, and the first rows of an hour, have nothing to be merged with.
  const found = database.first(sql.newest, family.id)?.bucket ?? null;
  const newest = found === null ? Number.NEGATIVE_INFINITY : Number(found);
  const isTotals = family.dimensions.length === 0;
  const replace = isTotals ? sql.replaceTotals : sql.replace;
  const bins = pending.sortedBins();
  let at = 0;
  for (const count of ROWS_PER_STATEMENT) {
    for (; places.length - at >= count; at += count) {
      const parameters: Bindable[] = [];
      for (const { bucket, keyId, row } of places.slice(at, at + count)) {
        const known = bucket > newest ? undefined : database.first(sql.find, family.id, bucket, keyId);
        const stored = known && readTotals(known);
        const totals = pending.totalsOf(row);
        if (stored !== undefined) mergeTotals(totals, stored);
        const sketch = encodeRow(bins, row, stored?.sketch);
        parameters.push(family.id, bucket, keyId);
        pushTotals(parameters, totals, sketch);
        if (isTotals) pushPercentiles(parameters, sketch, Number(known?.created_ms ?? nowMs), nowMs);
      }
      database.runBound(replace.get(count) ?? "", parameters);
    }
  }
}

/** The encoded sketch of a pending row, merged with the stored one; null without any duration. */
export function encodeRow(
  { bins, startOfRow, sketches }: SortedBins,
  row: number,
  stored?: Uint8Array | null,
): Buffer | null {
  const counted = sketches.get(row);
  const known = counted === undefined ? stored : encodeCounts(counted, stored ?? undefined);
  const encoded = encodeSketch(bins, startOfRow[row] ?? 0, startOfRow[row + 1] ?? 0, known ?? undefined);
  return encoded.length === 0 ? null : encoded;
}

function pushTotals(into: Bindable[], totals: Totals, sketch: Buffer | null): void {
  into.push(
    totals.count,
    totals.successCount,
    totals.failureCount,
    totals.sumValue,
    totals.minValue,
    totals.maxValue,
    totals.durationCount,
    totals.sumDurationMs,
    sketch,
  );
}

function pushPercentiles(into: Bindable[], sketch: Buffer | null, createdMs: number, nowMs: number): void {
  const percentiles = quantiles(sketchOf(sketch), SHOWN_RANKS);
  for (const ms of percentiles) into.push(ms ?? null);
  into.push(createdMs, nowMs);
}
