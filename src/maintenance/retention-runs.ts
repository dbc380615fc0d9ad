import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import { DAY_MS } from "../lib/time.ts";
import { RETENTION_TABLES, type RetentionTable } from "../store/retention.ts";
import { type CleanedTable, CleanupStoppedError, type CleanupStore, cleanUp } from "./cleanup.ts";
import type { TrustedTime } from "./trusted-time.ts";

export interface RetentionRunsDeps {
  readonly store: CleanupStore;
  readonly clock: Clock;
  readonly time: TrustedTime;
  readonly isBusy: () => boolean;
  /** Ends the run that is under way after its next step, and refuses others. */
  readonly signal: AbortSignal;
  readonly observer: RetentionObserver;
  readonly logger: Logger;
}

export interface RetentionObserver {
  readonly onDeleted: (rows: number) => void;
  readonly onFailed: () => void;
}

export type RetentionRuns = ReturnType<typeof createRetentionRuns>;

/** Cleanups, by schedule and on demand, one at a time and by the time that can be trusted. */
export function createRetentionRuns(deps: RetentionRunsDeps) {
  const { clock, time, logger, observer } = deps;
  let last: Promise<unknown> = Promise.resolve();

  async function runNow(tables: readonly RetentionTable[]): Promise<readonly CleanedTable[]> {
    const results = await cleanUp({ ...deps, onDeleted: observer.onDeleted }, tables, time.nowMs());
    for (const { table, deleted, seconds, error } of results) {
      if (deleted > 0) logger.info("retention deleted rows", { table, deleted, seconds });
      if (error === undefined || error instanceof CleanupStoppedError) continue;
      observer.onFailed();
      logger.error("retention failed", { table, error });
    }
    return results;
  }

  function run(tables: readonly RetentionTable[]): Promise<readonly CleanedTable[]> {
    const running = last.then(() => runNow(tables));
    last = running.catch(() => {});
    return running;
  }

  return {
    /** Delete what the policies of `tables` have given up; waits for runs that were asked for before. */
    run,

    /** What the schedule runs. Never rejects. */
    async scheduled(): Promise<void> {
      if (isClockAhead(time)) {
        const wall = new Date(clock.wallMs()).toISOString();
        logger.warn("the clock is ahead of the time that can be trusted; retention goes by the latter", {
          clock: wall,
          trusted: new Date(time.nowMs()).toISOString(),
        });
      }
      try {
        await run(RETENTION_TABLES);
      } catch (error) {
        observer.onFailed();
        logger.error("retention failed", { error });
      }
    },

    /** Resolves when no run is under way. */
    idle: async () => void (await last),
  };
}

/** Whether by more than what a restart or a correction of the clock explains. */
export function isClockAhead(time: TrustedTime): boolean {
  return time.leadMs() > DAY_MS;
}
