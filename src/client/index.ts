/** The client library: what `import … from "mcp-metrics/client"` finds. */
export type { MetricsClientOptions } from "./client-options.ts";
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
export type { Counts } from "./outcomes.ts";
export type { Problem, ProblemListener } from "./problem.ts";
export type { Protocol } from "./transport.ts";
