import type { Administration } from "../api/admin/administration.ts";
import { createDirectory, type Directory } from "../api/directory/directory.ts";
import { GroupCommit } from "../ingest/group-commit.ts";
import { DirectoryBatches } from "../store/directory-batches.ts";
import type { LoadedServers } from "./load-servers.ts";
import type { ServiceContext } from "./service-context.ts";

/** The directory, with group commits of its own; closing stores what they hold. */
export function openDirectory(
  { config, clock, lifecycle, store, telemetry, observers }: ServiceContext,
  { registry, pseudonymise }: LoadedServers,
  administration: Administration,
): Directory {
  const commits = new GroupCommit({
    clock,
    gatherer: new DirectoryBatches(),
    commit: store.directory.commit,
    queuedMetricsMax: config.ingest.queuedMetricsMax,
    linger: undefined,
    onCommit: (metrics, seconds) => telemetry.selfMetrics.commit({ metrics, seconds }),
  });
  lifecycle.own("directory", () => commits.close());
  return createDirectory({
    registry,
    pseudonymise,
    administration,
    commit: (entry) => commits.add(entry),
    store: store.directory,
    wallMs: clock.wallMs,
    metricsMax: config.ingest.metricsPerRequestMax,
    onRejected: observers.submit.onRejected,
  });
}
