/**
 * MCP operations as OpenTelemetry's semantic conventions name them, and which metrics they are. Source:
 * https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/mcp.md (development).
 */

/** Who measured an operation: who received the request, or who sent it and waited for its answer. */
export type Side = "server" | "client";

/** The conventions' histogram of each side. */
export const OPERATION_INSTRUMENTS: Readonly<
  Record<Side, { readonly name: string; readonly description: string }>
> = {
  server: {
    name: "mcp.server.operation.duration",
    description: "Duration of MCP requests and notifications, from their receipt to the answer",
  },
  client: {
    name: "mcp.client.operation.duration",
    description: "Duration of MCP requests and notifications, from their sending to the answer",
  },
};

/** Upper bounds in seconds, which the conventions fix: `HISTOGRAM_BUCKET_BOUNDARIES` does not change them. */
export const OPERATION_BOUNDARIES: readonly number[] = [
  0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300,
];

/** The attributes, after `service`, which the conventions leave to the resource: here it is the sender. */
export const OPERATION_ATTRIBUTES = {
  method: "mcp.method.name",
  tool: "gen_ai.tool.name",
  error: "error.type",
} as const;

/**
 * `error.type` of a failure without a code: the fallback that OpenTelemetry's registry of attributes
 * reserves.
 */
export const ERROR_OTHER = "_OTHER";

/**
 * A metric with this dimension, and the name of an instrument above in it, was measured at that side,
 * whatever its type says. Clients use it, and OTLP, where it is the name of the instrument that arrived.
 */
export const INSTRUMENT_DIMENSION = "instrument";

/** How metrics of a type are operations: their durations are the operation's. */
export interface OperationType {
  readonly type: string;
  readonly side: Side;
  /** The method, or the dimension that holds it. */
  readonly method: { readonly is: string } | { readonly dimension: string };
  /** The dimension that holds the tool's name. */
  readonly tool?: string;
  /** What says how a failure failed, such as the code of a JSON-RPC error. */
  readonly error?: { readonly metadata: string } | { readonly dimension: string };
  /** The type's own instruments that say the same under `METRICS_NAMING=semconv`, and are left out there. */
  readonly replaces: readonly string[];
}

/**
 * Gateways and servers report what clients asked of them, composers what they asked of the servers behind
 * them. A composer's own families stay under every naming: its clients read them by name.
 */
export const OPERATION_TYPES: readonly OperationType[] = [
  {
    type: "tool_execution",
    side: "server",
    method: { dimension: "method" },
    tool: "tool_name",
    error: { metadata: "error_code" },
    replaces: ["mcp_tool_execution_duration_seconds"],
  },
  {
    type: "tool_invocation",
    side: "client",
    method: { is: "tools/call" },
    tool: "tool_id",
    error: { dimension: "error_type" },
    replaces: [],
  },
  { type: "resource_read", side: "client", method: { is: "resources/read" }, replaces: [] },
];
