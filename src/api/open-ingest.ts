import type { Config } from "../config.ts";
import { createDimensionSets } from "../ingest/dimension-sets.ts";
import { GroupCommit } from "../ingest/group-commit.ts";
import { createValidate } from "../ingest/validate.ts";
import { bodyBytesInMemory } from "../lib/memory.ts";
import { createPseudonymise } from "../lib/pseudonym.ts";
import { BatchBuilder } from "../store/batch.ts";
import { WITHOUT_PAUSE } from "../store/plan/steps.ts";
import { createExportMetrics, type ExportMetrics } from "./export-metrics.ts";
import { createFlush, type Flush } from "./flush.ts";
import type { ServiceContext } from "./service-context.ts";
import { createSubmit, type Submit } from "./submit.ts";

/** What takes metrics in. */
export interface Ingest {
  readonly submit: Submit;
  readonly exportMetrics: ExportMetrics;
  readonly flush: Flush;
  /** Store what waits, rollups apart. */
  readonly flushMetrics: () => Promise<void>;
  /** Metrics that wait for the disk. */
  readonly queueMetrics: () => number;
  /** How long the last transaction took, in ms. */
  readonly commitMs: () => number;
}

/**
 * Bytes that may wait in each place where they do: of bodies until they are answered, and, where answers come
 * before the disk, of metrics that have been answered.
 */
export function bytesInFlightMax({ bytesInFlightMax: given, acknowledge }: Config["ingest"]): number {
  const places = acknowledge === "buffered" ? 2 : 1;
  return Math.floor((given ?? bodyBytesInMemory()) / places);
}

export async function openIngest(context: ServiceContext): Promise<Ingest> {
  const { config, clock, lifecycle, store, telemetry, observers } = context;
  const { acknowledge, batchMetrics, flushIntervalMs, queuedMetricsMax } = config.ingest;
  const commits = new GroupCommit({
    clock,
    gatherer: new BatchBuilder(),
    commit: store.metrics.commit,
    queuedMetricsMax,
    queuedBytesMax: acknowledge === "buffered" ? bytesInFlightMax(config.ingest) : undefined,
    linger: acknowledge === "buffered" ? { metrics: batchMetrics, ms: flushIntervalMs } : undefined,
    onCommit: telemetry.selfMetrics.commit,
  });
  lifecycle.own("group commit", () => commits.close());
  const flushMetrics = () => commits.flush();
  const validation = {
    dimensionSets: createDimensionSets(),
    pseudonymise: createPseudonymise(await store.upkeep.installationSecret()),
    wallMs: clock.wallMs,
  };
  const storing = {
    enqueue: commits.add.bind(commits),
    export: telemetry.recorder.record,
    serviceBinding: config.keys.binding,
    observer: observers.submit,
  };
  return {
    submit: createSubmit({
      ...storing,
      validate: createValidate({ ...validation, metricsMax: config.ingest.metricsPerRequestMax }),
      ack: acknowledge,
    }),
    exportMetrics: createExportMetrics({
      ...storing,
      ...validation,
      // A larger request would be rejected as `queue_full` however often it is sent again.
      pointsMax: Math.min(config.ingest.pointsPerRequestMax, queuedMetricsMax),
      queuedPointsMax: queuedMetricsMax,
      findSeries: store.metrics.findSeries,
    }),
    flush: createFlush(async () => {
      await flushMetrics();
      await store.metrics.flushRollups(clock.wallMs(), WITHOUT_PAUSE);
    }),
    flushMetrics,
    queueMetrics: () => commits.depth,
    commitMs: () => commits.lastCommitMs,
  };
}
