/**
 * Requests that work as they stand, by the names of their RPCs; where none stands here, an empty one does.
 * A test sends them all.
 */
export const RPC_EXAMPLES: Readonly<Record<string, object>> = {
  "mcp.metrics.v1.MetricsService.Submit": {
    service: "my-gateway",
    version: "1.0.0",
    metrics: [
      {
        type: "tool_execution",
        value: 1,
        durationMs: 45.2,
        dimensions: { tool_name: "search", server_name: "github", method: "tools/call", success: true },
        metadata: { output_size_bytes: 512 },
      },
    ],
  },
  "mcp.metrics.v1.QueryService.QuerySeries": {
    types: ["tool_execution"],
    step: "3600s",
    groupBy: ["tool"],
    statistics: ["count", "error_rate", "p95"],
  },
  "mcp.metrics.v1.QueryService.TopValues": {
    types: ["tool_execution"],
    dimension: "tool",
    statistics: ["count", "p95"],
  },
  "mcp.metrics.v1.QueryService.Summary": { groupBy: "type", statistics: ["count", "error_rate"] },
  "mcp.metrics.v1.QueryService.ListDimensionValues": { types: ["tool_execution"], dimension: "tool" },
  "mcp.metrics.v1.QueryService.ListEvents": { types: ["tool_execution"], pageSize: 10 },
  "mcp.metrics.v1.QueryService.ExportEvents": { types: ["tool_execution"] },
};
