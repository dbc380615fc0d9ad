/**
 * What retention policies govern: one entry a table, by the name that SQL shows.
 *
 * Every row that is stored has exactly one policy. A measurement stands in the view `metrics` and perhaps in
 * one of its own type; the type's own policy governs it, and that of `metrics` the types without a table of
 * their own. A new table is an entry here and a row in `retention_policies`.
 */
import { DAY_MS, HOUR_MS } from "../../lib/time.ts";
export type RetentionTable = MeasurementTable | RollupTable | DatedTable;

/** A view over the measurements of some types, by event time. `METRICS_RETENTION_DAYS` is their default. */
export interface MeasurementTable {
  readonly kind: "measurements";
  readonly name: string;
  /** Undefined: every type that no other entry names. */
  readonly metricType: string | undefined;
}

/** A view over the totals of hours or days; their breakdowns by other dimensions go with them. */
export interface RollupTable {
  readonly kind: "rollups";
  readonly name: string;
  readonly table: "rollups_hourly" | "rollups_daily";
  readonly bucketMs: number;
}

/** Rows with a time of their own, which has an index. */
export interface DatedTable {
  readonly kind: "dated";
  readonly name: string;
  /** Where the rows are, if SQL shows them through a view. */
  readonly table?: string;
  /** The columns of its key; `id` when absent. */
  readonly key?: string;
  readonly timestampColumn: string;
  /** How the column tells a time: UTC ISO 8601 text with milliseconds, or a number since 1970 UTC. */
  readonly unit: "iso" | "ms" | "days";
}

export const RETENTION_TABLES: readonly RetentionTable[] = [
  { kind: "measurements", name: "metrics", metricType: undefined },
  { kind: "measurements", name: "auth_metrics", metricType: "auth_request" },
  { kind: "measurements", name: "discovery_metrics", metricType: "tool_discovery" },
  { kind: "measurements", name: "tool_metrics", metricType: "tool_execution" },
  { kind: "rollups", name: "metrics_hourly", table: "rollups_hourly", bucketMs: HOUR_MS },
  { kind: "rollups", name: "metrics_daily", table: "rollups_daily", bucketMs: DAY_MS },
  { kind: "dated", name: "api_key_usage_log", timestampColumn: "timestamp", unit: "iso" },
  { kind: "dated", name: "server_metrics", table: "server_points", timestampColumn: "ts", unit: "ms" },
  {
    kind: "dated",
    name: "server_metrics_daily",
    table: "server_days",
    key: "series_id, day",
    timestampColumn: "day",
    unit: "days",
  },
  { kind: "dated", name: "server_events", timestampColumn: "created_at", unit: "iso" },
  { kind: "dated", name: "server_usage", timestampColumn: "created_at", unit: "iso" },
];

/** The tables over measurements. */
export const MEASUREMENT_TABLES = RETENTION_TABLES.filter((table) => table.kind === "measurements");

/** The entry of a name that this file itself has handed out. */
export function retentionTable(name: string): RetentionTable {
  const found = RETENTION_TABLES.find((table) => table.name === name);
  if (found === undefined) throw new Error(`${name} has no retention policy`);
  return found;
}

/** The entry whose policy governs the measurements of a type. */
export function tableOfType(metricType: string): MeasurementTable {
  const own = MEASUREMENT_TABLES.find((table) => table.metricType === metricType);
  const rest = own ?? MEASUREMENT_TABLES.find((table) => table.metricType === undefined);
  if (rest === undefined) throw new Error(`no policy governs ${metricType}`);
  return rest;
}
