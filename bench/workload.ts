import { createRandom, createZipf, type Random } from "./random.ts";

export type DimensionValue = string | number | boolean | null;

/** One metric as REST takes it. The sender adds `timestamp` where it wants one. */
export interface SubmittedMetric {
  readonly type: string;
  readonly value: number;
  readonly duration_ms?: number;
  readonly dimensions: Readonly<Record<string, DimensionValue>>;
  readonly metadata: Readonly<Record<string, DimensionValue>>;
}

/** An endless stream of what a busy MCP gateway submits. */
export interface Workload {
  next(): SubmittedMetric;
}

const USERS = 5_000;
const QUERIES = 4_000;
const ERROR_SHARE = 0.03;

const SERVERS = [
  "github", "jira", "mcpgw", "currenttime", "fininfo", "slack", "postgres", "filesystem", "confluence",
  "realserverfaketools", "sentry", "stripe", "notion", "kubernetes", "grafana", "s3", "gmail", "calendar",
  "weather", "browser",
]; // biome-ignore format: a word list
const VERBS = ["get", "list", "search", "create", "update"];
const OBJECTS = ["issue", "file", "page", "message", "query", "event", "document", "metric", "user", "stock"];
const TOOLS = OBJECTS.flatMap((object) => VERBS.map((verb) => `${verb}_${object}`));
const CLIENTS = ["claude-desktop", "vscode", "cursor", "strands-agent", "langgraph"];
const CLIENT_VERSIONS = ["1.4.2", "1.5.0", "2.0.1"];
const RPC_METHODS = [
  "tools/call", "tools/list", "initialize", "ping", "resources/read", "resources/list", "prompts/list",
  "prompts/get",
]; // biome-ignore format: a word list
const AUTH_METHODS = ["jwt", "oauth2", "session", "api_key", "cognito", "keycloak", "mtls", "basic"];
const AUTH_ERRORS = ["token_expired", "invalid_signature", "insufficient_scope"];
const TOOL_ERRORS = ["timeout", "tool_not_found", "-32602", "upstream_502"];
const FLOW_STEPS = ["initialize_to_tools_list", "tools_list_to_tools_call", "full_protocol_flow"];
const TOPICS = ["weather in", "stock price of", "open issues for", "calendar of", "logs from", "cost of"];

interface Labels {
  readonly random: Random;
  server(): string;
  tool(): number;
  client(): string;
  rpcMethod(): string;
  authMethod(): string;
  user(): string;
  query(): string;
}

/**
 * 40 % authentications, 45 % tool executions, 10 % discoveries, 5 % the rest. Labels are zipf-distributed:
 * a few tools, servers and users make most of the traffic, and the tail is long. About 300 bytes of
 * JSON a metric. The same seed gives the same stream.
 */
export function createWorkload(seed: number): Workload {
  const labels = createLabels(createRandom(seed));
  return {
    next() {
      const drawn = labels.random.unit();
      if (drawn < 0.4) return authRequest(labels);
      if (drawn < 0.85) return toolExecution(labels);
      if (drawn < 0.95) return toolDiscovery(labels);
      return other(labels);
    },
  };
}

function createLabels(random: Random): Labels {
  const word = (words: readonly string[], exponent: number) => {
    const rank = createZipf(random, words.length, exponent);
    return () => words[rank()] ?? "";
  };
  const user = createZipf(random, USERS, 0.8);
  const query = createZipf(random, QUERIES, 0.9);
  return {
    random,
    server: word(SERVERS, 1),
    tool: createZipf(random, TOOLS.length, 1),
    client: word(CLIENTS, 1.2),
    rpcMethod: word(RPC_METHODS, 1.5),
    authMethod: word(AUTH_METHODS, 1.2),
    user: () => `user_${scatter(user())}`,
    query: () => {
      const rank = query();
      return `find a tool for the ${TOPICS[rank % TOPICS.length]} customer ${scatter(rank).slice(0, 6)}`;
    },
  };
}

