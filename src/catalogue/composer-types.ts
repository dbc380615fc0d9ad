import { COMPOSER_STATE_TYPES, SERVER_LIFECYCLE_TYPES } from "./composer-states.ts";
import type { MetricType } from "./definition.ts";
import { ATTEMPT, CHECK, duration, fromMetadata, OPERATION, total } from "./shorthands.ts";

// Upper bounds of buckets in seconds, as the composers' own histograms have them: HISTOGRAM_BUCKET_BOUNDARIES
// does not change these, so that dashboards made for them stay right.
const TOOL_SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60];
const RESOURCE_SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10];
const HTTP_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const HTTP_LABELS = ["method", "endpoint"];

/** What a composer does for its clients: calls of tools, readings of resources, HTTP. */
const CALL_TYPES: readonly MetricType[] = [
  {
    name: "tool_invocation",
    description: "A call of a tool; the part of its id before the first dot is the server's, if none is sent",
    dimensions: ["tool_id", "status", "error_type", "server_id"],
    rollups: [["server_id", "tool_id", "status"]],
    ...OPERATION,
    commonNames: { ...OPERATION.commonNames, server: "server_id", tool: "tool_id" },
    isPerInstance: true,
    instruments: [
      total("mcp_tool_invocations_total", "Calls of a tool", ["tool_id", "status"]),
      duration("mcp_tool_invocation_duration_seconds", "Duration of a tool's calls", ["tool_id"], {
        boundaries: TOOL_SECONDS,
      }),
      total("mcp_tool_invocation_errors_total", "Failed calls of a tool", ["tool_id", "error_type"], {
        when: [{ dimension: "status", is: "error" }],
      }),
    ],
  },
  {
    name: "resource_read",
    description: "A reading of a resource",
    dimensions: ["resource_uri", "status"],
    rollups: [["resource_uri", "status"]],
    ...OPERATION,
    isPerInstance: true,
    instruments: [
      total("mcp_resource_reads_total", "Readings of a resource", ["resource_uri", "status"]),
      duration("mcp_resource_read_duration_seconds", "Duration of a resource's readings", ["resource_uri"], {
        boundaries: RESOURCE_SECONDS,
      }),
    ],
  },
  {
    name: "http_request",
    description: "A request to a composer's HTTP interface; a status of 500 or more is a failure",
    dimensions: [...HTTP_LABELS, "status_code"],
    rollups: [[...HTTP_LABELS, "status_code"]],
    commonNames: { success: "status_code", method: "method" },
    outcomes: { success: ["1xx", "2xx", "3xx", "4xx"], failure: ["5xx"] },
    isPerInstance: true,
    instruments: [
      total("mcp_http_requests_total", "HTTP requests", [...HTTP_LABELS, "status_code"]),
      duration("mcp_http_request_duration_seconds", "Duration of HTTP requests", HTTP_LABELS, {
        boundaries: HTTP_SECONDS,
      }),
      fromMetadata(
        "mcp_http_request_size_bytes",
        "By",
        "Size of HTTP requests",
        ["request_size_bytes"],
        HTTP_LABELS,
      ),
      fromMetadata(
        "mcp_http_response_size_bytes",
        "By",
        "Size of HTTP answers",
        ["response_size_bytes"],
        HTTP_LABELS,
      ),
    ],
  },
];

/** Whom a composer lets in, and how it is configured. */
const ACCESS_TYPES: readonly MetricType[] = [
  {
    name: "auth_attempt",
    description: "An attempt to authenticate at a composer",
    dimensions: ["method", "status", "reason"],
    rollups: [["method", "status", "reason"]],
    ...ATTEMPT,
    commonNames: { ...ATTEMPT.commonNames, method: "method" },
    isPerInstance: true,
    instruments: [
      total("mcp_auth_attempts_total", "Attempts to authenticate", ["method", "status"]),
      total("mcp_auth_failures_total", "Failed attempts to authenticate", ["method", "reason"], {
        when: [{ dimension: "status", is: "failed" }],
      }),
    ],
  },
  {
    name: "authz_check",
    description: "A decision whether a caller may use something",
    dimensions: ["resource_type", "status", "reason"],
    rollups: [["resource_type", "status", "reason"]],
    ...CHECK,
    isPerInstance: true,
    instruments: [
      total("mcp_authz_checks_total", "Decisions whether a caller may", ["resource_type", "status"]),
      total("mcp_authz_denials_total", "Decisions that a caller may not", ["resource_type", "reason"], {
        when: [{ dimension: "status", is: "denied" }],
      }),
    ],
  },
  {
    name: "rate_limit_exceeded",
    description: "A request that a composer refused because its user had sent too many",
    dimensions: ["endpoint", "user_id"],
    pseudonyms: ["user_id"],
    rollups: [["endpoint"]],
    commonNames: {},
    isPerInstance: true,
    instruments: [
      total("mcp_rate_limit_exceeded_total", "Requests beyond a user's rate limit", ["endpoint", "user_id"]),
    ],
  },
  {
    name: "config_reload",
    description: "An attempt to load a composer's configuration anew",
    dimensions: ["status"],
    rollups: [["status"]],
    ...ATTEMPT,
    isPerInstance: true,
    instruments: [total("mcp_config_reloads_total", "Attempts to load the configuration anew", ["status"])],
  },
  {
    name: "config_validation_error",
    description: "A mistake in a composer's configuration",
    dimensions: ["error_type"],
    rollups: [["error_type"]],
    commonNames: {},
    isPerInstance: true,
    instruments: [
      total("mcp_config_validation_errors_total", "Mistakes in the configuration", ["error_type"]),
    ],
  },
];

/** The types of composers. */
export const COMPOSER_TYPES: readonly MetricType[] = [
  ...COMPOSER_STATE_TYPES,
  ...SERVER_LIFECYCLE_TYPES,
  ...CALL_TYPES,
  ...ACCESS_TYPES,
];
