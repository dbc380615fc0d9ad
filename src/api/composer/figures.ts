import type { Clock } from "../../lib/clock.ts";
import type { Asker, LatestQuery, QueryStore } from "../../store/queries.ts";
import type { FiguresScope } from "./scope.ts";
import { type ServerState, serverStates } from "./server-states.ts";
import { type Capabilities, capabilities, dimensionOf, processUsage, type States } from "./states.ts";
import { readServerTraffic, type ServerTraffic, type TrafficQuery } from "./traffic.ts";

/** What figures are read with. */
export interface ComposerDeps {
  readonly store: Pick<QueryStore, "aggregate" | "latestValues">;
  readonly clock: Pick<Clock, "wallMs">;
  /** An instance that is silent for so long is gone, here as in the exposition. */
  readonly instanceSilenceMs: number;
}

/** How things stand, from what instances reported last. */
export interface Standing {
  /** ms since 1970 UTC: the end of the window. */
  readonly nowMs: number;
  readonly states: States;
  /** By id. */
  readonly servers: ReadonlyMap<string, ServerState>;
}

/**
 * How things stand by the instances that are not silent. Where there are more states than a query may read it
 * fails, rather than leave servers out, unless `beyond` says otherwise.
 */
export async function readStanding(
  { store, clock, instanceSilenceMs }: ComposerDeps,
  { service }: Pick<FiguresScope, "service">,
  asker: Asker,
  beyond: LatestQuery["beyond"] = "fail",
): Promise<Standing> {
  const nowMs = clock.wallMs();
  const query = { service, sinceMs: nowMs - instanceSilenceMs, beyond };
  const states = await store.latestValues(query, asker);
  return { nowMs, states, servers: serverStates(states) };
}

/** What is answered of a server, under the names of the answer. Null where nobody reported it. */
export type ServerFigures = ReturnType<typeof serverFigures>;

/**
 * How things stand, and the figures of every server that is reported. One that nobody reports is there while
 * its tools are called.
 */
export async function readServers(
  deps: ComposerDeps,
  scope: FiguresScope,
  asker: Asker,
): Promise<{
  readonly standing: Standing;
  readonly query: TrafficQuery;
  readonly figures: ReadonlyMap<string, ServerFigures>;
  readonly capabilitiesOf: (id: string) => Capabilities;
}> {
  const standing = await readStanding(deps, scope, asker);
  const { nowMs, states, servers } = standing;
  const query = { ...scope, nowMs, asker };
  const traffic = await readServerTraffic(deps.store, query, servers);
  const called = await readCalled(deps, query, standing, traffic.servers);
  const statesOf = Map.groupBy(states, (state) => dimensionOf(state, "server_id"));
  const ids = [...new Set([...servers.keys(), ...called])].sort();
  const figures = ids.map((id) => {
    const reported = { state: servers.get(id), states: statesOf.get(id) ?? [] };
    const calls = { traffic: traffic.servers.get(id), seconds: traffic.seconds };
    return [id, serverFigures({ id, nowMs, ...reported, ...calls })] as const;
  });
  return {
    standing,
    query,
    figures: new Map(figures),
    capabilitiesOf: (id) => capabilities(statesOf.get(id) ?? [], id),
  };
}

/** Of the servers that were called within the window, those that were within the time of a silence. */
async function readCalled(
  { store, instanceSilenceMs }: ComposerDeps,
  query: TrafficQuery,
  { servers }: Standing,
  called: ReadonlyMap<string, unknown>,
): Promise<readonly string[]> {
  const unreported = [...called.keys()].filter((id) => !servers.has(id));
  if (unreported.length === 0 || query.windowMs <= instanceSilenceMs) return unreported;
  const recent = await readServerTraffic(store, { ...query, windowMs: instanceSilenceMs }, servers);
  return unreported.filter((id) => recent.servers.has(id));
}

/** What is known of one server. */
interface ServerFiguresInput {
  readonly id: string;
  readonly nowMs: number;
  /** Those with its `server_id`. */
  readonly states: States;
  /** Undefined where only its tools were called: then it runs. */
  readonly state: ServerState | undefined;
  readonly traffic: ServerTraffic | undefined;
  /** The length of the window that `traffic` is of. */
  readonly seconds: number;
}

function serverFigures({ id, nowMs, states, state, traffic, seconds }: ServerFiguresInput) {
  const startedMs = state?.startedMs;
  const hasDurations = traffic !== undefined && traffic.durations > 0;
  return {
    status: state?.status ?? "running",
    uptime_seconds: startedMs === undefined ? null : Math.max(0, nowMs - startedMs) / 1000,
    requests_total: traffic?.count ?? null,
    requests_failed: traffic?.errors ?? null,
    requests_per_second: traffic === undefined ? null : traffic.count / seconds,
    average_response_time_ms: hasDurations ? traffic.sumDurationMs / traffic.durations : null,
    memory_usage_mb: processUsage(states, "memory_mb", id),
    cpu_usage_percent: processUsage(states, "cpu_percent", id),
  };
}
