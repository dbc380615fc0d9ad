import type { MetricType } from "./definition.ts";
import { duration, fromMetadata, lastValue, total } from "./shorthands.ts";

// Labels of several instruments of a type; what has many values (users, paths) is a dimension and no label.
const AUTH_LABELS = ["success", "method", "server"];
const TOOL_LABELS = ["success", "method", "tool_name", "server_name", "client_name"];
const HEALTH_LABELS = ["endpoint", "status_code", "healthy"];
const REGISTRY_LABELS = ["operation", "resource_type", "success"];

/**
 * The types of gateways and registries. Instruments keep the names under which the predecessor exported them,
 * so that dashboards and alerts go on; OpenTelemetry's names are added by METRICS_NAMING (see
 * `operations.ts`).
 */
export const GATEWAY_TYPES: readonly MetricType[] = [
  {
    name: "auth_request",
    description: "An authentication of a caller at a gateway",
    dimensions: AUTH_LABELS,
    rollups: [["server", "method", "success"]],
    commonNames: { success: "success", server: "server", method: "method" },
    instruments: [
      total("mcp_auth_requests_total", "Authentication requests", AUTH_LABELS),
      duration("mcp_auth_request_duration_seconds", "Duration of authentication requests", AUTH_LABELS),
    ],
  },
  {
    name: "tool_execution",
    description: "An MCP method carried out for a client: initialize, tools/list, tools/call",
    dimensions: [...TOOL_LABELS, "server_path"],
    rollups: [
      ["server_name", "method", "success"],
      ["server_name", "tool_name", "success"],
      ["client_name", "success"],
    ],
    commonNames: {
      success: "success",
      server: "server_name",
      method: "method",
      tool: "tool_name",
      client: "client_name",
    },
    instruments: [
      total("mcp_tool_executions_total", "Tool executions", TOOL_LABELS),
      duration("mcp_tool_execution_duration_seconds", "Duration of tool executions", TOOL_LABELS),
      fromMetadata("mcp_tool_input_bytes", "By", "Size of tool inputs", ["input_size_bytes"], TOOL_LABELS),
      fromMetadata("mcp_tool_output_bytes", "By", "Size of tool outputs", ["output_size_bytes"], TOOL_LABELS),
    ],
  },
  {
    name: "tool_discovery",
    description: "A semantic search for tools",
    dimensions: ["top_k_services", "top_n_tools"],
    rollups: [],
    commonNames: {},
    instruments: [
      total("mcp_tool_discovery_total", "Tool discovery requests", []),
      duration("mcp_tool_discovery_duration_seconds", "Duration of tool discovery requests", []),
      fromMetadata(
        "mcp_tool_discovery_embedding_seconds",
        "s",
        "Time spent on embedding the query",
        ["embedding_time_ms"],
        [],
      ),
      fromMetadata(
        "mcp_tool_discovery_search_seconds",
        "s",
        "Time spent on searching the vector index",
        ["faiss_search_time_ms", "vector_search_time_ms"],
        [],
      ),
    ],
  },
  {
    name: "protocol_latency",
    description: "Time between two steps of an MCP session, in seconds",
    dimensions: ["flow_step", "server_name"],
    rollups: [["server_name", "flow_step"]],
    commonNames: { server: "server_name" },
    durationFallback: { from: "value", scale: 1000 },
    instruments: [
      {
        name: "mcp_protocol_latency_seconds",
        kind: "histogram",
        unit: "s",
        description: "Time between two steps of an MCP session",
        records: { from: "value" },
        labels: ["flow_step", "server_name"],
      },
    ],
  },
  {
    name: "health_check",
    description: "A health check of a server",
    dimensions: HEALTH_LABELS,
    rollups: [["endpoint", "status_code", "healthy"]],
    commonNames: { success: "healthy" },
    instruments: [
      total("mcp_health_checks_total", "Health checks", HEALTH_LABELS),
      duration("mcp_health_check_duration_seconds", "Duration of health checks", HEALTH_LABELS),
    ],
  },
  {
    name: "registry_operation",
    description: "An operation on a registry's resource",
    dimensions: REGISTRY_LABELS,
    rollups: [["operation", "resource_type", "success"]],
    commonNames: { success: "success" },
    instruments: [
      total("mcp_registry_operations_total", "Registry operations", REGISTRY_LABELS),
      duration("mcp_registry_operation_duration_seconds", "Duration of registry operations", REGISTRY_LABELS),
    ],
  },
  {
    name: "custom",
    description: "Anything else, named by the dimension metric_name",
    dimensions: ["metric_name"],
    rollups: [["metric_name"]],
    commonNames: {},
    instruments: [
      lastValue("mcp_custom_metric", "Last value of a custom metric", ["metric_name"]),
      total("mcp_custom_metrics_total", "Sum of the values of a custom metric", ["metric_name"]),
    ],
  },
];
