import type {
  AuthOptions,
  CommonOptions,
  CustomOptions,
  HealthCheckOptions,
  ProtocolLatencyOptions,
  RegistryOperationOptions,
  ToolDiscoveryOptions,
  ToolExecutionOptions,
} from "./metric-options.ts";

/**
 * Where the options of a metric type go on the wire. Names there are those of `src/catalogue` and of the
 * predecessor's clients; the metadata names are what the catalogue's instruments read.
 */
export interface MetricShape<Options = never> {
  /** The metric type, as the catalogue names it. */
  readonly type: string;
  /** The option that is the value, and required then; without one it is `value`, which defaults to 1. */
  readonly value?: keyof Options & string;
  /** Options that become dimensions, which are grouped and filtered by. */
  readonly dimensions: readonly (readonly [option: keyof Options & string, name: string])[];
  /** Options that become metadata, which is stored with the metric and not grouped by. */
  readonly metadata: readonly (readonly [option: keyof Options & string, name: string])[];
}

export const AUTH_SHAPE: MetricShape<AuthOptions> = {
  type: "auth_request",
  dimensions: [
    ["success", "success"],
    ["method", "method"],
    ["server", "server"],
    ["userHash", "user_hash"],
  ],
  metadata: [["errorCode", "error_code"]],
};

export const TOOL_EXECUTION_SHAPE: MetricShape<ToolExecutionOptions> = {
  type: "tool_execution",
  dimensions: [
    ["success", "success"],
    ["toolName", "tool_name"],
    ["serverName", "server_name"],
    ["serverPath", "server_path"],
    ["method", "method"],
    ["clientName", "client_name"],
    ["clientVersion", "client_version"],
    ["userHash", "user_hash"],
  ],
  metadata: [
    ["errorCode", "error_code"],
    ["inputSizeBytes", "input_size_bytes"],
    ["outputSizeBytes", "output_size_bytes"],
  ],
};

export const TOOL_DISCOVERY_SHAPE: MetricShape<ToolDiscoveryOptions> = {
  type: "tool_discovery",
  dimensions: [
    ["query", "query"],
    ["resultsCount", "results_count"],
    ["topKServices", "top_k_services"],
    ["topNTools", "top_n_tools"],
  ],
  metadata: [
    ["embeddingTimeMs", "embedding_time_ms"],
    ["vectorSearchTimeMs", "vector_search_time_ms"],
  ],
};

export const REGISTRY_OPERATION_SHAPE: MetricShape<RegistryOperationOptions> = {
  type: "registry_operation",
  dimensions: [
    ["operation", "operation"],
    ["resourceType", "resource_type"],
    ["success", "success"],
    ["userHash", "user_hash"],
  ],
  metadata: [
    ["resourceId", "resource_id"],
    ["errorCode", "error_code"],
  ],
};

export const HEALTH_CHECK_SHAPE: MetricShape<HealthCheckOptions> = {
  type: "health_check",
  dimensions: [
    ["endpoint", "endpoint"],
    ["statusCode", "status_code"],
    ["healthy", "healthy"],
  ],
  metadata: [],
};

export const PROTOCOL_LATENCY_SHAPE: MetricShape<ProtocolLatencyOptions> = {
  type: "protocol_latency",
  value: "seconds",
  dimensions: [
    ["flowStep", "flow_step"],
    ["serverName", "server_name"],
  ],
  metadata: [["sessionKey", "session_key"]],
};

export const CUSTOM_SHAPE: MetricShape<CustomOptions> = {
  type: "custom",
  value: "value",
  dimensions: [["name", "metric_name"]],
  metadata: [],
};

/** Any type without options of its own: everything is said in `value`, `dimensions` and `metadata`. */
export function plainShape(type: string): MetricShape<CommonOptions> {
  return { type, dimensions: [], metadata: [] };
}
