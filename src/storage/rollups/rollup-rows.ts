import type { Bindable } from "../bind.ts";
import type { Database, Row } from "../database.ts";
import { type Aggregate, type AggregateRow, createAggregate, mergeAggregate, mergeRow } from "./aggregate.ts";
import { encodeSketch, quantiles } from "./sketch.ts";

export const HOUR_MS = 3_600_000;
export const DAY_HOURS = 24;

export type RollupTable = "rollups_hourly" | "rollups_daily";

/** One row to be added to: what is in the table already, if anything, is merged in. */
export interface PendingRow {
  readonly bucket: number;
  readonly keyId: number;
  readonly aggregate: Aggregate;
}

const AGGREGATE_COLUMNS =
  "count, success_count, failure_count, sum_value, min_value, max_value, duration_count, sum_duration_ms, sketch";
const COLUMNS = `family_id, bucket, key_id, ${AGGREGATE_COLUMNS}, p50_duration_ms, p95_duration_ms, p99_duration_ms, created_ms, updated_ms`;
const COLUMN_COUNT = COLUMNS.split(",").length;
/** Rows a statement, largest first. */
const ROWS_PER_STATEMENT = [32, 1] as const;
const RANKS = [0.5, 0.95, 0.99];

const SQL = {
  rollups_hourly: statements("rollups_hourly"),
  rollups_daily: statements("rollups_daily"),
};

function statements(table: RollupTable) {
  const row = `(${Array(COLUMN_COUNT).fill("?").join(", ")})`;
  const write = (rows: number) =>
    `INSERT OR REPLACE INTO ${table} (${COLUMNS}) VALUES ${Array(rows).fill(row).join(", ")}`;
  return {
    newest: `SELECT max(bucket) AS bucket FROM ${table} WHERE family_id = ?`,
    find: `SELECT ${AGGREGATE_COLUMNS}, created_ms FROM ${table} WHERE family_id = ? AND bucket = ? AND key_id = ?`,
    write: new Map<number, string>(ROWS_PER_STATEMENT.map((rows) => [rows, write(rows)])),
  };
}

/** What of a row is merged; `row` holds at least the aggregate's columns. */
export function readAggregate(row: Row): AggregateRow {
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

/** Add `rows` to a family's rows in `table`; inside a transaction. `rows` stay as they are. */
export function addRows(
  database: Database,
  table: RollupTable,
  family: { readonly id: number; readonly dimensions: readonly string[] },
  rows: readonly PendingRow[],
  nowMs: number,
): void {
  const sql = SQL[table];
  // Most buckets of a backfill, and the first rows of an hour, have nothing to be merged with.
  const found = database.first(sql.newest, family.id)?.bucket ?? null;
  const newest = found === null ? Number.NEGATIVE_INFINITY : Number(found);
  const isTotals = family.dimensions.length === 0;
  const parameters = rows.map(({ bucket, keyId, aggregate }) => {
    const stored = bucket > newest ? undefined : database.first(sql.find, family.id, bucket, keyId);
    const merged = stored === undefined ? aggregate : withRow(aggregate, readAggregate(stored));
    const createdMs = stored === undefined ? nowMs : Number(stored.created_ms);
    return [
      family.id,
      bucket,
      keyId,
      ...aggregateParameters(merged),
      ...(isTotals
        ? [...quantiles(merged.sketch, RANKS).map((ms) => ms ?? null), createdMs, nowMs]
        : [null, null, null, null, null]),
    ];
  });
  let at = 0;
  for (const count of ROWS_PER_STATEMENT) {
    const write = sql.write.get(count) ?? "";
    for (; rows.length - at >= count; at += count) {
      database.runBound(write, parameters.slice(at, at + count).flat());
    }
  }
}

function aggregateParameters(aggregate: Aggregate): Bindable[] {
  return [
    aggregate.count,
    aggregate.successCount,
    aggregate.failureCount,
    aggregate.sumValue,
    aggregate.minValue,
    aggregate.maxValue,
    aggregate.durationCount,
    aggregate.sumDurationMs,
    aggregate.durationCount === 0 ? null : Buffer.from(encodeSketch(aggregate.sketch)),
  ];
}

function withRow(aggregate: Aggregate, row: AggregateRow): Aggregate {
  const merged = createAggregate();
  mergeAggregate(merged, aggregate);
  mergeRow(merged, row);
  return merged;
}
