import type { Budget } from "../../store/plan/budget.ts";
import type { Segment } from "../../store/plan/planner.ts";
import { CHUNK_ROWS, type RowSource } from "../../store/plan/row-source.ts";
import type { TimeRange } from "../../store/queries.ts";
import type { Database } from "../file/database.ts";
import type { PlannedType, RawGroup, RawGroups } from "./raw-groups.ts";
import { NO_RAW_ROWS, RAW_COLUMNS, RAW_ROWS, type RowPosition, readRawRows } from "./raw-rows.ts";

/**
 * A chunk by time, then by id, after a position. Two searches: the index on `ts` ends in the rowid, but
 * SQLite would not use it for the id in `(ts, id) > (?, ?)`, and pass over all rows of one millisecond again.
 */
const CHUNK = `
  SELECT ${RAW_ROWS} FROM (
    SELECT * FROM (
      SELECT ${RAW_COLUMNS} FROM measurements WHERE ts = ? AND id > ? AND ts < ? ORDER BY id LIMIT ${CHUNK_ROWS}
    )
    UNION ALL
    SELECT * FROM (
      SELECT ${RAW_COLUMNS} FROM measurements WHERE ts > ? AND ts < ? ORDER BY ts, id LIMIT ${CHUNK_ROWS}
    )
    LIMIT ${CHUNK_ROWS}
  )`;

/**
 * The measurements of all types that are read raw, in one walk over every range in which one of them is; and
 * those to be subtracted, which rollup rows hold beyond the ends of the range (`plan.less`).
 */
export function openRawSource(
  database: Database,
  types: readonly PlannedType[],
  groups: RawGroups,
  budget: Budget,
): RowSource {
  const segments = new Map(types.map(({ plan }) => [plan, plan.segments.filter(isRaw)]));
  const less = types.flatMap(({ plan }) => plan.less ?? []);
  const ranges = union([...[...segments.values()].flat(), ...less]);
  let rows = NO_RAW_ROWS;
  let found: readonly (RawGroup | undefined)[] = [];
  let next = 0;
  let at = 0;
  let last: RowPosition | undefined;

  /** Whether there is another chunk. */
  function readChunk(): boolean {
    const range = ranges[at];
    if (range === undefined) return false;
    const { timestampMs, id } = last ?? { timestampMs: range.startMs, id: 0 };
    rows = readRawRows(database.first(CHUNK, timestampMs, id, range.endMs, timestampMs, range.endMs));
    found = groups.find(rows);
    next = 0;
    last = { timestampMs: rows.timestampsMs.at(-1) ?? 0, id: rows.ids.at(-1) ?? 0 };
    if (found.length < CHUNK_ROWS) {
      at += 1;
      last = undefined;
    }
    budget.spend(found.length);
    return true;
  }

  function take(raw: RawGroup, timestampMs: number): void {
    const { plan } = raw.planned;
    const isRolledUp = (rows.ids[next] ?? 0) <= (plan.family?.lastMeasurementId ?? 0);
    if (isWithin(segments.get(plan) ?? [], timestampMs)) groups.add(raw, rows, next);
    else if (isRolledUp && isWithin(plan.less ?? [], timestampMs)) groups.remove(raw, rows, next);
  }

  return {
    feed(untilMs) {
      for (;;) {
        const timestampMs = rows.timestampsMs[next];
        if (timestampMs === undefined) {
          if (!readChunk()) return;
          continue;
        }
        if (timestampMs >= untilMs) return;
        const raw = found[next];
        if (raw !== undefined) take(raw, timestampMs);
        next += 1;
      }
    },
  };
}

function isRaw({ source }: Segment): boolean {
  return source === "raw";
}

/** Whether an instant is in one of the ranges, whose ends are exclusive. */
export function isWithin(ranges: readonly TimeRange[], timestampMs: number): boolean {
  for (const { startMs, endMs } of ranges) if (timestampMs >= startMs && timestampMs < endMs) return true;
  return false;
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