/** 12 hex digits that look like a hash, always the same for the same number. */
function scatter(number: number): string {
  const high = Math.imul(number + 1, 0x9e3779b1) >>> 0;
  const low = Math.imul(number ^ 0x5bd1e995, 0x85ebca6b) >>> 16;
  return high.toString(16).padStart(8, "0") + low.toString(16).padStart(4, "0");
}

const milliseconds = (value: number) => Math.round(value * 100) / 100;

function authRequest({ random, ...draw }: Labels): SubmittedMetric {
  const success = !random.chance(ERROR_SHARE);
  return {
    type: "auth_request",
    value: 1,
    duration_ms: milliseconds(random.logNormal(12, 0.9)),
    dimensions: { success, method: draw.authMethod(), server: draw.server(), user_hash: draw.user() },
    metadata: {
      error_code: success ? null : random.pick(AUTH_ERRORS),
      request_size: 200 + random.below(3_000),
      response_size: 100 + random.below(2_000),
    },
  };
}

function toolExecution({ random, ...draw }: Labels): SubmittedMetric {
  const success = !random.chance(ERROR_SHARE);
  const tool = draw.tool();
  const method = draw.rpcMethod();
  const server = SERVERS[tool % SERVERS.length] ?? "";
  return {
    type: "tool_execution",
    value: 1,
    duration_ms: milliseconds(random.logNormal(80, 1.2)),
    dimensions: {
      tool_name: method === "tools/call" ? (TOOLS[tool] ?? "") : "",
      server_path: `/${server}/`,
      server_name: server,
      success,
      method,
      client_name: draw.client(),
      client_version: random.pick(CLIENT_VERSIONS),
      user_hash: draw.user(),
    },
    metadata: {
      error_code: success ? null : random.pick(TOOL_ERRORS),
      input_size_bytes: Math.round(random.logNormal(400, 1)),
      output_size_bytes: Math.round(random.logNormal(2_500, 1.3)),
    },
  };
}

function toolDiscovery({ random, ...draw }: Labels): SubmittedMetric {
  return {
    type: "tool_discovery",
    value: 1,
    duration_ms: milliseconds(random.logNormal(45, 0.6)),
    dimensions: {
      query: draw.query(),
      results_count: random.below(12),
      top_k_services: random.pick([3, 5]),
      top_n_tools: random.pick([1, 3, 5]),
    },
    metadata: {
      embedding_time_ms: milliseconds(random.logNormal(25, 0.5)),
      faiss_search_time_ms: milliseconds(random.logNormal(2, 0.5)),
    },
  };
}

function other({ random, ...draw }: Labels): SubmittedMetric {
  const server_name = draw.server();
  const duration_ms = milliseconds(random.logNormal(20, 0.8));
  const success = !random.chance(ERROR_SHARE);
  switch (random.below(4)) {
    case 0: {
      const value = milliseconds(random.logNormal(0.4, 1));
      const dimensions = { flow_step: random.pick(FLOW_STEPS), server_name };
      return {
        type: "protocol_latency",
        value,
        dimensions,
        metadata: { session: scatter(random.below(1e6)) },
      };
    }
    case 1: {
      const dimensions = {
        endpoint: `/${server_name}/health`,
        status_code: success ? 200 : 503,
        healthy: success,
      };
      return { type: "health_check", value: 1, duration_ms, dimensions, metadata: {} };
    }
    case 2: {
      const dimensions = { operation: random.pick(VERBS), resource_type: "server", success };
      const metadata = { resource_id: scatter(random.below(1e6)), user_id: draw.user() };
      return { type: "registry_operation", value: 1, duration_ms, dimensions, metadata };
    }
    default:
      return {
        type: "custom",
        value: random.below(500),
        dimensions: { metric_name: "open_sessions", server_name },
        metadata: { host: `gateway-${random.below(4)}` },
      };
  }
}
