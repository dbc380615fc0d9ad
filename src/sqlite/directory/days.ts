/**
 * What the points of a series and a day (UTC) add up to: a row of `server_days` each. They outlive the
 * points, and are written in the transaction that stores these, so that a crash leaves nothing to catch up
 * with.
 */
import { DAY_MS } from "../../lib/time.ts";
import { sketchOf } from "../../store/plan/sketch.ts";
import { binOfValue, encodeValues, valueQuantiles } from "../../store/plan/value-sketch.ts";
import type { Database, Row } from "../file/database.ts";

/** The sums of one day, or of what one batch adds to it. Mutable: points are added one by one. */
export interface Day {
  count: number;
  sum: number;
  min: number;
  max: number;
  /** The sketch's bin of each value, in no order: bins are merged when they are encoded. */
  readonly bins: number[];
}

/** A day without points; its `min` and `max` are infinite and not to be stored. */
export function emptyDay(): Day {
  return { count: 0, sum: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY, bins: [] };
}

export function addToDay(day: Day, value: number): void {
  day.count += 1;
  day.sum += value;
  if (value < day.min) day.min = value;
  if (value > day.max) day.max = value;
  day.bins.push(binOfValue(value));
}

/** Days since 1970 UTC. */
export const dayOf = (ms: number): number => Math.floor(ms / DAY_MS);

const SELECT = "SELECT count, sum, min, max, sketch FROM server_days WHERE series_id = ? AND day = ?";
const WRITE = `INSERT INTO server_days
    (series_id, day, count, sum, min, max, sketch, p50, p95, p99, created_ms, updated_ms)
  VALUES (?1, ?2, CAST(?3 AS INTEGER), ?4, ?5, ?6, ?7, ?8, ?9, ?10, CAST(?11 AS INTEGER), CAST(?11 AS INTEGER))
  ON CONFLICT (series_id, day) DO UPDATE SET count = excluded.count, sum = excluded.sum, min = excluded.min,
    max = excluded.max, sketch = excluded.sketch, p50 = excluded.p50, p95 = excluded.p95, p99 = excluded.p99,
    updated_ms = excluded.updated_ms`;

/** Which row of `server_days`. */
export interface DayKey {
  readonly seriesId: number;
  /** Days since 1970 UTC. */
  readonly day: number;
}

/**
 * Write a day in the place of what is there; `sketch` is an encoded one that holds the values besides those
 * of `bins`. Percentiles are stored beside the sketch for people who read the table, within 1 % like all of
 * them.
 */
export function writeDay(
  database: Database,
  { seriesId, day }: DayKey,
  { count, sum, min, max, bins }: Day,
  nowMs: number,
  sketch?: Uint8Array,
): void {
  const encoded = encodeValues(bins, sketch);
  const [p50, p95, p99] = valueQuantiles(sketchOf(encoded), [0.5, 0.95, 0.99]);
  database.run(WRITE, seriesId, day, count, sum, min, max, encoded, p50, p95, p99, nowMs);
}

/**
 * Add to what is stored, inside the transaction that stores the points. One read and one write a series and
 * day.
 */
export function addDay(database: Database, key: DayKey, added: Day, nowMs: number): void {
  const row = database.first(SELECT, key.seriesId, key.day);
  const stored = row && new Uint8Array(row.sketch as unknown as ArrayBuffer);
  writeDay(database, key, row === undefined ? added : sumOf(added, row), nowMs, stored);
}

function sumOf(added: Day, row: Row): Day {
  return {
    count: added.count + Number(row.count),
    sum: added.sum + Number(row.sum),
    min: Math.min(added.min, Number(row.min)),
    max: Math.max(added.max, Number(row.max)),
    bins: added.bins,
  };
}
