import { invalidField } from "../../errors.ts";
import { DAY_MS } from "../../lib/time.ts";
import type { Step } from "../../store/plan/steps.ts";
import type { Database } from "../file/database.ts";
import { addToDay, emptyDay, writeDay } from "./days.ts";
import { readValues } from "./read-values.ts";

/** A step ends after so many points or so many series, whichever comes first: some ten milliseconds. */
const POINTS_PER_STEP = 20_000;
const SERIES_PER_STEP = 500;

const SERIES = "SELECT id FROM server_series WHERE id > ? ORDER BY id LIMIT CAST(? AS INTEGER)";
const KNOWN_BY_SUMS = `SELECT 1 FROM legacy_days
  WHERE series_id = ? AND day = ? AND daily_count > points_count`;
const DELETED = `SELECT deleted_before_ms FROM retention_policies
  WHERE table_name = 'server_metrics' AND deleted_before_ms > ?`;

/**
 * One step of computing anew what the points of a day (days since 1970 UTC) add up to: some series, of which
 * it returns how many have points on that day. Series are walked through by id, which is the cursor. Each
 * step is a transaction; repeating one changes nothing.
 *
 * @throws {ServiceError} `validation_failed` where retention has deleted points of the day: what is left of
 * them is less than what is known of them.
 */
export function recomputeDay(
  database: Database,
  day: number,
  nowMs: number,
  cursor: number | undefined,
): Step<number, number> {
  return database.transaction(() => {
    const startMs = day * DAY_MS;
    rejectDeleted(database, startMs);
    const found = database.all(SERIES, cursor ?? 0, SERIES_PER_STEP).map((row) => Number(row.id));
    let series = 0;
    let points = 0;
    for (const [index, id] of found.entries()) {
      const sums = emptyDay();
      for (const rows of readValues(database, id, startMs, startMs + DAY_MS)) {
        for (const { value } of rows) addToDay(sums, Number(value));
      }
      // Taken over from a directory that had deleted points of that day: what is left of them is less.
      if (database.first(KNOWN_BY_SUMS, id, day) !== undefined) continue;
      if (sums.count === 0) database.run("DELETE FROM server_days WHERE series_id = ? AND day = ?", id, day);
      else writeDay(database, { seriesId: id, day }, sums, nowMs);
      series += Math.sign(sums.count);
      points += sums.count;
      if (points >= POINTS_PER_STEP && index < found.length - 1) return { done: series, next: id };
    }
    return { done: series, next: found.length < SERIES_PER_STEP ? undefined : found.at(-1) };
  });
}

function rejectDeleted(database: Database, startMs: number): void {
  if (database.first(DELETED, startMs) === undefined) return;
  const date = new Date(startMs).toISOString().slice(0, 10);
  const message = `metrics of ${date} have been deleted; what is kept of that day stays as it is`;
  throw invalidField("date", "deleted", message);
}
