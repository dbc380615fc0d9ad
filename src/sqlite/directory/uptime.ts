/**
 * Uptime from events, for servers that send no health checks: gateways and people report outages as events.
 */
import type { Database } from "../file/database.ts";

/**
 * From when on a server was up or down; undefined: unknown, or planned maintenance, which counts as neither.
 */
export interface StatusChange {
  readonly ms: number;
  readonly isUp: boolean | undefined;
}

const UP = new Set(["up", "online", "healthy", "running", "active", "ok", "operational", "available"]);
const DOWN = new Set([
  "down",
  "offline",
  "unhealthy",
  "stopped",
  "inactive",
  "error",
  "failed",
  "crashed",
  "unavailable",
]);

/** What an event says of the server's status; undefined: nothing. */
function statusOf(type: string, newValue: string): Pick<StatusChange, "isUp"> | undefined {
  switch (type) {
    case "status_change": {
      const word = newValue.toLowerCase();
      if (UP.has(word)) return { isUp: true };
      return DOWN.has(word) ? { isUp: false } : undefined;
    }
    case "outage":
      return { isUp: false };
    case "restart":
      return { isUp: true };
    case "maintenance":
      return { isUp: undefined };
    default:
      return undefined;
  }
}

/** Events of a range that are looked at, the newest of them: a chart's range has far fewer. */
const EVENTS_MAX = 10_000;

// Not those of the service itself: they repeat what health checks say, and say nothing when these stop.
const OWN = `SELECT event_type, new_value, created_at FROM server_events
  WHERE server_id = ?1 AND recorded_by <> 'service'
    AND event_type IN ('status_change', 'outage', 'restart', 'maintenance')`;
const WITHIN = `${OWN} AND created_at >= ?2 AND created_at < ?3 ORDER BY created_at DESC, id DESC
  LIMIT ${EVENTS_MAX}`;
const BEFORE = `${OWN} AND created_at < ?2 ORDER BY created_at DESC, id DESC LIMIT 100`;

/**
 * What the events of a server say of its status in a range, oldest first, beginning with what held before it.
 * Of what was before, the newest hundred events are read: some may carry a word that says nothing of the
 * status.
 */
export function readStatusChanges(
  database: Database,
  serverId: string,
  startMs: number,
  endMs: number,
): readonly StatusChange[] {
  const start = new Date(startMs).toISOString();
  const rows = [
    ...database.all(WITHIN, serverId, start, new Date(endMs).toISOString()),
    ...database.all(BEFORE, serverId, start),
  ];
  return rows
    .flatMap((row) => {
      const status = statusOf(String(row.event_type), String(row.new_value ?? ""));
      return status === undefined ? [] : [{ ms: Date.parse(String(row.created_at)), ...status }];
    })
    .reverse();
}

/** How much of something is known to have been good. */
export interface Known {
  readonly good: number;
  readonly all: number;
}

/**
 * How long a server was up in a time, from `startMs` before `endMs`, and of how much of it that is known, in
 * ms. `changes` are in the order of time.
 */
export function timeUp(changes: readonly StatusChange[], startMs: number, endMs: number): Known {
  let upMs = 0;
  let knownMs = 0;
  for (const [index, { ms, isUp }] of changes.entries()) {
    const from = Math.max(ms, startMs);
    const until = Math.min(changes[index + 1]?.ms ?? endMs, endMs);
    if (isUp === undefined || until <= from) continue;
    knownMs += until - from;
    if (isUp) upMs += until - from;
  }
  return { good: upMs, all: knownMs };
}
