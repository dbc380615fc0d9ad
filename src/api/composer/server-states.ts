import { dimensionOf, find, type States } from "./states.ts";

/** `failed`: it crashed, or could not be started. */
export type ServerStatus = "running" | "stopped" | "failed";

/** The state of a server of composers. */
export interface ServerState {
  readonly status: ServerStatus;
  /** When it was started last, ms since 1970 UTC; undefined while it does not run, or where nobody said. */
  readonly startedMs: number | undefined;
}

/**
 * The status after an event; undefined for one that changes nothing, as a failed attempt to stop a server.
 */
const STATUS_AFTER: Readonly<Record<string, (status: string) => ServerStatus | undefined>> = {
  server_start: (status) => (status === "success" ? "running" : "failed"),
  server_stop: (status) => (status === "success" ? "stopped" : undefined),
  server_restart: () => "running",
  server_crash: () => "failed",
};

/**
 * The servers that instances have reported, by id, in the order of ids. What happened last to a server
 * decides; where nothing has happened, it runs if it offers something or uses memory. With several instances
 * it runs where it runs in one.
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

/** Servers as one instance of a composer sees them. */
function ofOneInstance(states: States): Map<string, ServerState> {
  const servers = new Map<string, ServerState>();
  const present = [
    ...find(states, "capability_count").filter(({ value }) => value > 0),
    ...find(states, "process_usage"),
  ];
  for (const state of present) {
    const id = dimensionOf(state, "server_id");
    if (id !== "") servers.set(id, { status: "running", startedMs: undefined });
  }
  // Oldest first, so that the last one stays.
  for (const event of states) {
    const status = STATUS_AFTER[event.type]?.(dimensionOf(event, "status"));
    const id = dimensionOf(event, "server_id");
    if (status === undefined || id === "") continue;
    servers.set(id, { status, startedMs: status === "running" ? event.timestampMs : undefined });
  }
  return servers;
}

/** Of two instances that disagree the higher one counts. */
const RANK: Readonly<Record<ServerStatus, number>> = { running: 2, failed: 1, stopped: 0 };

/** Where a server runs in both, it has run since the earlier start. */
function join(one: ServerState | undefined, other: ServerState): ServerState {
  if (one === undefined || RANK[one.status] < RANK[other.status]) return other;
  if (one.status !== other.status) return one;
  const starts = [one, other].flatMap(({ startedMs }) => startedMs ?? []);
  return { status: one.status, startedMs: starts.length === 0 ? undefined : Math.min(...starts) };
}
