import type { Database } from "../database.ts";
import type { Budget } from "./budget.ts";
import type { Segment } from "./planner.ts";
import type { Position, TimeRange } from "./query.ts";
import { type PlannedType, RAW_CELLS, RAW_COLUMNS, type RawGroups } from "./raw-groups.ts";
import { CHUNK_ROWS, type RowSource } from "./row-source.ts";
import { type JsonRow, parseRows } from "./rows-json.ts";

/** By time, then by id. Two searches, since SQLite would not use the index for the id of `(ts, id) > (?, ?)`. */
const CHUNK = `
  SELECT json_group_array(${RAW_CELLS}) AS found FROM (
    SELECT * FROM (
      SELECT ${RAW_COLUMNS} FROM measurements WHERE ts = ? AND id > ? AND ts < ? ORDER BY id LIMIT ${CHUNK_ROWS}
    )
    UNION ALL
    SELECT * FROM (
      SELECT ${RAW_COLUMNS} FROM measurements WHERE ts > ? AND ts < ? ORDER BY ts, id LIMIT ${CHUNK_ROWS}
    )
    LIMIT ${CHUNK_ROWS}
  )`;

/** The measurements of all types that are read raw, wherever one of them is. */
export function openRawSource(
  database: Database,
  types: readonly PlannedType[],
  groups: RawGroups,
  budget: Budget,
): RowSource {
  const segments = new Map(types.map(({ plan }) => [plan, plan.segments.filter(isRaw)]));
  const ranges = union([...segments.values()].flat());
  let rows: readonly JsonRow[] = [];
  let next = 0;
  let at = 0;
  let last: Position | undefined;

  /** Whether there is another chunk. */
  function readChunk(): boolean {
    const range = ranges[at];
    if (range === undefined) return false;
    const { timestampMs, id } = last ?? { timestampMs: range.startMs, id: 0 };
    const found = database.first(CHUNK, timestampMs, id, range.endMs, timestampMs, range.endMs);
    rows = parseRows(found?.found);
    next = 0;
    const end = rows.at(-1);
    last = end && { timestampMs: Number(end[1]), id: Number(end[0]) };
    if (rows.length < CHUNK_ROWS) {
      at += 1;
      last = undefined;
    }
    groups.load(rows);
    budget.spend(rows.length);
    return true;
  }

  function add(row: JsonRow, timestampMs: number): void {
    const raw = groups.find(Number(row[2]), Number(row[3]));
    if (raw !== undefined && isWithin(segments.get(raw.planned.plan) ?? [], timestampMs))
      groups.add(raw, row);
  }

  return {
    feed(untilMs) {
      for (;;) {
        const row = rows[next];
        if (row === undefined) {
          if (!readChunk()) return;
          continue;
        }
        const timestampMs = Number(row[1]);
        if (timestampMs >= untilMs) return;
        add(row, timestampMs);
        next += 1;
      }
    },
  };
}

function isRaw({ source }: Segment): boolean {
  return source === "raw";
}

export function isWithin(ranges: readonly TimeRange[], timestampMs: number): boolean {
  return ranges.some(({ startMs, endMs }) => timestampMs >= startMs && timestampMs < endMs);
}

/** The same instants without overlaps, in order. */
function union(ranges: readonly TimeRange[]): readonly TimeRange[] {
  const merged: { startMs: number; endMs: number }[] = [];
  for (const { startMs, endMs } of ranges.toSorted((a, b) => a.startMs - b.startMs)) {
    const last = merged.at(-1);
    if (last !== undefined && startMs <= last.endMs) last.endMs = Math.max(last.endMs, endMs);
    else merged.push({ startMs, endMs });
  }
  return merged;
}
