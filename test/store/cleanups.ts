/** Cleanups of a store, and metrics of given ages. */

import { type Pace, WITHOUT_PAUSE } from "../../src/store/plan/steps.ts";
import { RETENTION_TABLES } from "../../src/store/retention.ts";
import type { Store } from "../../src/store/store.ts";
import { NOW_MS } from "../support/time.ts";
import { eventsOf, isOver, traceOf } from "./store-tests.ts";
import { createSender } from "./submissions.ts";

/** A metric type for each policy over metrics. */
export const TYPE_OF: Readonly<Record<string, string>> = {
  metrics: "health_check",
  auth_metrics: "auth_request",
  discovery_metrics: "tool_discovery",
  tool_metrics: "tool_execution",
};
export const OVER_METRICS = Object.keys(TYPE_OF);
/** Tables that are cleaned together. */
export const GROUPS: readonly (readonly string[])[] = [
  OVER_METRICS,
  ...RETENTION_TABLES.filter(({ kind }) => kind !== "measurements").map(({ name }) => [name]),
];

export const flush = ({ metrics }: Store) => metrics.flushRollups(NOW_MS, WITHOUT_PAUSE);
export const setDays = ({ retention }: Store, tableName: string, retentionDays: number, isActive = true) =>
  retention.setPolicy({ tableName, retentionDays, isActive }, NOW_MS, traceOf());

/** Rows of each table that `deleteExpired` says it has deleted, even when it is ended by its pace. */
export async function cleanUp(
  { retention }: Store,
  tables: readonly string[],
  nowMs = NOW_MS,
  pace: Pace = WITHOUT_PAUSE,
) {
  const deleted: Record<string, number> = {};
  await isOver(
    retention.deleteExpired({ tables, nowMs }, pace, (rows) => {
      for (const [table, count] of Object.entries(rows)) deleted[table] = (deleted[table] ?? 0) + count;
    }),
  );
  return deleted;
}

export const surveyOf = ({ retention }: Store, table: string, totalsOnly = false, cutoffMs?: number) =>
  retention.survey({ table, cutoffMs, totalsOnly });

/** Metrics of a type at these times, of a service of the type's name. */
export function createMetrics(store: Store) {
  const { submit } = createSender(store);
  return (type: string, ...timesMs: readonly number[]) =>
    submit({
      service: type,
      metrics: [{ type, value: 1, duration_ms: 5 }],
      change: (all) => all.flatMap((one) => timesMs.map((timestampMs) => ({ ...one, timestampMs }))),
    });
}

export const timesOf = async (store: Store, type: string) =>
  (await eventsOf(store, type)).map(({ timestampMs }) => timestampMs);

/** Statistics over everything that cleanups delete, by type. */
export const BY_TYPE = {
  types: [...Object.values(TYPE_OF), "custom"],
  range: { startMs: 0, endMs: NOW_MS },
  stepMs: undefined,
  filters: [],
  groupBy: ["type"],
  statistics: ["count", "sum", "duration_avg"],
  groupsMax: 100,
};
