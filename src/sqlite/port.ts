/**
 * The port over the engine's operations: what is one call there passes through, what is long work there is
 * taken step by step from here, so that commits get their turn on the writer thread between two steps.
 *
 * The same for a service and for the command line: what differs is whether the calls go to threads.
 */
import { runSteps, WITHOUT_PAUSE } from "../store/plan/steps.ts";
import { emptySurvey, mergeSurvey } from "../store/retention.ts";
import type { StoreOperations } from "../store/store.ts";
import type { ReaderCalls, WriterCalls } from "./threads/operations.ts";

/**
 * Rows a step of a cleanup: some milliseconds of the writer's time, which is what a commit may have to wait.
 */
const ROWS_PER_CLEANUP_STEP = 500;

/** Every domain of the port but `upkeep`, which depends on where the file is. */
export function createPort(writer: WriterCalls, reader: ReaderCalls): Omit<StoreOperations, "upkeep"> {
  const { metrics, directory, retention } = writer;
  return {
    keys: writer.keys,
    audit: writer.audit,
    queries: reader.queries,

    metrics: withLongWork(metrics, {
      flushRollups: (nowMs, pace) =>
        runSteps((target: number | undefined) => metrics.flushRollupsStep(nowMs, target), pace),
      deleteUnusedRollupKeys: (beforeDay, pace) =>
        runSteps(() => metrics.deleteRollupKeysStep(beforeDay), pace),
      deleteExpiredIdempotencyKeys: (nowMs, pace) =>
        runSteps(() => metrics.deleteExpiredIdempotencyKeysStep(nowMs), pace),
      deleteEndedSeries: (nowMs, pace) => runSteps(() => metrics.deleteEndedSeriesStep(nowMs), pace),
    }),

    directory: withLongWork(directory, {
      async recomputeDay(day, nowMs, pace) {
        let series = 0;
        const step = (cursor: number | undefined) => directory.recomputeDayStep(day, nowMs, cursor);
        await runSteps(step, pace, (found) => {
          series += found;
        });
        return series;
      },
      chart: reader.directory.chart,
      listEvents: reader.directory.listEvents,
      listUses: reader.directory.listUses,
    }),

    retention: withLongWork(retention, {
      deleteExpired(expiry, pace, onDeleted) {
        const step = (cursor: unknown) =>
          retention.deleteExpiredStep({ ...expiry, cursor, rowsMax: ROWS_PER_CLEANUP_STEP });
        return runSteps(step, pace, onDeleted);
      },
      async survey(query) {
        let whole = emptySurvey();
        const step = (cursor: number | undefined) => reader.retention.surveyStep({ ...query, cursor });
        await runSteps(step, WITHOUT_PAUSE, (part) => {
          whole = mergeSurvey(whole, part);
        });
        return whole;
      },
    }),
  };
}

/**
 * `calls` and `more` as one object. A proxy, because `calls` is one: its names are known to the thread alone,
 * so that spreading it would yield nothing. What the domain has beyond both cannot be written, by its type.
 */
function withLongWork<Port extends object, Calls extends Partial<Port>>(
  calls: Calls,
  more: Omit<Port, keyof Calls>,
): Port {
  return new Proxy(more, {
    get: (own, name) => Reflect.get(own, name) ?? Reflect.get(calls, name),
    ownKeys: () => Reflect.ownKeys(calls),
  }) as Port;
}
