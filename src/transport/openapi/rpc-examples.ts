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
  "mcp.directory.v1.DirectoryService.RegisterServer": { serverId: "server-124", name: "Weather" },
  "mcp.directory.v1.DirectoryService.UpdateServer": { serverId: "server-124", isPublic: true },
  "mcp.directory.v1.DirectoryService.DisableServer": { serverId: "server-124" },
  "mcp.directory.v1.DirectoryService.RotateServerKey": { serverId: "server-124", overlap: "86400s" },
  "mcp.directory.v1.DirectoryService.SetWebhookSecret": { serverId: "server-124", generate: {} },
  "mcp.directory.v1.DirectoryService.Collect": {
    serverId: "server-123",
    metrics: [{ name: "response_time", value: 120.5, type: "gauge", tags: { endpoint: "query" } }],
  },
  "mcp.directory.v1.DirectoryService.FetchMetrics": { serverId: "server-123", period: "1d" },
  "mcp.directory.v1.DirectoryService.TrackUsage": { serverId: "server-123", action: "view" },
  "mcp.directory.v1.DirectoryService.RecordEvent": {
    serverId: "server-123",
    eventType: "status_change",
    previousValue: "down",
    newValue: "up",
  },
  "mcp.directory.v1.DirectoryService.ListEvents": { serverId: "server-123" },
  "mcp.directory.v1.DirectoryService.ListUsage": { serverId: "server-123" },
  "mcp.metrics.v1.AdminService.CreateKey": {
    service: "my-gateway",
    role: "KEY_ROLE_WRITER",
    description: "for the gateway in Frankfurt",
  },
  "mcp.metrics.v1.AdminService.FindKey": { key: "mcp_metrics_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG" },
  "mcp.metrics.v1.AdminService.UpdateKey": { id: "3", rateLimit: 5000 },
  "mcp.metrics.v1.AdminService.RevokeKey": { id: "3" },
  "mcp.metrics.v1.AdminService.RotateKey": { id: "4", overlap: "86400s" },
  "mcp.metrics.v1.AdminService.Backup": { path: "/backups/metrics.db" },
  "mcp.metrics.v1.AdminService.UpdateRetentionPolicy": { tableName: "metrics", retentionDays: 30 },
  "mcp.metrics.v1.AdminService.PreviewRetention": { tableName: "metrics" },
  "mcp.metrics.v1.AdminService.RunRetention": { tableName: "metrics", dryRun: true },
};
