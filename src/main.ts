/**
 * The one wiring of the service: what is opened, in which order. Follow one Submit:
 *
 *   bytes      transport/listener/listener.ts     HTTP/1.1 or HTTP/2, one port
 *   path       transport/router.ts                RPC, REST route, or 404; counts and times the request
 *   headers    transport/rest/handler.ts          asks the next two before it reads a body; for RPCs
 *              transport/rpc/unary/calls.ts       without Connect, as long as nothing is odd about a call
 *              transport/rpc/auth-interceptor.ts  Connect calls this one for all others
 *   who        access/admission.ts                API key → Principal                              401
 *   how often  access/admission.ts                a token from the key's bucket, then its role     429, 403
 *   decode     transport/rest/metrics/routes.ts   → SubmittedMetrics, whatever the spelling        400, 413
 *              transport/rpc/unary/methods.ts     the same of a Protobuf message
 *              ─── from here on every protocol is the same function ───
 *   submit     api/submit.ts                      the next lines, wired in api/open-ingest.ts
 *   valid      ingest/validate.ts                 → Measurement[] and reasons                      422
 *   accept     ingest/group-commit.ts             joins a transaction; rejects when full           503
 *   store      store/metrics.ts                   the port: durable when `commit` resolves         503
 *              sqlite/metrics/metric-writer.ts    the embedded engine, on its writer thread
 *   export     telemetry/telemetry.ts             → series/table.ts: counters and histograms
 */
import { createAdmission } from "./access/admission.ts";
import { createAnonymousAccess } from "./access/anonymous-access.ts";
import { createRequestNumbers } from "./access/call.ts";
import { FailedAttempts } from "./access/failed-attempts.ts";
import { InFlight } from "./access/in-flight.ts";
import { loadKeys } from "./access/load-keys.ts";
import { createSessions } from "./access/sessions.ts";
import { UsageLog } from "./access/usage-log.ts";
import { SERVICE_ITSELF } from "./api/admin/audit.ts";
import type { KeyAdministration } from "./api/admin/keys.ts";
import { restoreGauges } from "./api/composer/restore-gauges.ts";
import { createObservers } from "./api/observers.ts";
import { bytesInFlightMax } from "./api/open-ingest.ts";
import { openOperations } from "./api/operations.ts";
import type { ServiceContext } from "./api/service-context.ts";
import type { Config } from "./config.ts";
import type { Clock } from "./lib/clock.ts";
import { createLifecycle, type Lifecycle } from "./lib/lifecycle.ts";
import type { Logger } from "./lib/logger.ts";
import { startJobs } from "./maintenance/jobs.ts";
import { openSqliteStore } from "./sqlite/engine.ts";
import { openTelemetry } from "./telemetry/telemetry.ts";
import { openFrontDoor } from "./transport/front-door.ts";

/** A running service. */
export interface Service {
  readonly port: number;
  /** Undefined when scrapes are off. */
  readonly prometheusPort: number | undefined;
  /** Whether nobody has an API key yet. */
  readonly hasNoKeys: boolean;
  readonly keys: KeyAdministration;
  /**
   * Reject new work, finish what was taken, close everything. Resolves to the requests that were cut off,
   * and the parts that failed to close: buffered metrics that storage did not take are among those.
   */
  close(): Promise<{ readonly aborted: number; readonly failed: readonly string[] }>;
}

export interface ServiceOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of the package, for clients and telemetry. */
  readonly version: string;
  /** What is on disk can no longer be trusted: nothing is acknowledged any more, the process must end. */
  readonly onFatal: (error: Error) => void;
  /** Gives the start up while it waits for a database that cannot be opened yet. */
  readonly startSignal?: AbortSignal;
}

/**
 * Start the service. @throws when the database or a port cannot be opened, and the reason of `startSignal`;
 * nothing is left open then.
 */
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

