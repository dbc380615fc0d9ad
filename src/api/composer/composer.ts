import { type AnonymousCall, askerOf, type Call } from "../../access/call.ts";
import { ServiceError } from "../../errors.ts";
import type { Asker } from "../../store/queries.ts";
import { type ComposerDeps, readServers, readStanding, type Standing } from "./figures.ts";
import { type FiguresRequest, type FiguresScope, readOpenScope, readScope } from "./scope.ts";
import { capabilities, composerVersion, processUsage, serverCounts, uptimeSeconds } from "./states.ts";
import { readHttpTraffic } from "./traffic.ts";

/**
 * What composers have reported, put together: how things stand by the instances that are not silent, and what
 * happened within the window. The predecessor's figures under their names; null where
 * nobody reported anything, so that 0 means none.
 */
export type Composer = ReturnType<typeof createComposer>;

/**
 * The figures of composers. A writer's key sees its own service's, other keys those of all or of one.
 *
 * Every function throws {ServiceError} `validation_failed`, `service_not_allowed`, and what `QueryStore` throws.
 */
export function createComposer(deps: ComposerDeps) {
  return {
    /** All figures: of the composers, and of each of their servers. */
    metrics: (call: Call, request: FiguresRequest, signal: AbortSignal) =>
      readMetrics(deps, readScope(request, call.principal), askerOf(call, signal)),

    /** Which servers run, in short. */
    async status(call: Call, request: FiguresRequest, signal: AbortSignal) {
      return describeStatus(
        await readStanding(deps, readScope(request, call.principal), askerOf(call, signal)),
      );
    },

    /**
     * Whether the composers' servers are well, with the state of each. Without a key, of all composers
     * together; servers are then named only where all of these are of one service.
     */
    async detailedHealth(call: AnonymousCall, request: FiguresRequest, signal: AbortSignal) {
      const { principal } = call;
      const scope = principal === undefined ? readOpenScope(request) : readScope(request, principal);
      // Who has no key cannot ask for less: one service must not leave the others' monitors without an answer.
      const beyond = principal === undefined ? "leave out" : "fail";
      const health = describeHealth(await readStanding(deps, scope, askerOf(call, signal), beyond));
      const { services, ...answer } = health;
      return principal === undefined && services > 1 ? { ...answer, servers: {} } : answer;
    },

    /** One server's figures. @throws {ServiceError} `not_found` also: nobody has reported that server. */
    async serverMetrics(call: Call, id: string, request: FiguresRequest, signal: AbortSignal) {
      const { figures } = await readServers(deps, readScope(request, call.principal), askerOf(call, signal));
      const found = figures.get(id);
      if (found === undefined) throw new ServiceError("not_found", `Server '${id}' not found`);
      return { server_id: id, ...found };
    },
  };
}

async function readMetrics(deps: ComposerDeps, scope: FiguresScope, asker: Asker) {
  const { standing, query, figures, capabilitiesOf } = await readServers(deps, scope, asker);
  const { nowMs, states } = standing;
  const { requests, averageMs, p95Ms, p99Ms } = await readHttpTraffic(deps.store, query);
  const { total, running, stopped } = serverCounts(states);
  const perServer = [...figures].map(([id, figure]) => [id, { ...figure, capabilities: capabilitiesOf(id) }]);
  return {
    timestamp: iso(nowMs),
    uptime_seconds: uptimeSeconds(states, nowMs),
    servers: { total, running, stopped },
    capabilities: capabilities(states),
    requests,
    performance: {
      avg_response_time_ms: averageMs,
      p95_response_time_ms: p95Ms,
      p99_response_time_ms: p99Ms,
    },
    resources: {
      memory_mb: processUsage(states, "memory_mb"),
      cpu_percent: processUsage(states, "cpu_percent"),
    },
    per_server: Object.fromEntries(perServer),
  };
}

/**
 * Every server is `running` or `stopped` here, and the whole `healthy` if one runs, else `degraded`: the
 * predecessor's words.
 */
function describeStatus(standing: Standing) {
  const { nowMs, states, servers } = standing;
  const { total, running, stopped } = serverCounts(states);
  const statuses = [...servers].map(([id, { status }]) => [id, status === "running" ? status : "stopped"]);
  return {
    status: runningCount(standing) > 0 ? "healthy" : "degraded",
    timestamp: iso(nowMs),
    servers: { total, running, stopped, statuses: Object.fromEntries(statuses) },
    capabilities: capabilities(states),
    uptime_seconds: uptimeSeconds(states, nowMs),
  };
}

function describeHealth(standing: Standing) {
  const { nowMs, states, servers } = standing;
  const { total, running, failed } = serverCounts(states);
  return {
    status: healthOf(standing),
    timestamp: iso(nowMs),
    version: composerVersion(states),
    servers: Object.fromEntries([...servers].map(([id, { status }]) => [id, status])),
    uptime_seconds: uptimeSeconds(states, nowMs),
    total_servers: total,
    running_servers: running,
    failed_servers: failed,
    services: new Set(states.map(({ service }) => service)).size,
  };
}

/** RFC 3339, in UTC, with milliseconds. */
const iso = (ms: number) => new Date(ms).toISOString();

/** Unhealthy where no server runs, degraded where not all do. */
function healthOf(standing: Standing): "healthy" | "degraded" | "unhealthy" {
  const running = runningCount(standing);
  if (running === 0) return "unhealthy";
  return running < (serverCounts(standing.states).total ?? standing.servers.size) ? "degraded" : "healthy";
}

/** By the count where it is reported, else by the servers themselves. */
function runningCount({ states, servers }: Standing): number {
  const statuses = [...servers.values()].map(({ status }) => status);
  return serverCounts(states).running ?? statuses.filter((status) => status === "running").length;
}
