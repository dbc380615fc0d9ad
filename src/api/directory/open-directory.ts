import { GroupCommit } from "../../ingest/group-commit.ts";
import { createPseudonymise, type Pseudonymise } from "../../lib/pseudonym.ts";
import { createWebhookSeal, type Seal } from "../../lib/seal.ts";
import { DirectoryBatches } from "../../store/directory-batches.ts";
import type { Administration } from "../admin/administration.ts";
import type { ServiceContext } from "../service-context.ts";
import { createDirectory, type Directory } from "./directory.ts";
import { ServerRegistry } from "./server-registry.ts";

/** The servers of the directory, and what the installation's secret does for them. */
export interface LoadedServers {
  readonly registry: ServerRegistry;
  readonly seal: Seal;
  readonly pseudonymise: Pseudonymise;
}

/** Reads every server into memory. @throws {Error} when the installation's secret is damaged, or cannot be made. */
export async function loadServers({ store, logger }: ServiceContext): Promise<LoadedServers> {
  const secret = await store.upkeep.installationSecret();
  const seal = createWebhookSeal(secret);
  const registry = new ServerRegistry(seal, await store.directory.list());
  const { unreadable } = registry;
  if (unreadable.length > 0) {
    const message = "webhook secrets were sealed with another installation's secret; set them anew";
    logger.error(message, { servers: unreadable.length, first: unreadable[0] });
  }
  return { registry, seal, pseudonymise: createPseudonymise(secret) };
}

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
    queuedBytesMax: undefined,
    linger: undefined,
    onCommit: telemetry.selfMetrics.commit,
  });
  lifecycle.own("directory", () => commits.close());
  return createDirectory({
    registry,
    pseudonymise,
    administration,
    commit: commits.add.bind(commits),
    store: store.directory,
    wallMs: clock.wallMs,
    metricsMax: config.ingest.metricsPerRequestMax,
    observer: observers.submit,
  });
}
