import type { Database } from "../database.ts";
import type { Budget } from "./budget.ts";
import { type PlannedType, RAW_CELLS, RAW_COLUMNS, type RawGroup, type RawGroups } from "./raw-groups.ts";
import { isWithin } from "./raw-source.ts";
import { CHUNK_ROWS, type RowSource } from "./row-source.ts";
import { type JsonRow, parseRows } from "./rows-json.ts";

const CHUNK = `
  SELECT json_group_array(${RAW_CELLS}) AS found FROM (
    SELECT ${RAW_COLUMNS} FROM measurements WHERE id > ? ORDER BY id LIMIT ${CHUNK_ROWS}
  )`;

/**
 * The measurements that are newer than what the families of `types` hold: what the writer has accepted
 * and not yet added to the rollups, some seconds of ingest. They are counted where rollups are read.
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
  const tail: { readonly raw: RawGroup; readonly row: JsonRow }[] = [];
  let last = Math.min(...types.map(({ plan }) => plan.family?.lastMeasurementId ?? Number.POSITIVE_INFINITY));
  while (Number.isFinite(last)) {
    const rows = parseRows(database.first(CHUNK, last)?.found);
    groups.load(rows);
    for (const row of rows) {
      const raw = groups.find(Number(row[2]), Number(row[3]));
      const family = raw?.planned.plan.family;
      if (raw === undefined || family === undefined || Number(row[0]) <= family.lastMeasurementId) continue;
      if (isWithin(rolledUp.get(raw.planned.plan) ?? [], Number(row[1]))) tail.push({ raw, row });
    }
    budget.spend(rows.length);
    if (rows.length < CHUNK_ROWS) break;
    last = Number(rows.at(-1)?.[0]);
  }
  tail.sort((a, b) => Number(a.row[1]) - Number(b.row[1]));
  let next = 0;
  return {
    feed(untilMs) {
      for (let entry = tail[next]; entry !== undefined; entry = tail[++next]) {
        if (Number(entry.row[1]) >= untilMs) return;
        groups.add(entry.raw, entry.row);
      }
    },
  };
}

function isRollup(source: string): boolean {
  return source === "hourly" || source === "daily";
}
