/**
 * The one wiring of the service. Follow one Submit:
 *
 *   bytes      transport/listener/listener.ts HTTP/1.1 or HTTP/2, one port
 *   path       transport/router.ts                 RPC, REST route, or 404; counts and times the request
 *   who        access/admission.ts            API key → Principal, from the headers     401
 *   how often  access/admission.ts            one token from the key's bucket           429
 *   decode     transport/rpc | transport/rest → SubmittedMetrics, whatever the spelling 400
 *              ─── from here on every protocol is the same function ───
 *   submit     api/submit.ts                  the next lines, in this order
 *   valid      ingest/validate.ts             → Measurement[] and reasons               422
 *   accept     ingest/group-commit.ts         joins a transaction; refuses when full    503
 *   store      sqlite/metrics/metric-store.ts        on the writer thread, down to the disk    503
 *   export     telemetry/series-table.ts      counters and histograms of the catalogue
 */
import { createAdmission } from "./access/admission.ts";
import { FailedAttempts } from "./access/failed-attempts.ts";
import { loadKeys } from "./access/load-keys.ts";
import { createRequestNumbers } from "./access/request-number.ts";
import { createVisits } from "./access/visits.ts";
import { SERVICE_ITSELF } from "./api/admin/audit.ts";
import { createBackup } from "./api/admin/backup.ts";
import type { KeyAdministration } from "./api/admin/keys.ts";
import { createComposer } from "./api/composer/composer.ts";
import { createReadiness } from "./api/health.ts";
import type { Operations } from "./api/operations.ts";
import { createQueries } from "./api/query/queries.ts";
import type { Config } from "./config.ts";
import type { Clock } from "./lib/clock.ts";
import { createLifecycle, type Lifecycle } from "./lib/lifecycle.ts";
import type { Logger } from "./lib/logger.ts";
import { announceService, withdrawService } from "./local-service.ts";
import { startBackup } from "./sqlite/file/backup.ts";
import { MIGRATIONS_FOLDER } from "./sqlite/file/migrations-folder.ts";
import { backupLog, databaseFileBytes } from "./sqlite/threads/open-storage.ts";
import { openTelemetry } from "./telemetry/telemetry.ts";
import { openFrontDoor } from "./transport/front-door.ts";
import type { Foundation } from "./wiring/foundation.ts";
import { loadServers } from "./wiring/load-servers.ts";
import { createObservers } from "./wiring/observers.ts";
import { openServiceDatabase } from "./wiring/open-database.ts";
import { openDirectory } from "./wiring/open-directory.ts";
import { openIngest } from "./wiring/open-ingest.ts";
import { openUpkeep } from "./wiring/open-upkeep.ts";
import { restoreGauges } from "./wiring/restore-gauges.ts";

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

/** Start the service. @throws when the database or a port cannot be opened; nothing is left open then. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const failed: string[] = [];
  const lifecycle = createLifecycle((name, error) => {
    failed.push(name);
    options.logger.error("closing failed", { part: name, error });
  });
  try {
    const { aborted, ...service } = await openService(options, lifecycle);
    async function close() {
      await lifecycle.close();
      return { aborted: aborted(), failed };
    }
    return { ...service, close };
  } catch (error) {
    await lifecycle.close();
    throw error;
  }
}

/** Open every part on those below it; `lifecycle` closes them in reverse. */
async function openService(options: ServiceOptions, lifecycle: Lifecycle) {
  const { config, clock, logger, version } = options;
  const shutdown = new AbortController();
  const databasePath = config.database.path;
  const telemetry = openTelemetry({
    serviceName: config.telemetry.serviceName,
    serviceVersion: version,
    instanceId: `${process.pid}`,
    resourceAttributes: config.telemetry.resourceAttributes,
    naming: config.telemetry.naming,
    labelValuesMax: config.telemetry.labelValuesMax,
    seriesMax: config.telemetry.seriesMax,
    instanceSilenceMs: config.telemetry.instanceSilenceMs,
    secondsBoundaries: config.telemetry.secondsBuckets,
    otlp: config.otlp,
    gauges: {
      queueMetrics: () => ingest.queueMetrics(),
      queueLimit: () => config.ingest.queuedMetricsMax,
      availableTokens: () => keys.directory.availableTokens(),
      databaseBytes: () => databaseFileBytes(databasePath),
    },
    clock,
    logger: logger.named("telemetry"),
  });
  lifecycle.own("telemetry", telemetry.shutdown);
  const observers = createObservers(telemetry, logger);
  const shutdownSignal = shutdown.signal;
  const foundation: Foundation = { config, clock, logger, lifecycle, telemetry, observers, shutdownSignal };

  const database = await openServiceDatabase(foundation, options.onFatal);
  const { writer, reader } = database;
  await restoreGauges(foundation, reader);
  const keys = await loadKeys(writer, config.keys, clock);
  const lastRequestNumber = await writer.call("lastRequestNumber");
  const ingest = openIngest(foundation, writer);
  const servers = await loadServers(foundation, writer);
  const upkeep = await openUpkeep(foundation, database, ingest, keys, servers);
  const { administration } = upkeep;
  const attempts = new FailedAttempts({
    clock,
    limitPerMinute: config.keys.failuresPerMinute,
    onLimited: observers.onAttemptsLimited,
  });
  const admit = createAdmission(keys.directory, attempts, observers.admission);
  const operations: Operations = {
    submit: ingest.submit,
    exportMetrics: ingest.exportMetrics,
    flush: ingest.flush,
    checkReadiness: createReadiness({
      clock,
      probe: database.probe,
      isShuttingDown: () => shutdownSignal.aborted,
    }),
    administration,
    backup: createBackup({
      clock,
      start: (target) => startBackup({ source: databasePath, target, migrationsFolder: MIGRATIONS_FOLDER }),
      flush: ingest.flushMetrics,
      signal: shutdownSignal,
      log: () => backupLog(databasePath),
    }),
    queries: createQueries({ reader, clock }),
    expose: telemetry.exposition,
    exposeService: telemetry.serviceExposition,
    composer: createComposer({ reader, clock }),
    directory: openDirectory(foundation, database, servers, administration),
  };
  const frontDoor = await openFrontDoor({
    config,
    clock,
    version,
    operations,
    admit,
    admitAnonymous: createVisits(admit, clock, config.keys.visitorRateLimitPerMinute),
    nextRequest: createRequestNumbers(clock.wallMs, lastRequestNumber),
    isServing: () => database.isUsable() && !shutdownSignal.aborted,
    onServingChange: database.onUsableChange,
    shutdownSignal,
    onAnswered: telemetry.selfMetrics.httpRequest,
    countUsage: upkeep.countUsage,
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
  upkeep.beginCleanups();
  return {
    port: frontDoor.port,
    prometheusPort: frontDoor.prometheusPort,
    hasNoKeys: keys.isEmpty,
    keys: administration.keys(SERVICE_ITSELF),
    aborted: () => aborted,
  };
}
