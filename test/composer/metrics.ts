/** Metrics as composers submit them. */

export const state = (type: string, value: number, dimensions: object = {}) => ({ type, value, dimensions });
export const count = (name: string, value: number) => state("server_count", value, { state: name });
export const offer = (kind: string, value: number, server_id?: string) =>
  state("capability_count", value, { kind, server_id });
export const usage = (kind: string, value: number, server_id?: string) =>
  state("process_usage", value, { kind, server_id });
export const event = (type: string, server_id: string, dimensions: object = {}) =>
  state(type, 1, { server_id, ...dimensions });
export const started = (server_id: string) => event("server_start", server_id, { status: "success" });
export const called = (
  tool_id: string,
  duration_ms: number | undefined,
  status = "success",
  more: object = {},
) => ({
  type: "tool_invocation",
  value: 1,
  duration_ms,
  dimensions: { tool_id, status, ...more },
});
export const requested = (status_code: number, duration_ms: number, timestamp?: number) => ({
  type: "http_request",
  value: 1,
  duration_ms,
  timestamp,
  dimensions: { method: "GET", endpoint: "/tools", status_code },
});