/** Open every part on those before it; `lifecycle` closes them in reverse. */
async function openService(options: ServiceOptions, lifecycle: Lifecycle) {
  const { config, clock, logger, version } = options;
  const shutdown = new AbortController();
  const shutdownSignal = shutdown.signal;

  const store = await openSqliteStore({
    ...config.database,
    clock,
    logger,
    // It makes no calls before it is open, and then there are observers.
    onCall: (call) => observers.onStoreCall(call),
    onFatal: options.onFatal,
    signal: options.startSignal,
  });
  lifecycle.own("storage", store.close);

  const { secondsBuckets, ...telemetryConfig } = config.telemetry;
  const telemetry = openTelemetry({
    ...telemetryConfig,
    secondsBoundaries: secondsBuckets,
    serviceVersion: version,
    instanceId: await store.upkeep.instanceId(),
    otlp: config.otlp,
    gauges: {
      queueMetrics: () => queueMetrics(),
      queueLimit: () => config.ingest.queuedMetricsMax,
      availableTokens: () => keys.registry.availableTokens(),
      databaseBytes: () => store.upkeep.bytes(),
    },
    clock,
    logger: logger.named("telemetry"),
  });
  lifecycle.own("telemetry", telemetry.shutdown);
  const observers = createObservers(telemetry, logger, clock);

  const shared = { config, clock, logger, lifecycle };
  const context: ServiceContext = { ...shared, store, telemetry, observers, shutdownSignal };
  await restoreGauges(context);

  const keys = await loadKeys(store.keys, config.keys, clock);
  const lastRequestNumber = await store.metrics.lastRequestNumber();
  const usage = new UsageLog({
    wallMs: clock.wallMs,
    store: store.keys.recordUsage,
    unsavedUsage: () => keys.registry.unsavedUsage(),
    usageSaved: (days) => keys.registry.usageSaved(days),
  });
  lifecycle.own("usage", usage.flush);
  const { operations, queueMetrics, commitMs, runs, time } = await openOperations(context, keys.registry);

  await time.follow();
  const { cleanupIntervalMs } = config.retention;
  startJobs({ store, clock, lifecycle, logger, flushUsage: usage.flush, time, runs, cleanupIntervalMs });

  const attempts = new FailedAttempts({
    clock,
    limitPerMinute: config.keys.failuresPerMinute,
    onLimited: observers.onAttemptsLimited,
  });
  const admit = createAdmission(keys.registry, attempts, observers.admission);
  const frontDoor = await openFrontDoor({
    config,
    clock,
    version,
    operations,
    admit,
    admitAnonymous: createAnonymousAccess(admit, clock, config.keys.anonymousRateLimitPerMinute),
    sessions: createSessions(await store.upkeep.installationSecret(), keys.registry, clock),
    inFlight: new InFlight({
      clock,
      bytesMax: bytesInFlightMax(config.ingest),
      waitMsMax: config.ingest.waitMsMax,
      commitMs,
    }),
    nextRequest: createRequestNumbers(clock.wallMs, lastRequestNumber),
    isServing: () => store.isUsable() && !shutdownSignal.aborted,
    onServingChange: store.onUsableChange,
    shutdownSignal,
    onAnswered: observers.onAnswered,
    countUsage: usage.add,
    onUnexpected: observers.onUnexpected,
    onListenerError: (error) => logger.error("listener", { error }),
    onClosings: (closings) => logger.named("listener").warn("peers were cut off", { ...closings }),
  });
  let aborted = 0;
  lifecycle.own("front door", async () => {
    shutdown.abort();
    ({ aborted } = await frontDoor.close(config.server.shutdownTimeoutMs));
  });
  store.upkeep.announce({ pid: process.pid, url: frontDoor.localUrl, adminKey: keys.localAdminKey });
  lifecycle.own("announcement", store.upkeep.withdraw);
  // Only now: whoever waits for the service does not wait for a cleanup.
  void runs.scheduled();
  return {
    port: frontDoor.port,
    prometheusPort: frontDoor.prometheusPort,
    hasNoKeys: keys.isEmpty,
    keys: operations.administration.keys(SERVICE_ITSELF),
    aborted: () => aborted,
  };
}
