import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import { DAY_MS } from "../lib/time.ts";
import { RETENTION_TABLES, type RetentionTable } from "../store/retention.ts";
import { type CleanedTable, CleanupStoppedError, type CleanupStore, cleanUp } from "./cleanup.ts";
import type { TrustedTime } from "./trusted-time.ts";

/** What runs of cleanups are given. */
export interface RetentionRunsDeps {
  readonly store: CleanupStore;
  readonly clock: Clock;
  /** The time by which rows expire. */
  readonly time: TrustedTime;
  /** Whether metrics wait for the disk; a cleanup then takes less of it. */
  readonly isBusy: () => boolean;
  /** Ends the run that is under way after its next step, and every later one before its first. */
  readonly signal: AbortSignal;
  readonly observer: RetentionObserver;
  readonly logger: Logger;
}

/** Counts what cleanups do, for the service's own metrics. */
export interface RetentionObserver {
  readonly onDeleted: (rows: number) => void;
  /** Once a table, or once a run that failed as a whole; not for a shutdown. */
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
    /** Clean `tables` up; begins when the runs that were asked for before have ended. */
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

/** Whether the wall clock is ahead by more than a restart or a correction of the clock explains: a day. */
export function isClockAhead(time: TrustedTime): boolean {
  return time.leadMs() > DAY_MS;
}
