import type { Database, Row } from "../file/database.ts";

/** Values that are held at a time: a server may send millions of one metric in a day. */
const PAGE_ROWS = 10_000;

/**
 * In the order of the index `(series_id, ts, value)`, in which SQLite seeks the row value
 * (https://sqlite.org/rowvalue.html).
 */
const PAGE = `SELECT id, ts, value FROM server_points
  WHERE series_id = ? AND (ts, value, id) > (?, ?, ?) AND ts < ? ORDER BY ts, value, id LIMIT ${PAGE_ROWS}`;

/**
 * The points of a series from `fromMs` before `endMs`, as rows of `ts` and `value`, `PAGE_ROWS` at a time.
 * The last page may be empty. Inside a transaction or snapshot, or points that arrive meanwhile may be
 * missed.
 */
export function* readValues(
  database: Database,
  seriesId: number,
  fromMs: number,
  endMs: number,
): Generator<readonly Row[], void> {
  let after: readonly number[] = [fromMs - 1, Number.MAX_VALUE, 0];
  for (;;) {
    const rows = database.all(PAGE, seriesId, ...after, endMs);
    yield rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE_ROWS) return;
    after = [Number(last.ts), Number(last.value), Number(last.id)];
  }
}
