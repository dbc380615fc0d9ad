import type { Budget } from "../../store/plan/budget.ts";
import { CHUNK_ROWS, type RowSource } from "../../store/plan/row-source.ts";
import type { Database } from "../file/database.ts";
import type { PlannedType, RawGroup, RawGroups } from "./raw-groups.ts";
import { RAW_COLUMNS, RAW_ROWS, type RawRows, readRawRows } from "./raw-rows.ts";
import { isWithin } from "./raw-source.ts";

const CHUNK = `
  SELECT ${RAW_ROWS} FROM (
    SELECT ${RAW_COLUMNS} FROM measurements WHERE id > ? ORDER BY id LIMIT ${CHUNK_ROWS}
  )`;

/**
 * The measurements that are newer than what the families of `types` hold: what the writer has committed and
 * not yet written to the rollups, some seconds of ingest. They are counted where rollups are read, so that an
 * answer holds every metric that was acknowledged before the query. Read at once and sorted by time, since
 * they were received in no such order.
 */
export function openTailSource(
  database: Database,
  types: readonly PlannedType[],
  groups: RawGroups,
  budget: Budget,
): RowSource {
  const rolledUp = new Map(
    types.map(({ plan }) => [plan, plan.segments.filter(({ source }) => isRollup(source))]),
  );
  const tail: {
    readonly timestampMs: number;
    readonly raw: RawGroup;
    readonly rows: RawRows;
    readonly index: number;
  }[] = [];
  let last = Math.min(...types.map(({ plan }) => plan.family?.lastMeasurementId ?? Number.POSITIVE_INFINITY));
  while (Number.isFinite(last)) {
    const rows = readRawRows(database.first(CHUNK, last));
    for (const [index, raw] of groups.find(rows).entries()) {
      const family = raw?.planned.plan.family;
      if (raw === undefined || family === undefined) continue;
      if ((rows.ids[index] ?? 0) <= family.lastMeasurementId) continue;
      const timestampMs = rows.timestampsMs[index] ?? 0;
      if (isWithin(rolledUp.get(raw.planned.plan) ?? [], timestampMs))
        tail.push({ timestampMs, raw, rows, index });
    }
    budget.spend(rows.ids.length);
    if (rows.ids.length < CHUNK_ROWS) break;
    last = rows.ids.at(-1) ?? 0;
  }
  tail.sort((a, b) => a.timestampMs - b.timestampMs);
  let next = 0;
  return {
    feed(untilMs) {
      for (let entry = tail[next]; entry !== undefined; entry = tail[++next]) {
        if (entry.timestampMs >= untilMs) return;
        groups.add(entry.raw, entry.rows, entry.index);
      }
    },
  };
}

function isRollup(source: string): boolean {
  return source === "hourly" || source === "daily";
}
