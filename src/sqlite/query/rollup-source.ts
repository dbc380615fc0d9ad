import { DAY_MS, HOUR_MS } from "../../lib/time.ts";
import type { Budget } from "../../store/plan/budget.ts";
import type { RollupRow } from "../../store/plan/open-group.ts";
import type { RollupFamily, Segment } from "../../store/plan/planner.ts";
import type { RowSource } from "../../store/plan/row-source.ts";
import type { Statistic } from "../../store/plan/statistics.ts";
import { Totals } from "../../store/plan/totals.ts";
import type { Database } from "../file/database.ts";
import { exact, exactNumber } from "./columns.ts";
import type { HourCache, RollupChunk } from "./hour-cache.ts";
import type { KeyGroups } from "./key-groups.ts";
import { openRollupChunks } from "./rollup-chunks.ts";

type Need = Statistic["needs"];

/** What each need reads beside bucket, key and count; the order of the columns in a row. */
const COLUMNS: readonly (readonly [Need, readonly string[]])[] = [
  ["outcomes", ["success_count", "failure_count"]],
  ["values", [exact("sum_value"), exact("min_value"), exact("max_value")]],
  ["durations", ["duration_count", exact("sum_duration_ms")]],
  ["quantiles", ["coalesce(length(sketch), 0)"]],
];

/** What one segment of a plan reads. */
export interface RollupSourceOptions {
  readonly database: Database;
  readonly family: RollupFamily;
  /** A range of whole hours or whole days. */
  readonly segment: Segment;
  readonly keys: KeyGroups;
  /** What the query's statistics need; columns that none of them does are not read. */
  readonly needs: ReadonlySet<Need>;
  /** Spent by the row. */
  readonly budget: Budget;
  readonly cache: HourCache;
}

/**
 * The rows of one family over hours or days, added to their groups bucket by bucket as `feed` asks for them.
 */
export function openRollupSource(options: RollupSourceOptions): RowSource {
  const { database, family, segment, keys, needs, budget, cache } = options;
  const bucketMs = segment.source === "daily" ? DAY_MS : HOUR_MS;
  const has = (need: Need) => needs.has(need);
  const [withOutcomes, withValues, withDurations, withQuantiles] = COLUMNS.map(([need]) => has(need));
  const row: RollupRow = emptyRow();
  let chunk: RollupChunk | undefined;
  let next = 0;
  let isOver = false;
  const columns = COLUMNS.flatMap(([need, names]) => (needs.has(need) ? names : []));
  const readRows = openRollupChunks({
    database,
    table: segment.source === "daily" ? "rollups_daily" : "rollups_hourly",
    familyId: family.id,
    startBucket: Math.floor(segment.startMs / bucketMs),
    endBucket: Math.ceil(segment.endMs / bucketMs),
    keys,
    columns: ["count", ...columns],
    withSketches: needs.has("quantiles"),
    cache,
  });

  function readChunk(): void {
    chunk = readRows();
    isOver = chunk === undefined;
    next = 0;
    row.sketches = chunk?.sketches;
    row.sketchEnd = 0;
    budget.spend(chunk?.buckets.length ?? 0);
  }

  function add({ keyIds, columns: cells }: RollupChunk, index: number): void {
    let at = 1;
    row.count = Number(cells[0]?.[index]);
    if (withOutcomes) {
      row.successCount = Number(cells[at++]?.[index]);
      row.failureCount = Number(cells[at++]?.[index]);
    }
    if (withValues) {
      row.sumValue = exactNumber(cells[at++]?.[index]);
      row.minValue = exactNumber(cells[at++]?.[index]);
      row.maxValue = exactNumber(cells[at++]?.[index]);
    }
    if (withDurations) {
      row.durationCount = Number(cells[at++]?.[index]);
      row.sumDurationMs = exactNumber(cells[at++]?.[index]);
    }
    if (withQuantiles) {
      row.sketchStart = row.sketchEnd;
      row.sketchEnd += Number(cells[at]?.[index]);
    }
    keys.find(keyIds[index] ?? 0)?.addRow(row);
  }

  return {
    feed(untilMs) {
      const untilBucket = untilMs / bucketMs;
      for (;;) {
        const bucket = chunk?.buckets[next];
        if (chunk === undefined || bucket === undefined) {
          if (isOver) return;
          readChunk();
        } else {
          if (bucket >= untilBucket) return;
          add(chunk, next);
          next += 1;
        }
      }
    },
  };
}

function emptyRow(): RollupRow {
  return { ...new Totals(), sketches: undefined, sketchStart: 0, sketchEnd: 0 };
}
