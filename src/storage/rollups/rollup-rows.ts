import type { Bindable } from "../bind.ts";
import type { Database, Row } from "../database.ts";
import { encodeBins, type Pending, sketchOf } from "./pending.ts";
import { encodeSketch, quantiles } from "./sketch.ts";
import { mergeTotals, type Totals } from "./totals.ts";

export const DAY_HOURS = 24;

export type RollupTable = "rollups_hourly" | "rollups_daily";

/** One row to be added to: what is in the table already, if anything, is merged in. */
export interface PendingRow {
  readonly bucket: number;
  readonly keyId: number;
  readonly pending: Pending;
}

const AGGREGATE_COLUMNS =
  "count, success_count, failure_count, sum_value, min_value, max_value, duration_count, sum_duration_ms, sketch";
const COLUMNS = `family_id, bucket, key_id, ${AGGREGATE_COLUMNS}`;
const TOTALS_COLUMNS = `${COLUMNS}, p50_duration_ms, p95_duration_ms, p99_duration_ms, created_ms, updated_ms`;
/** Rows a statement, largest first. */
const ROWS_PER_STATEMENT = [64, 8, 1] as const;
const RANKS = [0.5, 0.95, 0.99];

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

/** A row as it is stored. */
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
    // libsql hands out an ArrayBuffer.
    sketch: row.sketch === null ? null : new Uint8Array(row.sketch as unknown as ArrayBuffer),
  };
}

/** Add `rows` to a family's rows in `table`; inside a transaction. What they say is not changed. */
export function addRows(
  database: Database,
  table: RollupTable,
  family: { readonly id: number; readonly dimensions: readonly string[] },
  rows: PendingRow[],
  nowMs: number,
): void {
  const sql = SQL[table];
  // Most buckets of a backfill, and the first rows of an hour, have nothing to be merged with.
  const found = database.first(sql.newest, family.id)?.bucket ?? null;
  const newest = found === null ? Number.NEGATIVE_INFINITY : Number(found);
  const isTotals = family.dimensions.length === 0;
  const replace = isTotals ? sql.replaceTotals : sql.replace;
  // In the order of the table: neighbours share pages.
  rows.sort((a, b) => a.bucket - b.bucket || a.keyId - b.keyId);
  let at = 0;
  for (const count of ROWS_PER_STATEMENT) {
    for (; rows.length - at >= count; at += count) {
      const parameters: Bindable[] = [];
      for (let index = at; index < at + count; index += 1) {
        const row = rows[index];
        if (row === undefined) continue;
        const { bucket, keyId, pending } = row;
        const stored = bucket > newest ? undefined : database.first(sql.find, family.id, bucket, keyId);
        parameters.push(family.id, bucket, keyId);
        const sketch = pushMeasured(parameters, pending, stored && readTotals(stored));
        if (isTotals)
          pushPercentiles(
            parameters,
            sketch,
            stored === undefined ? nowMs : Number(stored.created_ms),
            nowMs,
          );
      }
      database.runBound(replace.get(count) ?? "", parameters);
    }
  }
}

/** `stored` is added to. Returns the sketch that was pushed. */
function pushMeasured(into: Bindable[], pending: Pending, stored: StoredTotals | undefined): Buffer | null {
  if (stored !== undefined) mergeTotals(stored, pending);
  const totals = stored ?? pending;
  const known = stored?.sketch ?? null;
  const encoded = known === null ? encodeBins(pending.bins) : encodeSketch(sketchOf(pending.bins, known));
  const sketch = encoded.length === 0 ? null : encoded;
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
  return sketch;
}

function pushPercentiles(into: Bindable[], sketch: Buffer | null, createdMs: number, nowMs: number): void {
  const percentiles = quantiles(sketchOf([], sketch), RANKS);
  for (const ms of percentiles) into.push(ms ?? null);
  into.push(createdMs, nowMs);
}
