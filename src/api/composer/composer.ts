import type { Call } from "../../access/call.ts";
import { ServiceError } from "../../errors.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Reader } from "../../storage/reader.ts";
import { type FiguresRequest, readScope, type Scope } from "./scope.ts";
import { type ServerState, serverStates } from "./server-states.ts";
import {
  capabilities,
  composerVersion,
  processUsage,
  type ServerCounts,
  type States,
  serverCounts,
  uptimeSeconds,
} from "./states.ts";
import { readHttpTraffic, readServerTraffic, type ServerTraffic } from "./traffic.ts";

/**
 * What composers have reported, put together: how things stand by those instances that have reported a state
 * within the window, and what happened within it. Null where nobody reported anything.
 */
export type Composer = ReturnType<typeof createComposer>;

export interface ComposerDeps {
  readonly reader: Pick<Reader, "aggregate" | "latestValues">;
  readonly clock: Pick<Clock, "wallMs">;
}

/** Every function throws {ServiceError} `validation_failed`, `service_not_allowed`, and what `Reader` throws. */
export function createComposer({ reader, clock }: ComposerDeps) {
  async function read({ service, windowMs }: Scope, signal: AbortSignal) {
    const nowMs = clock.wallMs();
    const states = await reader.latestValues({ service, sinceMs: nowMs - windowMs }, signal);
    return { nowMs, states, servers: serverStates(states) };
  }

  async function readServers(scope: Scope, signal: AbortSignal) {
    const found = await read(scope, signal);
    const query = { ...scope, nowMs: found.nowMs, signal };
    const traffic = await readServerTraffic(reader, query, found.servers.keys());
    const ids = [...new Set([...found.servers.keys(), ...traffic.servers.keys()])].sort();
    const figures = (id: string) =>
      serverFigures({
        ...found,
        state: found.servers.get(id),
        traffic: traffic.servers.get(id),
        seconds: traffic.seconds,
        id,
      });
    return { ...found, query, ids, figures };
  }

  return {
    async metrics({ principal }: Call, request: FiguresRequest, signal: AbortSignal) {
      const { nowMs, states, query, ids, figures } = await readServers(readScope(request, principal), signal);
      const http = await readHttpTraffic(reader, query);
      const { total, running, stopped } = serverCounts(states);
      return {
        timestamp: iso(nowMs),
        uptime_seconds: uptimeSeconds(states, nowMs),
        servers: { total, running, stopped },
        capabilities: capabilities(states),
        requests: http.requests,
        performance: {
          avg_response_time_ms: http.averageMs,
          p95_response_time_ms: http.p95Ms,
          p99_response_time_ms: http.p99Ms,
        },
        resources: {
          memory_mb: processUsage(states, "memory_mb"),
          cpu_percent: processUsage(states, "cpu_percent"),
        },
        per_server: Object.fromEntries(
          ids.map((id) => [id, { ...figures(id), capabilities: capabilities(states, id) }]),
        ),
      };
    },

    async status({ principal }: Call, request: FiguresRequest, signal: AbortSignal) {
      const { nowMs, states, servers } = await read(readScope(request, principal), signal);
      const { total, running, stopped } = serverCounts(states);
      const statuses = [...servers].map(([id, { status }]) => [
        id,
        status === "running" ? status : "stopped",
      ]);
      return {
        status: healthOf(states, servers) === "unhealthy" ? "degraded" : healthOf(states, servers),
        timestamp: iso(nowMs),
        servers: { total, running, stopped, statuses: Object.fromEntries(statuses) },
        capabilities: capabilities(states),
        uptime_seconds: uptimeSeconds(states, nowMs),
      };
    },

    async detailedHealth({ principal }: Call, request: FiguresRequest, signal: AbortSignal) {
      const { nowMs, states, servers } = await read(readScope(request, principal), signal);
      const { total, running, failed } = serverCounts(states);
      return {
        status: healthOf(states, servers),
        timestamp: iso(nowMs),
        version: composerVersion(states),
        servers: Object.fromEntries([...servers].map(([id, { status }]) => [id, status])),
        uptime_seconds: uptimeSeconds(states, nowMs),
        total_servers: total,
        running_servers: running,
        failed_servers: failed,
      };
    },

    /** @throws {ServiceError} `not_found` also: nobody has spoken of that server. */
    async serverMetrics({ principal }: Call, id: string, request: FiguresRequest, signal: AbortSignal) {
      const { ids, figures } = await readServers(readScope(request, principal), signal);
      if (!ids.includes(id)) throw new ServiceError("not_found", `Server '${id}' not found`);
      return { server_id: id, ...figures(id) };
    },
  };
}

const iso = (ms: number) => new Date(ms).toISOString();

interface ServerFiguresInput {
  readonly id: string;
  readonly nowMs: number;
  readonly states: States;
  /** Undefined where only its tools were called: then it runs. */
  readonly state: ServerState | undefined;
  readonly traffic: ServerTraffic | undefined;
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

/** By the counts where they are reported, else by the servers themselves. */
function healthOf(states: States, servers: ReadonlyMap<string, ServerState>) {
  const counts: ServerCounts = serverCounts(states);
  const statuses = [...servers.values()].map(({ status }) => status);
  const running = counts.running ?? statuses.filter((status) => status === "running").length;
  const total = counts.total ?? statuses.length;
  const failed = counts.failed ?? statuses.filter((status) => status === "failed").length;
  if (running === 0) return "unhealthy";
  return running < total || failed > 0 ? "degraded" : "healthy";
}
