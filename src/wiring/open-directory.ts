import type { Administration } from "../api/admin/administration.ts";
import { createDirectory, type Directory } from "../api/directory/directory.ts";
import { GroupCommit } from "../ingest/group-commit.ts";
import { DirectoryBatches } from "../store/directory/entry.ts";
import type { Foundation } from "./foundation.ts";
import type { LoadedServers } from "./load-servers.ts";
import type { ServiceDatabase } from "./open-database.ts";

/** The directory, with group commits of its own; closing stores what they hold. */
export function openDirectory(
  { config, clock, lifecycle, telemetry, observers }: Foundation,
  { writer, reader }: ServiceDatabase,
  { registry, pseudonymise }: LoadedServers,
  administration: Administration,
): Directory {
  const commits = new GroupCommit({
    clock,
    gatherer: new DirectoryBatches(),
    commit: (batch, nowMs) => writer.call("commitDirectory", batch, nowMs),
    queuedMetricsMax: config.ingest.queuedMetricsMax,
    linger: undefined,
    onCommit: (metrics, seconds) => telemetry.selfMetrics.commit({ metrics, seconds }),
  });
  lifecycle.own("directory", () => commits.close());
  return createDirectory({
    registry,
    pseudonymise,
    administration,
    store: (entry) => commits.add(entry),
    readMetricNames: (server) => writer.call("listMetricNames", server),
    recomputeDay: (step, nowMs) => writer.call("recomputeDay", step, nowMs),
    reader,
    wallMs: clock.wallMs,
    metricsMax: config.ingest.metricsPerRequestMax,
    onRejected: observers.submit.onRefused,
  });
}
