/**
 * The one wiring of the service. Follow one Submit:
 *
 *   bytes      transport/listener/listener.ts HTTP/1.1 or HTTP/2, one port
 *   path       transport/router.ts            RPC, REST route, or 404; counts and times the request
 *   who        access/admission.ts            API key → Principal, from the headers     401
 *   how often  access/admission.ts            one token from the key's bucket           429
 *   decode     transport/rpc | transport/rest → SubmittedMetrics, whatever the spelling 400
 *              ─── from here on every protocol is the same function ───
 *   submit     api/submit.ts                  the next lines, in this order
 *   valid      ingest/validate.ts             → Measurement[] and reasons               422
 *   accept     ingest/group-commit.ts         joins a transaction; refuses when full    503
 *   store      storage/metric-store.ts        on the writer thread, down to the disk    503
 *   export     telemetry/series-table.ts      counters and histograms of the catalogue
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createAdmission } from "./access/admission.ts";
import { loadKeys } from "./access/load-keys.ts";
import { createRequestNumbers } from "./access/request-number.ts";
import { UsageLog } from "./access/usage-log.ts";
import { openAdministration } from "./api/admin/administration.ts";
import { SERVICE_ITSELF } from "./api/admin/audit.ts";
import { createBackup } from "./api/admin/backup.ts";
import type { KeyAdministration } from "./api/admin/keys.ts";
import { createFlush } from "./api/flush.ts";
import { createReadiness } from "./api/health.ts";
import { createQueries } from "./api/query/queries.ts";
import { createSubmit } from "./api/submit.ts";
import type { Config } from "./config.ts";
import { createDimensionSets } from "./ingest/dimension-sets.ts";
import { GroupCommit } from "./ingest/group-commit.ts";
import { createValidate } from "./ingest/validate.ts";
import type { Clock } from "./lib/clock.ts";
import { createLifecycle } from "./lib/lifecycle.ts";
import type { Logger } from "./lib/logger.ts";
import { createWatchedValue } from "./lib/watched-value.ts";
import { announceService, withdrawService } from "./local-service.ts";
import { flushRollups } from "./maintenance/flush-rollups.ts";
import { maintenanceJobs } from "./maintenance/jobs.ts";
import { every } from "./maintenance/schedule.ts";
import { searchForDamage } from "./maintenance/search-for-damage.ts";
import { createObservers } from "./observers.ts";
import { administrationStorage } from "./storage/administration.ts";
import { startBackup } from "./storage/backup.ts";
import { databaseFileBytes, openStorage } from "./storage/open-storage.ts";
import { openReaderThread } from "./storage/reader.ts";
import { openTelemetry } from "./telemetry/telemetry.ts";
import { openFrontDoor } from "./transport/front-door.ts";

export interface Service {
  readonly port: number;
  /** Undefined when scrapes are off. */
  readonly prometheusPort: number | undefined;
  /** Whether nobody has an API key yet. */
  readonly hasNoKeys: boolean;
  readonly keys: KeyAdministration;
  /**
   * Refuse new work, finish what was taken, close everything. Resolves to the requests that were cut off,
   * and the parts that failed to close: buffered metrics that storage did not take are among those.
   */
  close(): Promise<{ readonly aborted: number; readonly failed: readonly string[] }>;
}

export interface ServiceOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
  /** What is on disk can no longer be trusted: nothing is acknowledged any more, the process must end. */
  readonly onFatal: (error: Error) => void;
}

export const MIGRATIONS_FOLDER = fileURLToPath(new URL("../migrations", import.meta.url));

