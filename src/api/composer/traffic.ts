import type { Asker, QueryStore } from "../../store/queries.ts";
import type { FiguresScope } from "./scope.ts";

/** Requests by their outcome. Null: nobody reported any. */
export interface Requests {
  readonly total: number | null;
  readonly successful: number | null;
  readonly failed: number | null;
}

/** What came to the composers' HTTP interface. */
export interface HttpTraffic {
  readonly requests: Requests;
  /** Durations in ms; percentiles are within 1 %, as they come from sketches. */
  readonly averageMs: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
}

/** The calls of a server's tools within the window. */
export interface ServerTraffic {
  count: number;
  errors: number;
  /** Of the calls that have a duration. */
  sumDurationMs: number;
  /** Calls that have one. */
  durations: number;
}

/** A scope, at one moment. */
export interface TrafficQuery extends FiguresScope {
  readonly nowMs: number;
  /** Who waits for it. */
  readonly asker: Asker;
}

type Aggregate = Pick<QueryStore, "aggregate">;

const NONE = {
  requests: { total: null, successful: null, failed: null },
  averageMs: null,
  p95Ms: null,
  p99Ms: null,
};

/** What came to the composers' HTTP interface; null throughout where nobody reported any. */
export async function readHttpTraffic(store: Aggregate, query: TrafficQuery): Promise<HttpTraffic> {
  const statistics = ["count", "successes", "errors", "duration_avg", "p95", "p99"];
  const { groups } = await ask(store, query, { type: "http_request", groupBy: [], statistics });
  const [total = 0, successful = 0, failed = 0, ...durations] = groups[0]?.values ?? [];
  if (total === 0) return NONE;
  const [averageMs = null, p95Ms = null, p99Ms = null] = durations.map((ms) =>
    Number.isNaN(ms) ? null : ms,
  );
  return { requests: { total, successful, failed }, averageMs, p95Ms, p99Ms };
}

/** Tools of all servers; with more the query fails and says so. */
const TOOLS_MAX = 20_000;

/**
 * The calls of each server's tools, and the seconds they came in. A call that names no server belongs to the
 * one whose id its tool's name begins with.
 */
export async function readServerTraffic(
  store: Aggregate,
  query: TrafficQuery,
  registeredServers: ReadonlyMap<string, unknown>,
): Promise<{ readonly servers: ReadonlyMap<string, ServerTraffic>; readonly seconds: number }> {
  const statistics = ["count", "errors", "duration_avg", "duration_count"];
  const groupBy = ["server_id", "tool_id"];
  const { range, groups } = await ask(store, query, { type: "tool_invocation", groupBy, statistics });
  const servers = new Map<string, ServerTraffic>();
  for (const { labels, values } of groups) {
    const [server = "", tool = ""] = labels;
    const id = server || serverOf(tool, registeredServers);
    if (id === undefined) continue;
    const traffic = servers.get(id) ?? { count: 0, errors: 0, sumDurationMs: 0, durations: 0 };
    servers.set(id, traffic);
    const [count = 0, errors = 0, averageMs = 0, durations = 0] = values;
    traffic.count += count;
    traffic.errors += errors;
    traffic.durations += durations;
    if (durations > 0) traffic.sumDurationMs += averageMs * durations;
  }
  return { servers, seconds: Math.round((range.endMs - range.startMs) / 1000) };
}

/**
 * The server in a tool's name, as composers write it (`github.search`): up to the last dot that ends the id
 * of a known server, else up to the first; undefined for a name without a dot.
 */
function serverOf(tool: string, registeredServers: ReadonlyMap<string, unknown>): string | undefined {
  for (let dot = tool.lastIndexOf("."); dot > 0; dot = tool.lastIndexOf(".", dot - 1)) {
    const id = tool.slice(0, dot);
    if (registeredServers.has(id)) return id;
  }
  const first = tool.indexOf(".");
  return first > 0 ? tool.slice(0, first) : undefined;
}

/** What is asked of the rollups. */
interface Question {
  readonly type: string;
  readonly groupBy: readonly string[];
  readonly statistics: readonly string[];
}

function ask(store: Aggregate, query: TrafficQuery, { type, groupBy, statistics }: Question) {
  const { service, windowMs, nowMs, asker } = query;
  const filters =
    service === undefined ? [] : [{ dimension: "service", values: [service], isNegated: false }];
  // The end is not part of a range, and what is being reported now is.
  const range = { startMs: nowMs - windowMs, endMs: nowMs + 1 };
  const common = { types: [type], range, filters, stepMs: undefined };
  return store.aggregate({ ...common, groupBy, statistics, groupsMax: TOOLS_MAX }, asker);
}
