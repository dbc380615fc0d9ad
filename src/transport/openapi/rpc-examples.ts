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
    dimension: "tool",
    types: ["tool_execution"],
    statistics: ["error_rate", "p95"],
  },
  "mcp.metrics.v1.QueryService.Summary": { group: "SUMMARY_GROUP_TYPE", statistics: ["count", "error_rate"] },
  "mcp.metrics.v1.QueryService.ListDimensionValues": { dimension: "tool", types: ["tool_execution"] },
  "mcp.metrics.v1.QueryService.ListEvents": { types: ["tool_execution"], pageSize: 10 },
  "mcp.metrics.v1.QueryService.ExportEvents": { types: ["tool_execution"] },
  "mcp.metrics.v1.AdminService.CreateKey": {
    service: "my-gateway",
    role: "KEY_ROLE_WRITER",
    description: "for the gateway in Frankfurt",
  },
  "mcp.metrics.v1.AdminService.RevokeKey": { id: "3" },
  "mcp.metrics.v1.AdminService.RotateKey": { id: "4", overlap: "86400s" },
  "mcp.metrics.v1.AdminService.Backup": { path: "/backups/metrics.db" },
  "mcp.metrics.v1.AdminService.UpdateRetentionPolicy": { tableName: "metrics", retentionDays: 30 },
  "mcp.metrics.v1.AdminService.PreviewRetention": { tableName: "metrics" },
  "mcp.metrics.v1.AdminService.RunRetention": { tableName: "metrics", dryRun: true },
};
