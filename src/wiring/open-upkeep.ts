import type { LoadedKeys } from "../access/load-keys.ts";
import { UsageLog } from "../access/usage-log.ts";
import { type Administration, openAdministration } from "../api/admin/administration.ts";
import { maintenanceJobs } from "../maintenance/jobs.ts";
import { every } from "../maintenance/schedule.ts";
import type { LoadedServers } from "./load-servers.ts";
import type { Ingest } from "./open-ingest.ts";
import type { ServiceContext } from "./service-context.ts";

/** Administration, and what is done by the clock. */
export interface Upkeep {
  readonly administration: Administration;
  /** Note what a key has used. */
  readonly countUsage: UsageLog["add"];
  /** The first cleanup: for when nobody waits for the start any more. */
  readonly beginCleanups: () => void;
}

export async function openUpkeep(
  { config, clock, logger, lifecycle, store, observers, shutdownSignal }: ServiceContext,
  { queueMetrics }: Ingest,
  keys: LoadedKeys,
  { registry, seal }: LoadedServers,
): Promise<Upkeep> {
  const usage = new UsageLog({
    wallMs: clock.wallMs,
    store: store.keys.recordUsage,
    unsavedUsage: () => keys.registry.unsavedUsage(),
    usageSaved: (days) => keys.registry.usageSaved(days),
  });
  lifecycle.own("usage", usage.flush);
  await store.retention.applyDefault(config.retention.rawDays, clock.wallMs());
  const { administration, runs, time } = await openAdministration({
    store,
    clock,
    logger,
    isBusy: () => queueMetrics() > 0,
    signal: shutdownSignal,
    observer: observers.retention,
    defaultRateLimit: config.keys.rateLimitPerMinute,
    keyRegistry: keys.registry,
    registry,
    seal,
  });
  await time.follow();
  lifecycle.own("retention", runs.idle);
  const report = (error: unknown) => logger.error("maintenance failed", { error });
  const jobs = maintenanceJobs({
    store,
    clock,
    flushUsage: usage.flush,
    time,
    runs,
    cleanupIntervalMs: config.retention.cleanupIntervalMs,
  });
  for (const { name, everyMs, run } of jobs) lifecycle.own(name, every(clock, everyMs, run, report));
  return { administration, countUsage: usage.add, beginCleanups: () => void runs.scheduled() };
}
