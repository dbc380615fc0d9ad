import { createFlush, type Flush } from "../api/flush.ts";
import { createSubmit, type Submit } from "../api/submit.ts";
import { createDimensionSets } from "../ingest/dimension-sets.ts";
import { GroupCommit } from "../ingest/group-commit.ts";
import { createValidate } from "../ingest/validate.ts";
import { createPseudonymise } from "../lib/pseudonym.ts";
import { flushRollups } from "../maintenance/flush-rollups.ts";
import { readInstallationSecret } from "../storage/installation-secret.ts";
import type { Writer } from "../storage/writer.ts";
import type { Foundation } from "./foundation.ts";

/** What takes metrics in. */
export interface Ingest {
  readonly submit: Submit;
  readonly flush: Flush;
  /** Store what waits, rollups apart. */
  readonly flushMetrics: () => Promise<void>;
  /** Metrics that wait for the disk. */
  readonly queueMetrics: () => number;
}

export function openIngest(
  { config, clock, lifecycle, telemetry, observers }: Foundation,
  writer: Writer,
): Ingest {
  const { acknowledge, batchMetrics, flushIntervalMs, queuedMetricsMax, metricsPerRequestMax } =
    config.ingest;
  const commits = new GroupCommit({
    clock,
    commit: writer.commitMetrics,
    queuedMetricsMax,
    linger: acknowledge === "buffered" ? { metrics: batchMetrics, ms: flushIntervalMs } : undefined,
    onCommit: (metrics, seconds) => telemetry.selfMetrics.commit({ metrics, seconds }),
  });
  lifecycle.own("group commit", () => commits.close());
  const flushMetrics = () => commits.flush();
  return {
    submit: createSubmit({
      validate: createValidate({
        intern: createDimensionSets(),
        pseudonymise: createPseudonymise(readInstallationSecret(config.database.path)),
        wallMs: clock.wallMs,
        metricsMax: metricsPerRequestMax,
      }),
      store: (submission) => commits.add(submission),
      export: telemetry.exporter.record,
      ack: acknowledge,
      serviceBinding: config.keys.binding,
      observer: observers.submit,
    }),
    flush: createFlush(async () => {
      await flushMetrics();
      await flushRollups(writer, clock);
    }),
    flushMetrics,
    queueMetrics: () => commits.depth,
  };
}
