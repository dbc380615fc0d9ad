/**
 * What rollups begin with after a start: the families with their keys, and the measurements they do not hold.
 */
import { METRIC_TYPES } from "../../catalogue/catalogue.ts";
import type { MetricType } from "../../catalogue/definition.ts";
import type { Distribution } from "../../catalogue/measurement.ts";
import { readDistribution } from "../../store/distribution.ts";
import { createRollupKey, type Family, remember } from "../../store/plan/families.ts";
import { PendingRows } from "../../store/plan/pending-rows.ts";
import type { Database } from "../file/database.ts";

/**
 * Make sure that every family of the catalogue has its row, and read all of them with their keys; inside a
 * transaction. Families that have left the catalogue are not read: their rows stay until retention deletes
 * them.
 */
export function loadFamilies(database: Database): readonly Family[] {
  const families = METRIC_TYPES.flatMap((type) =>
    [[], ...type.rollups].map((dimensions) => loadFamily(database, type, dimensions)),
  );
  const byId = new Map(families.map((family) => [family.id, family]));
  const sql = "SELECT id, family_id, service, dimension_values, last_day FROM rollup_keys";
  for (const row of database.all(sql)) {
    const family = byId.get(Number(row.family_id));
    if (family === undefined) continue;
    const key = createRollupKey(String(row.service), String(row.dimension_values));
    key.id = Number(row.id);
    key.lastDay = Number(row.last_day);
    remember(family, key);
  }
  return families;
}

/** A family new in the catalogue begins with the oldest measurement there is. */
function loadFamily(database: Database, type: MetricType, dimensions: readonly string[]): Family {
  const json = JSON.stringify(dimensions);
  const insert =
    "INSERT OR IGNORE INTO rollup_families (metric_type, dimensions, last_measurement_id) VALUES (?, ?, 0)";
  database.run(insert, type.name, json);
  const select =
    "SELECT id, last_measurement_id FROM rollup_families WHERE metric_type = ? AND dimensions = ?";
  const row = database.first(select, type.name, json);
  return {
    id: Number(row?.id),
    type,
    dimensions,
    lastMeasurementId: Number(row?.last_measurement_id),
    keys: new Map(),
    keyCount: 0,
    pending: new PendingRows(),
    places: [],
  };
}

const NAMED = `
SELECT 1 AS found FROM api_keys WHERE service_name = ?1 OR EXISTS (
  SELECT 1 FROM json_each(allowed_services) WHERE value = ?1
) LIMIT 1`;

/** Whether an API key names the service as its own or as one it may write, in full. */
export function isNamedByKey(database: Database, service: string): boolean {
  return database.first(NAMED, service) !== undefined;
}

/** A stored measurement as rollups need it. */
export interface StoredMeasurement {
  readonly id: number;
  readonly timestampMs: number;
  readonly value: number;
  /** NaN where there is none. */
  readonly durationMs: number;
  /** Of a measurement that stands for several. */
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

/** Up to `rowsMax` measurements that follow `id` in the order of arrival, without those that were deleted. */
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
