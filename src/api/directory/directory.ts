import type { Violation } from "../../errors.ts";
import type { Pseudonymise } from "../../lib/pseudonym.ts";
import type { DirectoryEntry, DirectoryStore } from "../../store/directory.ts";
import type { StoredAnswer } from "../../store/metrics.ts";
import type { Administration } from "../admin/administration.ts";
import type { Actor } from "../admin/audit.ts";
import { type Aggregate, createAggregate } from "./aggregate.ts";
import { type Collect, createCollect } from "./collect.ts";
import { createServerEvents, type ServerEvents } from "./events.ts";
import { createFetchMetrics, type FetchMetrics } from "./fetch-metrics.ts";
import { MetricNames } from "./metric-names.ts";
import type { ServerRegistry } from "./server-registry.ts";
import type { PagedServers } from "./servers.ts";
import { createTrackUsage, type TrackUsage } from "./track-usage.ts";

/** All that the directory does; every door ends here. */
export interface Directory {
  readonly collect: Collect;
  readonly fetchMetrics: FetchMetrics;
  readonly trackUsage: TrackUsage;
  readonly aggregate: Aggregate;
  readonly events: ServerEvents;
  readonly servers: (actor: Actor) => PagedServers;
}

export interface DirectoryDeps {
  readonly registry: ServerRegistry;
  /** Resolves once it is on disk; to the earlier answer where the request is remembered. */
  readonly commit: (entry: DirectoryEntry) => Promise<StoredAnswer | undefined>;
  readonly store: DirectoryStore;
  readonly administration: Administration;
  readonly pseudonymise: Pseudonymise;
  readonly wallMs: () => number;
  readonly metricsMax: number;
  readonly onRejected: (violations: readonly Violation[]) => void;
}

export function createDirectory(deps: DirectoryDeps): Directory {
  const { registry, commit, store, administration, pseudonymise, wallMs, metricsMax, onRejected } = deps;
  const { audit, retention, servers } = administration;
  const names = new MetricNames(store.listMetricNames);
  return {
    collect: createCollect({ registry, store: commit, names, wallMs, metricsMax, onRejected }),
    fetchMetrics: createFetchMetrics({ registry, readChart: store.chart, wallMs }),
    trackUsage: createTrackUsage({ registry, store: commit, pseudonymise, wallMs }),
    aggregate: createAggregate({ audit, retention, store, wallMs }),
    events: createServerEvents({
      registry,
      store: commit,
      readEvents: store.listEvents,
      readUses: store.listUses,
      wallMs,
    }),
    servers,
  };
}
