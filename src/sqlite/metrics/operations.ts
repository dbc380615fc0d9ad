import type { Batch } from "../../store/batch.ts";
import type { SeriesQuestion } from "../../store/metrics.ts";
import type { Step } from "../../store/plan/steps.ts";
import type { Rollups } from "../rollups/rollups.ts";
import { rebuildPercentiles } from "../rollups/stored-percentiles.ts";
import type { OperationContext } from "../threads/operation.ts";
import { deleteExpiredIdempotencyKeys } from "./idempotency-store.ts";
import { MetricWriter } from "./metric-writer.ts";
import { deleteEndedSeries, findSeries } from "./series-store.ts";

/**
 * What of `MetricStore` the writer thread carries out. Names that end in `Step` are one step of long work, a
 * transaction of its own; `port.ts` takes them one after the other.
 */
export function metricOperations({ database, read, write, proof }: OperationContext, rollups: Rollups) {
  const writer = new MetricWriter(database, rollups);
  return {
    commit: proof("insert", "metrics", (batch: Batch, nowMs: number) => writer.commit(batch, nowMs)),
    findSeries: read("select", "cumulative_series", (question: SeriesQuestion, nowMs: number) =>
      findSeries(database, question, nowMs),
    ),
    // By id, the order of arrival: request numbers only grow.
    lastRequestNumber: read("select", "metrics", () =>
      Number(database.first("SELECT request FROM measurements ORDER BY id DESC LIMIT 1")?.request ?? 0),
    ),
    /** The cursor is the id of the newest metric that was there when the first step began. */
    flushRollupsStep: write("upsert", "rollups", (nowMs: number, target: number | undefined) => ({
      done: undefined,
      next: rollups.flushStep(nowMs, target),
    })),
    /** Returns whether there is more to do. */
    rebuildPercentilesStep: write("update", "rollups", () => rebuildPercentiles(database)),
    deleteRollupKeysStep: write("delete", "rollup_keys", (beforeDay: number) =>
      untilNotFull(rollups.deleteKeysBefore(beforeDay, ROWS_PER_STEP)),
    ),
    deleteExpiredIdempotencyKeysStep: read("delete", "idempotency_keys", (nowMs: number) =>
      untilNotFull(deleteExpiredIdempotencyKeys(database, nowMs, ROWS_PER_STEP)),
    ),
    deleteEndedSeriesStep: read("delete", "cumulative_series", (nowMs: number) =>
      untilNotFull(deleteEndedSeries(database, nowMs, ROWS_PER_STEP)),
    ),
  };
}

/** Rows a step: well under a millisecond of the writer's time, so that no commit waits for it. */
const ROWS_PER_STEP = 500;

/** The result of a step that deleted so many rows; one that found fewer than it might delete is the last. */
function untilNotFull(rows: number): Step<number, true> {
  return { done: rows, next: rows === ROWS_PER_STEP ? true : undefined };
}
