/** The client library: what `import … from "mcp-metrics/client"` finds. */
export type { Clock } from "../lib/clock.ts";
export type { MetricsClientOptions } from "./client-options.ts";
export {
  DirectoryClient,
  type DirectoryClientOptions,
  type UsageOptions,
} from "./directory/directory-client.ts";
export { DirectoryError } from "./directory/directory-error.ts";
export type {
  CollectReceipt,
  Period,
  SeriesPoint,
  ServerMetric,
  ServerMetrics,
  ServerMetricType,
} from "./directory/server-metrics.ts";
export { normalizeEndpoint } from "./http/endpoint.ts";
export { type MetricsMiddleware, metricsMiddleware } from "./http/metrics-middleware.ts";
export type { MetricsMiddlewareOptions } from "./http/request-observer.ts";
export type {
  AuthOptions,
  CommonOptions,
  CustomOptions,
  HealthCheckOptions,
  MetricOptions,
  ProtocolLatencyOptions,
  RegistryOperationOptions,
  Scalar,
  ToolDiscoveryOptions,
  ToolExecutionOptions,
} from "./metric-options.ts";
export { MetricsClient } from "./metrics-client.ts";
export { MetricsCollector, type MetricsCollectorOptions, type ServerCounts } from "./metrics-collector.ts";
export type { Counts } from "./outcomes.ts";
export type { Problem, ProblemListener } from "./problem.ts";
export { ProtocolFlow, type ProtocolFlowOptions } from "./protocol-flow.ts";
export type { Protocol } from "./transport.ts";
