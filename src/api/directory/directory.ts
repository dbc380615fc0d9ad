import type { Violation } from "../../errors.ts";
import type { Pseudonymise } from "../../lib/pseudonym.ts";
import type { Reader } from "../../sqlite/threads/reader.ts";
import type { DirectoryEntry } from "../../store/directory/entry.ts";
import type { StoredAnswer } from "../../store/metrics.ts";
import type { Administration } from "../admin/administration.ts";
import type { Actor } from "../admin/audit.ts";
import { type Aggregate, type AggregateDeps, createAggregate } from "./aggregate.ts";
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
  readonly store: (entry: DirectoryEntry) => Promise<StoredAnswer | undefined>;
  readonly readMetricNames: (server: number) => Promise<readonly string[]>;
  readonly recomputeDay: AggregateDeps["recompute"];
  readonly reader: Pick<Reader, "chart" | "serverEvents" | "serverUses">;
  readonly administration: Administration;
  readonly pseudonymise: Pseudonymise;
  readonly wallMs: () => number;
  readonly metricsMax: number;
  readonly onRejected: (violations: readonly Violation[]) => void;
}

export function createDirectory(deps: DirectoryDeps): Directory {
  const { reader, administration } = deps;
  return {
    collect: createCollect({ ...deps, names: new MetricNames(deps.readMetricNames) }),
    fetchMetrics: createFetchMetrics({ ...deps, readChart: reader.chart }),
    trackUsage: createTrackUsage(deps),
    aggregate: createAggregate({ ...deps, ...administration, recompute: deps.recomputeDay }),
    events: createServerEvents({ ...deps, readEvents: reader.serverEvents, readUses: reader.serverUses }),
    servers: administration.servers,
  };
}
