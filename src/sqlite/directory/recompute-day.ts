import { ServiceError } from "../../errors.ts";
import { DAY_MS } from "../../lib/time.ts";
import type { Database } from "../file/database.ts";
import { addToDay, emptyDay, writeDay } from "./days.ts";
import { readValues } from "./read-values.ts";

/** A step of computing a day anew. */
export interface RecomputeStep {
  /** Days since 1970 UTC. */
  readonly day: number;
  /** What the step before returned; undefined for the first. */
  readonly cursor: number | undefined;
}

export interface RecomputeStepResult {
  /** Series that have points on that day. */
  readonly series: number;
  /** For the next step; undefined when this was the last. */
  readonly cursor: number | undefined;
}

/** Points a step reads at the least before it ends, and series it looks at, at the most: some ten milliseconds. */
const POINTS_PER_STEP = 20_000;
const SERIES_PER_STEP = 500;

const SERIES = "SELECT id FROM server_series WHERE id > ? ORDER BY id LIMIT CAST(? AS INTEGER)";
const DELETED = `SELECT deleted_before_ms FROM retention_policies
  WHERE table_name = 'server_metrics' AND deleted_before_ms > ?`;

/**
 * Compute what the points of a day add up to from the points themselves, some series at a time. It changes
 * nothing where nothing is wrong. Repeat with the cursor it returns.
 *
 * @throws {ServiceError} `validation_failed` where retention has deleted points of the day: what is left of
 *   them is less than what is known of them.
 */
export function recomputeDay(database: Database, step: RecomputeStep, nowMs: number): RecomputeStepResult {
  return database.transaction(() => {
    const startMs = step.day * DAY_MS;
    refuseDeleted(database, startMs);
    const found = database.all(SERIES, step.cursor ?? 0, SERIES_PER_STEP).map((row) => Number(row.id));
    let series = 0;
    let points = 0;
    for (const [index, id] of found.entries()) {
      const day = emptyDay();
      for (const rows of readValues(database, id, startMs, startMs + DAY_MS)) {
        for (const { value } of rows) addToDay(day, Number(value));
      }
      if (day.count === 0)
        database.run("DELETE FROM server_days WHERE series_id = ? AND day = ?", id, step.day);
      else writeDay(database, { seriesId: id, day: step.day }, day, nowMs);
      series += Math.sign(day.count);
      points += day.count;
      if (points >= POINTS_PER_STEP && index < found.length - 1) return { series, cursor: id };
    }
    return { series, cursor: found.length < SERIES_PER_STEP ? undefined : found.at(-1) };
  });
}

function refuseDeleted(database: Database, startMs: number): void {
  if (database.first(DELETED, startMs) === undefined) return;
  const date = new Date(startMs).toISOString().slice(0, 10);
  const message = `metrics of ${date} have been deleted; what is kept of that day stays as it is`;
  throw new ServiceError("validation_failed", message, {
    violations: [{ field: "date", reason: "deleted", message }],
  });
}
