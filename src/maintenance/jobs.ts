import type { Clock } from "../lib/clock.ts";
import type { Lifecycle } from "../lib/lifecycle.ts";
import type { Logger } from "../lib/logger.ts";
import { WITHOUT_PAUSE } from "../store/plan/steps.ts";
import type { StoreOperations } from "../store/store.ts";
import type { UpkeepJob } from "../store/upkeep.ts";
import type { RetentionRuns } from "./retention-runs.ts";
import { every } from "./schedule.ts";
import type { TrustedTime } from "./trusted-time.ts";

/** What the jobs work on. */
export interface JobsDeps {
  readonly store: Pick<StoreOperations, "metrics" | "upkeep">;
  readonly clock: Clock;
  readonly lifecycle: Lifecycle;
  readonly logger: Logger;
  /** Stores what keys have used since it was last called. */
  readonly flushUsage: () => Promise<void>;
  readonly time: TrustedTime;
  readonly runs: RetentionRuns;
  /** From the end of one cleanup to the beginning of the next. */
  readonly cleanupIntervalMs: number;
}

/** How many ms of keys' usage a crash may lose: quotas and the usage log, never metrics. */
export const USAGE_INTERVAL_MS = 5_000;
/** How far the SQL tables of rollups may trail what was committed. */
const ROLLUP_INTERVAL_MS = 2_000;
/** Expired rows are ignored whoever reads them: this is only about the space they take. */
const EXPIRY_INTERVAL_MS = 60_000;
/** How many ms of followed time a run that is killed loses. */
const FOLLOW_INTERVAL_MS = 60_000;

/**
 * Start everything that is done by the clock, what the engine wants done among it. A job that fails is logged,
 * and runs again at its next time. `lifecycle` stops them, each after the run that is under way.
 */
export function startJobs(deps: JobsDeps): void {
  const { clock, lifecycle, logger } = deps;
  const report = (error: unknown) => logger.error("maintenance failed", { error });
  for (const { name, everyMs, run } of jobsOf(deps)) lifecycle.own(name, every(clock, everyMs, run, report));
}

function jobsOf(deps: JobsDeps): readonly UpkeepJob[] {
  const { store, clock, time, runs } = deps;
  const { metrics, upkeep } = store;
  return [
    { name: "usage log", everyMs: USAGE_INTERVAL_MS, run: deps.flushUsage },
    {
      name: "rollups",
      everyMs: ROLLUP_INTERVAL_MS,
      run: () => metrics.flushRollups(clock.wallMs(), WITHOUT_PAUSE),
    },
    {
      name: "expired idempotency keys",
      everyMs: EXPIRY_INTERVAL_MS,
      run: () => metrics.deleteExpiredIdempotencyKeys(clock.wallMs(), WITHOUT_PAUSE),
    },
    {
      name: "ended series",
      everyMs: EXPIRY_INTERVAL_MS,
      run: () => metrics.deleteEndedSeries(clock.wallMs(), WITHOUT_PAUSE),
    },
    { name: "time", everyMs: FOLLOW_INTERVAL_MS, run: time.follow },
    { name: "retention", everyMs: deps.cleanupIntervalMs, run: runs.scheduled },
    ...upkeep.jobs,
  ];
}
