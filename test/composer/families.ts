/** The metric families of composers as their specification has them, apart from our catalogue. */
export interface SpecifiedFamily {
  readonly kind: "counter" | "gauge" | "histogram";
  readonly labels: readonly string[];
  readonly edges?: readonly number[];
}

const family = (kind: SpecifiedFamily["kind"], labels = "", edges?: readonly number[]): SpecifiedFamily => ({
  kind,
  labels: labels === "" ? [] : labels.split(" "),
  ...(edges !== undefined && { edges }),
});

const TOOL_SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60];
const READ_SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10];
const HTTP_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const BYTES = [10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];

export const FAMILIES: Readonly<Record<string, SpecifiedFamily>> = {
  mcp_composer_info: family("gauge", "version platform"),
  mcp_composer_uptime_seconds: family("gauge"),
  mcp_servers_total: family("gauge"),
  mcp_servers_running: family("gauge"),
  mcp_servers_stopped: family("gauge"),
  mcp_servers_failed: family("gauge"),
  mcp_server_starts_total: family("counter", "server_id status"),
  mcp_server_stops_total: family("counter", "server_id status"),
  mcp_server_restarts_total: family("counter", "server_id reason"),
  mcp_server_crashes_total: family("counter", "server_id"),
  mcp_tools_total: family("gauge"),
  mcp_tools_by_server: family("gauge", "server_id"),
  mcp_tool_invocations_total: family("counter", "tool_id status"),
  mcp_tool_invocation_duration_seconds: family("histogram", "tool_id", TOOL_SECONDS),
  mcp_tool_invocation_errors_total: family("counter", "tool_id error_type"),
  mcp_tool_conflicts_total: family("gauge"),
  mcp_prompts_total: family("gauge"),
  mcp_prompts_by_server: family("gauge", "server_id"),
  mcp_resources_total: family("gauge"),
  mcp_resources_by_server: family("gauge", "server_id"),
  mcp_resource_reads_total: family("counter", "resource_uri status"),
  mcp_resource_read_duration_seconds: family("histogram", "resource_uri", READ_SECONDS),
  mcp_http_requests_total: family("counter", "method endpoint status_code"),
  mcp_http_request_duration_seconds: family("histogram", "method endpoint", HTTP_SECONDS),
  mcp_http_request_size_bytes: family("histogram", "method endpoint", BYTES),
  mcp_http_response_size_bytes: family("histogram", "method endpoint", BYTES),
  mcp_auth_attempts_total: family("counter", "method status"),
  mcp_auth_failures_total: family("counter", "method reason"),
  mcp_authz_checks_total: family("counter", "resource_type status"),
  mcp_authz_denials_total: family("counter", "resource_type reason"),
  mcp_rate_limit_exceeded_total: family("counter", "endpoint user_id"),
  mcp_config_reloads_total: family("counter", "status"),
  mcp_config_validation_errors_total: family("counter", "error_type"),
};

/** A metric, and what it must change: family, then the values of its labels, then what the sample says. */
export interface FeedCase {
  readonly type: string;
  readonly value?: number;
  readonly duration_ms?: number;
  readonly dimensions?: Readonly<Record<string, string | number>>;
  readonly metadata?: Readonly<Record<string, number>>;
  /** A counter's or gauge's value, a histogram's sum. */
  readonly feeds: Readonly<Record<string, number>>;
}

const HTTP = { method: "GET", endpoint: "/servers/{id}", status_code: 503 };

