/**
 * Percentiles that SQL users see beside a sketch, computed anew: what an older version has written is of
 * another rule. `percentile_rebuilds` says what is left to do; a migration fills it, and once it is empty it
 * stays so.
 */
import { quantiles, sketchOf } from "../../store/plan/sketch.ts";
import { valueQuantiles } from "../../store/plan/value-sketch.ts";
import type { Database } from "../file/database.ts";

/** Percentiles that rows show; queries compute theirs from the sketch. */
export const SHOWN_RANKS = [0.5, 0.95, 0.99];

const ROWS_PER_STEP = 500;
const NEXT = "SELECT table_name, family_id, bucket, key_id FROM percentile_rebuilds LIMIT 1";
const OF_REBUILD = "WHERE table_name = ? AND family_id = ?";

const TABLES = {
  rollups_hourly: ofRollups("rollups_hourly"),
  rollups_daily: ofRollups("rollups_daily"),
  // A series and a day take the places of bucket and key.
  server_days: {
    read: `SELECT series_id AS bucket, day AS key_id, sketch FROM server_days
      WHERE 0 = ? AND (series_id, day) > (?, ?) ORDER BY series_id, day LIMIT ${ROWS_PER_STEP}`,
    write: "UPDATE server_days SET p50 = ?, p95 = ?, p99 = ? WHERE 0 = ? AND series_id = ? AND day = ?",
    quantilesOf: valueQuantiles,
  },
};

function ofRollups(table: string) {
  return {
    read: `SELECT bucket, key_id, sketch FROM ${table}
      WHERE family_id = ? AND (bucket, key_id) > (?, ?) ORDER BY bucket, key_id LIMIT ${ROWS_PER_STEP}`,
    write: `UPDATE ${table} SET p50_duration_ms = ?, p95_duration_ms = ?, p99_duration_ms = ?
      WHERE family_id = ? AND bucket = ? AND key_id = ?`,
    quantilesOf: (sketch: ReturnType<typeof sketchOf>, ranks: readonly number[]) => quantiles(sketch, ranks),
  };
}

/** One step, a transaction of some ten milliseconds. Returns whether there is more to do. */
export function rebuildPercentiles(database: Database): boolean {
  const rebuild = database.first(NEXT);
  if (rebuild === undefined) return false;
  const { family_id: familyId = 0, bucket = 0, key_id: keyId = 0 } = rebuild;
  const name = String(rebuild.table_name) as keyof typeof TABLES;
  const { read, write, quantilesOf } = TABLES[name];
  database.transaction(() => {
    const rows = database.all(read, familyId, bucket, keyId);
    for (const row of rows) {
      if (row.sketch === null) continue;
      // libsql hands out an ArrayBuffer.
      const sketch = sketchOf(new Uint8Array(row.sketch as unknown as ArrayBuffer));
      database.run(write, ...quantilesOf(sketch, SHOWN_RANKS), familyId, row.bucket, row.key_id);
    }
    const last = rows.length < ROWS_PER_STEP ? undefined : rows.at(-1);
    if (last === undefined) database.run(`DELETE FROM percentile_rebuilds ${OF_REBUILD}`, name, familyId);
    else {
      const move = `UPDATE percentile_rebuilds SET bucket = ?, key_id = ? ${OF_REBUILD}`;
      database.run(move, last.bucket, last.key_id, name, familyId);
    }
  });
  return true;
}
