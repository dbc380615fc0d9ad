import type { Distribution } from "../../catalogue/measurement.ts";
import { readDistribution } from "../../store/distribution.ts";
import type { Database } from "../file/database.ts";

/** A stored measurement as rollups need it. `durationMs` is NaN where there is none. */
export interface StoredMeasurement {
  readonly id: number;
  readonly timestampMs: number;
  readonly value: number;
  readonly durationMs: number;
  readonly distribution: Distribution | undefined;
  readonly service: string;
  readonly metricType: string;
  /** JSON object. */
  readonly dimensions: string;
}

const AFTER = `
SELECT m.id, m.ts, m.value, m.duration_ms, m.distribution, s.service, d.metric_type, d.dimensions
FROM measurements AS m
JOIN sources AS s ON s.id = m.source_id
JOIN dimension_sets AS d ON d.id = m.dimension_set_id
WHERE m.id > ? ORDER BY m.id LIMIT CAST(? AS INTEGER)`;

/** The measurements that follow `id` in the order of arrival. */
export function measurementsAfter(database: Database, id: number, rowsMax: number): StoredMeasurement[] {
  return database.all(AFTER, id, rowsMax).map((row) => ({
    id: Number(row.id),
    timestampMs: Number(row.ts),
    value: Number(row.value),
    durationMs: row.duration_ms === null ? Number.NaN : Number(row.duration_ms),
    distribution: readDistribution(row.distribution),
    service: String(row.service),
    metricType: String(row.metric_type),
    dimensions: String(row.dimensions),
  }));
}
