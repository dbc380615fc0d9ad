import type { LatestValue } from "../../store/queries.ts";

/** What instances have reported last of each of their states, oldest first. */
export type States = readonly LatestValue[];

/** The text of a dimension; empty where it is absent. */
export function dimensionOf({ dimensions }: LatestValue, name: string): string {
  return dimensions[name] ?? "";
}

/** The states of a type with these dimensions; "" for one that must be absent. */
export function find(
  states: States,
  type: string,
  dimensions: Readonly<Record<string, string>> = {},
): States {
  const wanted = Object.entries(dimensions);
  return states.filter(
    (state) => state.type === type && wanted.every(([name, text]) => dimensionOf(state, name) === text),
  );
}

/** The values of all instances together; null where none has reported any. */
export function sum(states: States): number | null {
  return states.length === 0 ? null : states.reduce((total, { value }) => total + value, 0);
}

/** How long the oldest instance has run, in seconds: what it reported, and the time since. */
export function uptimeSeconds(states: States, nowMs: number): number | null {
  const uptimes = find(states, "composer_uptime").map(
    ({ value, timestampMs }) => value + Math.max(0, nowMs - timestampMs) / 1000,
  );
  return uptimes.length === 0 ? null : Math.max(...uptimes);
}

/** Servers by state, as composers count them themselves. Null: not reported. */
export interface ServerStateCounts {
  readonly total: number | null;
  readonly running: number | null;
  readonly stopped: number | null;
  readonly failed: number | null;
}

/** Of all instances together. */
export function serverCounts(states: States): ServerStateCounts {
  const count = (state: string) => sum(find(states, "server_count", { state }));
  return {
    total: count("total"),
    running: count("running"),
    stopped: count("stopped"),
    failed: count("failed"),
  };
}

/** What MCP servers offer. Null: not reported. */
export interface Capabilities {
  readonly tools: number | null;
  readonly prompts: number | null;
  readonly resources: number | null;
}

/** Of all servers together (reported without a server's id), or of one. */
export function capabilities(states: States, server = ""): Capabilities {
  const count = (kind: string) => sum(find(states, "capability_count", { kind, server_id: server }));
  return { tools: count("tools"), prompts: count("prompts"), resources: count("resources") };
}

/** Memory in MB or CPU in percent: of the composer's own processes, or of those of one server. */
export function processUsage(states: States, kind: "memory_mb" | "cpu_percent", server = ""): number | null {
  return sum(find(states, "process_usage", { kind, server_id: server }));
}

/** The version that was reported last; null where none was. */
export function composerVersion(states: States): string | null {
  const newest = find(states, "composer_info").at(-1);
  return newest === undefined ? null : dimensionOf(newest, "version") || null;
}
