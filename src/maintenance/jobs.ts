import type { Clock } from "../lib/clock.ts";
import type { Reader } from "../sqlite/threads/reader.ts";
import type { Writer } from "../sqlite/threads/writer.ts";
import { forgetEndedSeries } from "./ended-series.ts";
import { forgetExpiredAnswers } from "./expired-answers.ts";
import { flushRollups } from "./flush-rollups.ts";
import { truncateLargeLog } from "./large-log.ts";
import type { RetentionRuns } from "./retention-runs.ts";
import type { Job } from "./schedule.ts";
import type { TrustedTime } from "./trusted-time.ts";

export interface JobsDeps {
  readonly path: string;
  readonly writer: Writer;
  readonly reader: Reader;
  readonly clock: Clock;
  readonly flushUsage: () => Promise<void>;
  readonly time: TrustedTime;
  readonly runs: RetentionRuns;
  readonly cleanupIntervalMs: number;
  readonly isStorageWorking: () => boolean;
}

/** How much of what keys have used a crash may forget. */
export const USAGE_INTERVAL_MS = 5_000;
/** How far the SQL tables may trail what was committed. */
const ROLLUP_INTERVAL_MS = 2_000;
const LOG_INTERVAL_MS = 1_000;
const EXPIRY_INTERVAL_MS = 60_000;
/** How soon a service that storage has failed finds out, unasked, that it is back. */
const RECOVERY_INTERVAL_MS = 2_000;
/** How much of the time it followed a run that is killed loses. */
const FOLLOW_INTERVAL_MS = 60_000;

/** Everything that is done by the clock. */
export function maintenanceJobs(deps: JobsDeps): readonly Job[] {
  const { path, writer, reader, clock, time, runs } = deps;
  async function recover(): Promise<void> {
    if (!deps.isStorageWorking()) await writer.call("probe").catch(() => {});
  }
  return [
    { name: "usage log", everyMs: USAGE_INTERVAL_MS, run: deps.flushUsage },
    { name: "rollups", everyMs: ROLLUP_INTERVAL_MS, run: () => flushRollups(writer, clock) },
    { name: "expired answers", everyMs: EXPIRY_INTERVAL_MS, run: () => forgetExpiredAnswers(writer, clock) },
    { name: "ended series", everyMs: EXPIRY_INTERVAL_MS, run: () => forgetEndedSeries(writer, clock) },
    { name: "large log", everyMs: LOG_INTERVAL_MS, run: () => truncateLargeLog(path, writer, reader) },
    { name: "recovery", everyMs: RECOVERY_INTERVAL_MS, run: recover },
    { name: "time", everyMs: FOLLOW_INTERVAL_MS, run: time.follow },
    { name: "retention", everyMs: deps.cleanupIntervalMs, run: runs.scheduled },
  ];
}
