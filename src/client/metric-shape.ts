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

/** Where the options of a metric type go on the wire. */
export interface MetricShape<Options = never> {
  readonly type: string;
  /** The option that is the value; else `value`, which defaults to 1. */
  readonly value?: keyof Options & string;
  readonly dimensions: readonly (readonly [option: keyof Options & string, name: string])[];
  readonly metadata: readonly (readonly [option: keyof Options & string, name: string])[];
}

export const AUTH: MetricShape<AuthOptions> = {
  type: "auth_request",
  dimensions: [
    ["success", "success"],
    ["method", "method"],
    ["server", "server"],
    ["userHash", "user_hash"],
  ],
  metadata: [["errorCode", "error_code"]],
};

export const TOOL_EXECUTION: MetricShape<ToolExecutionOptions> = {
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

export const TOOL_DISCOVERY: MetricShape<ToolDiscoveryOptions> = {
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

export const REGISTRY_OPERATION: MetricShape<RegistryOperationOptions> = {
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

export const HEALTH_CHECK: MetricShape<HealthCheckOptions> = {
  type: "health_check",
  dimensions: [
    ["endpoint", "endpoint"],
    ["statusCode", "status_code"],
    ["healthy", "healthy"],
  ],
  metadata: [],
};

export const PROTOCOL_LATENCY: MetricShape<ProtocolLatencyOptions> = {
  type: "protocol_latency",
  value: "seconds",
  dimensions: [
    ["flowStep", "flow_step"],
    ["serverName", "server_name"],
  ],
  metadata: [["sessionKey", "session_key"]],
};

export const CUSTOM: MetricShape<CustomOptions> = {
  type: "custom",
  value: "value",
  dimensions: [["name", "metric_name"]],
  metadata: [],
};

/** A metric that says everything in `value`, `dimensions` and `metadata`. */
export function plainShape(type: string): MetricShape<CommonOptions> {
  return { type, dimensions: [], metadata: [] };
}