/** Start the service. @throws when the database or a port cannot be opened; nothing is left open then. */
export async function startService({
  config,
  clock,
  logger,
  version,
  onFatal,
}: ServiceOptions): Promise<Service> {
  const failed: string[] = [];
  const lifecycle = createLifecycle((name, error) => {
    failed.push(name);
    logger.error("closing failed", { part: name, error });
  });
  try {
    return await open();
  } catch (error) {
    await lifecycle.close();
    throw error;
  }

  async function open(): Promise<Service> {
    const storageWorks = createWatchedValue(true);
    const isSound = createWatchedValue(true);
    const shutdown = new AbortController();
    const databasePath = config.database.path;

    const telemetry = openTelemetry({
      serviceName: config.telemetry.serviceName,
      serviceVersion: version,
      instanceId: `${process.pid}`,
      resourceAttributes: config.telemetry.resourceAttributes,
      labelValuesMax: config.telemetry.labelValuesMax,
      seriesMax: config.telemetry.seriesMax,
      secondsBoundaries: config.telemetry.secondsBuckets,
      otlp: config.otlp,
      gauges: {
        queueMetrics: () => commits.depth,
        availableTokens: () => keys.directory.availableTokens(),
        databaseBytes: () => databaseFileBytes(databasePath),
      },
      clock,
      logger: logger.named("telemetry"),
    });
    lifecycle.own("telemetry", telemetry.shutdown);
    const observers = createObservers(telemetry, logger);

    const writer = await openStorage({
      path: databasePath,
      migrationsFolder: MIGRATIONS_FOLDER,
      clock,
      retriesMax: config.database.retriesMax,
      timeoutMs: config.database.connectionTimeoutMs,
      onRetry: (error) => logger.warn("the database cannot be opened yet", { error }),
      onOperation(name, seconds, failed) {
        observers.onOperation(name, seconds, failed);
        if (failed) storageWorks.set(false);
        // Others may have found nothing to write.
        else if (name === "probe" || name === "commitMetrics") storageWorks.set(true);
      },
      onFatal,
    });
    lifecycle.own("storage", writer.close);
    for (const migration of writer.applied) logger.info("migration applied", { ...migration });
    if (!writer.isChecked) {
      const search = searchForDamage(databasePath, {
        onSound: () => logger.info("the database is sound"),
        onDamaged(findings) {
          isSound.set(false);
          logger.error("THE DATABASE IS DAMAGED; not ready from now on: restore a backup", { findings });
        },
        onFailed: (error) => logger.warn("the database could not be searched for damage", { error }),
      });
      lifecycle.own("search for damage", search);
    }

    const reader = openReaderThread({
      path: databasePath,
      timeoutMs: config.database.queryTimeoutMs,
      onOperation: observers.onQuery,
      onBroken: (error) => logger.error("the reader thread ended", { error }),
    });
    lifecycle.own("reader", reader.close);

    const keys = await loadKeys(writer, config.keys, clock);
    const admit = createAdmission(keys.directory, observers.admission);
    const nextRequest = createRequestNumbers(clock.wallMs, await writer.call("lastRequestNumber"));

    const { acknowledge, batchMetrics, flushIntervalMs } = config.ingest;
    const commits = new GroupCommit({
      clock,
      commit: writer.commitMetrics,
      queuedMetricsMax: config.ingest.queuedMetricsMax,
      linger: acknowledge === "buffered" ? { metrics: batchMetrics, ms: flushIntervalMs } : undefined,
      onCommit: (metrics, seconds) => telemetry.selfMetrics.commit({ metrics, seconds }),
    });
    lifecycle.own("group commit", () => commits.close());

    const report = (error: unknown) => logger.error("maintenance failed", { error });
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
      isBusy: () => commits.depth > 0,
      signal: shutdown.signal,
      observer: observers.retention,
      defaultRateLimit: config.keys.rateLimitPerMinute,
      directory: keys.directory,
    });
    await time.follow();
    lifecycle.own("retention", runs.idle);
    const jobs = maintenanceJobs({
      path: databasePath,
      writer,
      reader,
      clock,
      flushUsage: usage.flush,
      time,
      runs,
      cleanupIntervalMs: config.retention.cleanupIntervalMs,
      isStorageWorking: storageWorks.get,
    });
    for (const { name, everyMs, run } of jobs) lifecycle.own(name, every(clock, everyMs, run, report));
    const frontDoor = await openFrontDoor({
      config,
      clock,
      admit,
      nextRequest,
      submit: createSubmit({
        validate: createValidate({
          intern: createDimensionSets(),
          wallMs: clock.wallMs,
          metricsMax: config.ingest.metricsPerRequestMax,
        }),
        store: (submission) => commits.add(submission),
        export: telemetry.exporter.record,
        ack: acknowledge,
        serviceBinding: config.keys.binding,
        observer: observers.submit,
      }),
      flush: createFlush(async () => {
        await commits.flush();
        await flushRollups(writer, clock);
      }),
      checkReadiness: createReadiness({
        clock,
        probe: async () => {
          if (!isSound.get()) throw new Error("the database is damaged");
          await writer.call("probe");
        },
        isShuttingDown: () => shutdown.signal.aborted,
      }),
      administration,
      backup: createBackup({
        clock,
        start: (target) => startBackup({ source: databasePath, target, migrationsFolder: MIGRATIONS_FOLDER }),
        flush: () => commits.flush(),
        signal: shutdown.signal,
      }),
      queries: createQueries({ reader, clock }),
      expose: telemetry.exposition,
      isServing: () => storageWorks.get() && isSound.get() && !shutdown.signal.aborted,
      onServingChange(listener) {
        const stops = [storageWorks.onChange(listener), isSound.onChange(listener)];
        return () => stops.forEach((stop) => void stop());
      },
      shutdownSignal: shutdown.signal,
      version,
      onAnswered: telemetry.selfMetrics.httpRequest,
      countUsage: usage.add,
      onUnexpected: observers.onUnexpected,
      onListenerError: (error) => logger.error("listener", { error }),
    });
    let aborted = 0;
    lifecycle.own("front door", async () => {
      shutdown.abort();
      ({ aborted } = await frontDoor.close(config.server.shutdownTimeoutMs));
    });
    announceService(databasePath, {
      pid: process.pid,
      url: frontDoor.localUrl,
      adminKey: keys.localAdminKey,
    });
    lifecycle.own("announcement", () => withdrawService(databasePath));
    // Only now: whoever waits for the service does not wait for a cleanup.
    void runs.scheduled();

    return {
      port: frontDoor.port,
      prometheusPort: frontDoor.prometheusPort,
      hasNoKeys: keys.isEmpty,
      keys: administration.keys(SERVICE_ITSELF),
      async close() {
        await lifecycle.close();
        return { aborted, failed };
      },
    };
  }
}

/** The version of the package. */
export function readVersion(): string {
  const file = new URL("../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
