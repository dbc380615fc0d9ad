import { find, type States, textOf } from "./states.ts";

export type ServerStatus = "running" | "stopped" | "failed";

export interface ServerState {
  readonly status: ServerStatus;
  /** When it was started last, ms since 1970 UTC; undefined while it does not run, or where nobody said. */
  readonly startedMs: number | undefined;
}

/** What an event says of a server; undefined for one that changes nothing, as a failed attempt to stop it. */
const SAYS: Readonly<Record<string, (status: string) => ServerStatus | undefined>> = {
  server_start: (status) => (status === "success" ? "running" : "failed"),
  server_stop: (status) => (status === "success" ? "stopped" : undefined),
  server_restart: () => "running",
  server_crash: () => "failed",
};

/**
 * The servers that instances have spoken of, by id. What happened last to a server decides; where nothing has
 * happened, it runs if it offers something or uses memory. With several instances it runs where it runs in one.
 */
export function serverStates(states: States): ReadonlyMap<string, ServerState> {
  const servers = new Map<string, ServerState>();
  for (const ofInstance of Map.groupBy(
    states,
    ({ service, instanceId }) => `${service} ${instanceId}`,
  ).values()) {
    for (const [id, state] of ofOneInstance(ofInstance)) servers.set(id, join(servers.get(id), state));
  }
  return new Map([...servers].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function ofOneInstance(states: States): Map<string, ServerState> {
  const servers = new Map<string, ServerState>();
  const present = [
    ...find(states, "capability_count").filter(({ value }) => value > 0),
    ...find(states, "process_usage"),
  ];
  for (const state of present) {
    const id = textOf(state, "server_id");
    if (id !== "") servers.set(id, { status: "running", startedMs: undefined });
  }
  // Oldest first, so that the last one stays.
  for (const event of states) {
    const status = SAYS[event.type]?.(textOf(event, "status"));
    const id = textOf(event, "server_id");
    if (status === undefined || id === "") continue;
    servers.set(id, { status, startedMs: status === "running" ? event.timestampMs : undefined });
  }
  return servers;
}

const RANK: Readonly<Record<ServerStatus, number>> = { running: 2, failed: 1, stopped: 0 };

function join(one: ServerState | undefined, other: ServerState): ServerState {
  if (one === undefined || RANK[one.status] < RANK[other.status]) return other;
  if (one.status !== other.status) return one;
  const starts = [one, other].flatMap(({ startedMs }) => startedMs ?? []);
  return { status: one.status, startedMs: starts.length === 0 ? undefined : Math.min(...starts) };
}
