import type { KeyRegistry } from "../access/key-registry.ts";
import type { Config } from "../config.ts";
import type { RetentionRuns } from "../maintenance/retention-runs.ts";
import type { TrustedTime } from "../maintenance/trusted-time.ts";
import type { Exposition } from "../telemetry/exposition/exposition.ts";
import type { Senders } from "../telemetry/series/service-families.ts";
import { type Administration, openAdministration } from "./admin/administration.ts";
import { type Backup, createBackup } from "./admin/backup.ts";
import { type Composer, createComposer } from "./composer/composer.ts";
import type { Directory } from "./directory/directory.ts";
import { loadServers, openDirectory } from "./directory/open-directory.ts";
import type { ExportMetrics } from "./export-metrics.ts";
import type { Flush } from "./flush.ts";
import { type CheckReadiness, createReadiness } from "./health.ts";
import { openIngest } from "./open-ingest.ts";
import { createQueries, type Queries } from "./query/queries.ts";
import type { ServiceContext } from "./service-context.ts";
import type { Submit } from "./submit.ts";

/**
 * Every operation of the service, whatever protocol it is called in: `openOperations` assembles them once, and the
 * doors of `transport` end in them. Who may call each of them is said in `rules.ts`.
 *
 * What needs nothing but the call itself stands beside them as plain functions: `health`, `rateLimitStatus`.
 */
export interface Operations {
  readonly submit: Submit;
  /** OTLP. */
  readonly exportMetrics: ExportMetrics;
  readonly flush: Flush;
  readonly checkReadiness: CheckReadiness;
  readonly queries: Queries;
  readonly composer: Composer;
  readonly directory: Directory;
  readonly administration: Administration;
  readonly backup: Backup;
  /** Every setting in force, secrets masked. */
  readonly settings: Config["effective"];
  /** What was submitted, and what the service says of itself. */
  readonly expose: () => Promise<Exposition>;
  /** What the composers of a service report together, or one instance; of all services where none is named. */
  readonly exposeService: (senders: Senders) => Promise<Exposition>;
}

/** The operations of a running service, and what its maintenance needs of them. */
export interface OpenOperations {
  readonly operations: Operations;
  /** Cleanups, for the schedule. */
  readonly runs: RetentionRuns;
  /** The time that retention goes by. */
  readonly time: TrustedTime;
  /** Metrics that wait for the disk. */
  readonly queueMetrics: () => number;
  /** How long the last transaction of metrics took, in ms. */
  readonly commitMs: () => number;
}

/** Assemble every operation on the store of `context`. @throws what reading the store throws. */
export async function openOperations(
  context: ServiceContext,
  keyRegistry: KeyRegistry,
): Promise<OpenOperations> {
  const { config, clock, logger, lifecycle, store, telemetry, observers, shutdownSignal } = context;
  const { submit, exportMetrics, flush, flushMetrics, queueMetrics, commitMs } = await openIngest(context);
  const servers = await loadServers(context);
  await store.retention.applyDefault(config.retention.rawDays, clock.wallMs());
  const { administration, runs, time } = await openAdministration({
    store,
    clock,
    logger,
    isBusy: () => queueMetrics() > 0,
    signal: shutdownSignal,
    observer: observers.retention,
    defaultRateLimit: config.keys.rateLimitPerMinute,
    keyRegistry,
    registry: servers.registry,
    seal: servers.seal,
  });
  lifecycle.own("retention", runs.idle);
  const isShuttingDown = () => shutdownSignal.aborted;
  const { startBackup } = store.upkeep;
  const operations: Operations = {
    submit,
    exportMetrics,
    flush,
    checkReadiness: createReadiness({ clock, probe: store.probe, isShuttingDown }),
    queries: createQueries({ store: store.queries, clock }),
    composer: createComposer({
      store: store.queries,
      clock,
      instanceSilenceMs: config.telemetry.instanceSilenceMs,
    }),
    directory: openDirectory(context, servers, administration),
    administration,
    settings: context.config.effective,
    backup: createBackup({ clock, start: startBackup, flush: flushMetrics, signal: shutdownSignal }),
    expose: telemetry.exposition,
    exposeService: telemetry.serviceExposition,
  };
  return { operations, runs, time, queueMetrics, commitMs };
}
