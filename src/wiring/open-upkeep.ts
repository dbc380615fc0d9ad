import type { LoadedKeys } from "../access/load-keys.ts";
import { UsageLog } from "../access/usage-log.ts";
import { type Administration, openAdministration } from "../api/admin/administration.ts";
import { maintenanceJobs } from "../maintenance/jobs.ts";
import { every } from "../maintenance/schedule.ts";
import { administrationStorage } from "../sqlite/threads/administration.ts";
import type { Foundation } from "./foundation.ts";
import type { LoadedServers } from "./load-servers.ts";
import type { ServiceDatabase } from "./open-database.ts";
import type { Ingest } from "./open-ingest.ts";

/** Administration, and what is done by the clock. */
export interface Upkeep {
  readonly administration: Administration;
  /** Note what a key has used. */
  readonly countUsage: UsageLog["add"];
  /** The first cleanup: for when nobody waits for the start any more. */
  readonly beginCleanups: () => void;
}

export async function openUpkeep(
  { config, clock, logger, lifecycle, observers, shutdownSignal }: Foundation,
  { writer, reader, isWorking }: ServiceDatabase,
  { queueMetrics }: Ingest,
  keys: LoadedKeys,
  { registry, seal }: LoadedServers,
): Promise<Upkeep> {
  const usage = new UsageLog({
    wallMs: clock.wallMs,
    store: (record, nowMs) => writer.call("recordUsage", record, nowMs),
    unsavedUsage: () => keys.directory.unsavedUsage(),
    usageSaved: (days) => keys.directory.usageSaved(days),
  });
  lifecycle.own("usage", usage.flush);
  await writer.call("applyDefaultRetention", config.retention.rawDays, clock.wallMs());
  const { administration, runs, time } = await openAdministration({
    storage: { ...administrationStorage(writer.call), surveyTable: reader.survey },
    clock,
    logger,
    isBusy: () => queueMetrics() > 0,
    signal: shutdownSignal,
    observer: observers.retention,
    defaultRateLimit: config.keys.rateLimitPerMinute,
    directory: keys.directory,
    registry,
    seal,
  });
  await time.follow();
  lifecycle.own("retention", runs.idle);
  const report = (error: unknown) => logger.error("maintenance failed", { error });
  const jobs = maintenanceJobs({
    path: config.database.path,
    writer,
    reader,
    clock,
    flushUsage: usage.flush,
    time,
    runs,
    cleanupIntervalMs: config.retention.cleanupIntervalMs,
    isStorageWorking: isWorking,
  });
  for (const { name, everyMs, run } of jobs) lifecycle.own(name, every(clock, everyMs, run, report));
  return { administration, countUsage: usage.add, beginCleanups: () => void runs.scheduled() };
}
