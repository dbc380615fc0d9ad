import type { Pseudonymise } from "../../lib/pseudonym.ts";
import type { DirectoryEntry, DirectoryStore } from "../../store/directory.ts";
import type { StoredAnswer } from "../../store/metrics.ts";
import type { Administration } from "../admin/administration.ts";
import type { Actor } from "../admin/audit.ts";
import { type Aggregate, createAggregate } from "./aggregate.ts";
import { type Collect, type CollectDeps, createCollect } from "./collect.ts";
import { createServerEvents, type ServerEvents } from "./events.ts";
import { createFetchMetrics, type FetchMetrics } from "./fetch-metrics.ts";
import { MetricNames } from "./metric-names.ts";
import type { ServerRegistry } from "./server-registry.ts";
import type { PagedServers } from "./servers.ts";
import { createTrackUsage, type TrackUsage } from "./track-usage.ts";

/** All that the directory does; every door ends here. */
export interface Directory {
  /** A server sends metrics of itself. */
  readonly collect: Collect;
  /** Somebody, with a key or without, asks for a server's figures. */
  readonly fetchMetrics: FetchMetrics;
  /** Somebody reports that a server was looked at, installed or used. */
  readonly trackUsage: TrackUsage;
  /** An administrator has the totals of a day computed anew. */
  readonly aggregate: Aggregate;
  /** What happens to servers is recorded, and read again. */
  readonly events: ServerEvents;
  /** Registration, keys and secrets of servers, in the name of `actor`. */
  readonly servers: (actor: Actor) => PagedServers;
}

/** What the directory is made of. */
export interface DirectoryDeps {
  /** The servers in force, which requests find without a query. */
  readonly registry: ServerRegistry;
  /** Resolves once it is on disk; to the earlier answer where the request is remembered. */
  readonly commit: (entry: DirectoryEntry) => Promise<StoredAnswer | undefined>;
  /** What is stored of servers. */
  readonly store: DirectoryStore;
  /** Where the directory shares the audit trail and retention with all others. */
  readonly administration: Administration;
  /** Puts a pseudonym of this installation in the place of a user's id. */
  readonly pseudonymise: Pseudonymise;
  /** ms since 1970 UTC. */
  readonly wallMs: () => number;
  /** Metrics of one Collect. */
  readonly metricsMax: number;
  /** What becomes of a Collect and its metrics. */
  readonly observer: CollectDeps["observer"];
}

/** The directory over its storage. Holds no timer and nothing that must be closed. */
export function createDirectory(deps: DirectoryDeps): Directory {
  const { registry, commit, store, administration, pseudonymise, wallMs, metricsMax, observer } = deps;
  const { audit, retention, servers } = administration;
  const names = new MetricNames(store.listMetricNames);
  return {
    collect: createCollect({ registry, enqueue: commit, names, wallMs, metricsMax, observer }),
    fetchMetrics: createFetchMetrics({ registry, readChart: store.chart, wallMs }),
    trackUsage: createTrackUsage({ registry, enqueue: commit, pseudonymise, wallMs }),
    aggregate: createAggregate({ audit, retention, store, wallMs }),
    events: createServerEvents({
      registry,
      enqueue: commit,
      readEvents: store.listEvents,
      readUses: store.listUses,
      pseudonymise,
      wallMs,
    }),
    servers,
  };
}
