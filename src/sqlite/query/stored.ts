import type { MetricType } from "../../catalogue/definition.ts";
import type { RollupFamily, Stored } from "../../store/plan/planner.ts";
import { tableOfType } from "../../store/retention.ts";
import type { Database } from "../file/database.ts";

/**
 * A family this many measurements behind is not used, and raw rows or another family answer: its tail would
 * take longer to read. It happens for some seconds after a crash, until the writer has caught up.
 */
const TAIL_ROWS_MAX = 1_000_000;

/**
 * Reads, in the snapshot of a query, what is stored of each metric type: since when, and in which families.
 */
export function readStored(database: Database): (type: MetricType) => Stored {
  const deletedBefore = new Map<string, number>();
  for (const row of database.all("SELECT table_name, deleted_before_ms FROM retention_policies")) {
    deletedBefore.set(String(row.table_name), Number(row.deleted_before_ms ?? 0));
  }
  const newest = newestId(database);
  const families = new Map<string, RollupFamily[]>();
  const sql = "SELECT id, metric_type, dimensions, last_measurement_id FROM rollup_families ORDER BY id";
  for (const row of database.all(sql)) {
    const lastMeasurementId = Number(row.last_measurement_id);
    if (newest - lastMeasurementId > TAIL_ROWS_MAX) continue;
    const family = {
      id: Number(row.id),
      dimensions: JSON.parse(String(row.dimensions)) as string[],
      lastMeasurementId,
    };
    const type = String(row.metric_type);
    families.set(type, [...(families.get(type) ?? []), family]);
  }
  return (type) => ({
    rawFromMs: deletedBefore.get(tableOfType(type.name).name) ?? 0,
    hourlyFromMs: deletedBefore.get("metrics_hourly") ?? 0,
    dailyFromMs: deletedBefore.get("metrics_daily") ?? 0,
    families: families.get(type.name) ?? [],
  });
}

/** The id of the newest measurement there ever was; 0 before the first (https://sqlite.org/autoinc.html). */
export function newestId(database: Database): number {
  const sequence = database.first("SELECT seq FROM sqlite_sequence WHERE name = 'measurements'");
  return Number(sequence?.seq ?? 0);
}