export const FEED_CASES: readonly FeedCase[] = [
  {
    type: "composer_info",
    dimensions: { version: "1.2.0", platform: "linux" },
    feeds: { 'mcp_composer_info{platform="linux",version="1.2.0"}': 1 },
  },
  { type: "composer_uptime", value: 90, feeds: { mcp_composer_uptime_seconds: 90 } },
  ...["total", "running", "stopped", "failed"].map((state, index) => ({
    type: "server_count",
    value: index + 1,
    dimensions: { state },
    feeds: { [`mcp_servers_${state}`]: index + 1 },
  })),
  ...["tools", "prompts", "resources"].flatMap((kind) => [
    { type: "capability_count", value: 7, dimensions: { kind }, feeds: { [`mcp_${kind}_total`]: 7 } },
    {
      type: "capability_count",
      value: 3,
      dimensions: { kind, server_id: "github" },
      feeds: { [`mcp_${kind}_by_server{server_id="github"}`]: 3 },
    },
  ]),
  { type: "tool_conflicts", value: 2, feeds: { mcp_tool_conflicts_total: 2 } },
  { type: "process_usage", value: 55, dimensions: { kind: "memory_mb" }, feeds: {} },
  ...["start", "stop"].flatMap((what) =>
    ["success", "failed"].map((status) => ({
      type: `server_${what}`,
      dimensions: { server_id: "github", status },
      feeds: { [`mcp_server_${what}s_total{server_id="github",status="${status}"}`]: 1 },
    })),
  ),
  {
    type: "server_restart",
    dimensions: { server_id: "github", reason: "config_change" },
    feeds: { 'mcp_server_restarts_total{reason="config_change",server_id="github"}': 1 },
  },
  {
    type: "server_crash",
    dimensions: { server_id: "github" },
    feeds: { 'mcp_server_crashes_total{server_id="github"}': 1 },
  },
  {
    type: "tool_invocation",
    duration_ms: 250,
    dimensions: { tool_id: "github.search", status: "success" },
    feeds: {
      'mcp_tool_invocations_total{status="success",tool_id="github.search"}': 1,
      'mcp_tool_invocation_duration_seconds{tool_id="github.search"}': 0.25,
    },
  },
  {
    type: "tool_invocation",
    duration_ms: 250,
    dimensions: { tool_id: "github.search", status: "error", error_type: "timeout" },
    feeds: {
      'mcp_tool_invocations_total{status="error",tool_id="github.search"}': 1,
      'mcp_tool_invocation_duration_seconds{tool_id="github.search"}': 0.25,
      'mcp_tool_invocation_errors_total{error_type="timeout",tool_id="github.search"}': 1,
    },
  },
  {
    type: "resource_read",
    duration_ms: 20,
    dimensions: { resource_uri: "file:///a", status: "error" },
    feeds: {
      'mcp_resource_reads_total{resource_uri="file:///a",status="error"}': 1,
      'mcp_resource_read_duration_seconds{resource_uri="file:///a"}': 0.02,
    },
  },
  {
    type: "http_request",
    duration_ms: 125,
    dimensions: HTTP,
    metadata: { request_size_bytes: 12, response_size_bytes: 3400 },
    feeds: {
      'mcp_http_requests_total{endpoint="/servers/{id}",method="GET",status_code="503"}': 1,
      'mcp_http_request_duration_seconds{endpoint="/servers/{id}",method="GET"}': 0.125,
      'mcp_http_request_size_bytes{endpoint="/servers/{id}",method="GET"}': 12,
      'mcp_http_response_size_bytes{endpoint="/servers/{id}",method="GET"}': 3400,
    },
  },
  {
    type: "auth_attempt",
    dimensions: { method: "api_key", status: "success" },
    feeds: { 'mcp_auth_attempts_total{method="api_key",status="success"}': 1 },
  },
  {
    type: "auth_attempt",
    dimensions: { method: "bearer", status: "failed", reason: "expired" },
    feeds: {
      'mcp_auth_attempts_total{method="bearer",status="failed"}': 1,
      'mcp_auth_failures_total{method="bearer",reason="expired"}': 1,
    },
  },
  {
    type: "authz_check",
    dimensions: { resource_type: "tool", status: "allowed" },
    feeds: { 'mcp_authz_checks_total{resource_type="tool",status="allowed"}': 1 },
  },
  {
    type: "authz_check",
    dimensions: { resource_type: "tool", status: "denied", reason: "role" },
    feeds: {
      'mcp_authz_checks_total{resource_type="tool",status="denied"}': 1,
      'mcp_authz_denials_total{reason="role",resource_type="tool"}': 1,
    },
  },
  {
    type: "rate_limit_exceeded",
    dimensions: { endpoint: "/tools", user_id: "alice" },
    feeds: { 'mcp_rate_limit_exceeded_total{endpoint="/tools",user_id="alice"}': 1 },
  },
  {
    type: "config_reload",
    dimensions: { status: "failed" },
    feeds: { 'mcp_config_reloads_total{status="failed"}': 1 },
  },
  {
    type: "config_validation_error",
    dimensions: { error_type: "missing_field" },
    feeds: { 'mcp_config_validation_errors_total{error_type="missing_field"}': 1 },
  },
];
