import { DAY_MS, HOUR_MS } from "../../lib/time.ts";
import type { Database } from "../database.ts";
import { Totals } from "../rollups/totals.ts";
import type { Budget } from "./budget.ts";
import type { KeyGroups } from "./key-groups.ts";
import type { RollupRow } from "./open-group.ts";
import type { RollupFamily, Segment } from "./planner.ts";
import { openRollupChunks } from "./rollup-chunks.ts";
import type { RowSource } from "./row-source.ts";
import { exact, type JsonRow } from "./rows-json.ts";
import type { Statistic } from "./statistics.ts";

type Need = Statistic["needs"];

/** What each need reads beside bucket, key and count; the order of the columns in a row. */
const COLUMNS: readonly (readonly [Need, readonly string[]])[] = [
  ["outcomes", ["success_count", "failure_count"]],
  ["values", [exact("sum_value"), exact("min_value"), exact("max_value")]],
  ["durations", ["duration_count", exact("sum_duration_ms")]],
  ["quantiles", ["coalesce(length(sketch), 0)"]],
];

export interface RollupSourceOptions {
  readonly database: Database;
  readonly family: RollupFamily;
  readonly segment: Segment;
  readonly keys: KeyGroups;
  readonly needs: ReadonlySet<Need>;
  readonly budget: Budget;
}

/** The rows of one family over hours or days. */
export function openRollupSource(options: RollupSourceOptions): RowSource {
  const { database, family, segment, keys, needs, budget } = options;
  const bucketMs = segment.source === "daily" ? DAY_MS : HOUR_MS;
  const has = (need: Need) => needs.has(need);
  const [withOutcomes, withValues, withDurations, withQuantiles] = COLUMNS.map(([need]) => has(need));
  const row: RollupRow = emptyRow();
  let rows: readonly JsonRow[] = [];
  let next = 0;
  let isOver = false;
  const columns = COLUMNS.flatMap(([need, names]) => (needs.has(need) ? names : []));
  const readRows = openRollupChunks({
    database,
    table: segment.source === "daily" ? "rollups_daily" : "rollups_hourly",
    familyId: family.id,
    startBucket: segment.startMs / bucketMs,
    endBucket: segment.endMs / bucketMs,
    keys,
    columns: ["bucket", "key_id", "count", ...columns],
    withSketches: needs.has("quantiles"),
  });

  function readChunk(): void {
    const chunk = readRows();
    isOver = chunk === undefined;
    rows = chunk?.rows ?? [];
    next = 0;
    row.sketches = chunk?.sketches;
    row.sketchEnd = 0;
    budget.spend(rows.length);
  }

  function add(cells: JsonRow): void {
    row.count = Number(cells[2]);
    let at = 3;
    if (withOutcomes) {
      row.successCount = Number(cells[at++]);
      row.failureCount = Number(cells[at++]);
    }
    if (withValues) {
      row.sumValue = Number(cells[at++]);
      row.minValue = Number(cells[at++]);
      row.maxValue = Number(cells[at++]);
    }
    if (withDurations) {
      row.durationCount = Number(cells[at++]);
      row.sumDurationMs = Number(cells[at++]);
    }
    if (withQuantiles) {
      row.sketchStart = row.sketchEnd;
      row.sketchEnd += Number(cells[at]);
    }
    keys.find(Number(cells[1])).addRow(row);
  }

  return {
    feed(untilMs) {
      const untilBucket = untilMs / bucketMs;
      for (;;) {
        const cells = rows[next];
        if (cells === undefined) {
          if (isOver) return;
          readChunk();
        } else {
          if (Number(cells[0]) >= untilBucket) return;
          add(cells);
          next += 1;
        }
      }
    },
  };
}

function emptyRow(): RollupRow {
  return { ...new Totals(), sketches: undefined, sketchStart: 0, sketchEnd: 0 };
}
