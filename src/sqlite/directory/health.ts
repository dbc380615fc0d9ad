import type { ServerEvent, ServerPoint } from "../../store/directory.ts";
import type { Database } from "../file/database.ts";
import { insertEvent } from "./server-log.ts";

/**
 * The metric that says whether a server is up: 1 (or more than 0) when it is, 0 when it is not; as
 * Prometheus' `up`.
 */
export const HEALTH_CHECK = "health_check";

const SELECT = "SELECT id, health, health_ms FROM directory_servers WHERE number = ?";
const UPDATE = "UPDATE directory_servers SET health = ?, health_ms = CAST(? AS INTEGER) WHERE number = ?";

/**
 * Follow a server's health checks in the order of their times, and write an event where health goes up or
 * down; inside the transaction that stores the points. A check older than the last one known changes nothing:
 * points may arrive late, and events are not rewritten. The first check of a server is a change from unknown.
 */
export function recordHealth(database: Database, server: number, points: readonly ServerPoint[]): void {
  const checks = points.filter(({ name }) => name === HEALTH_CHECK);
  if (checks.length === 0) return;
  const row = database.first(SELECT, server);
  let health = row?.health ?? undefined;
  let healthMs = Number(row?.health_ms ?? Number.NEGATIVE_INFINITY);
  for (const { value, timestampMs } of checks.sort((a, b) => a.timestampMs - b.timestampMs)) {
    if (timestampMs < healthMs) continue;
    healthMs = timestampMs;
    const found = value > 0 ? "up" : "down";
    if (found === health) continue;
    insertEvent(database, statusChange(String(row?.id), health, found, timestampMs));
    health = found;
  }
  database.run(UPDATE, health, healthMs, server);
}

const SETTLE = `UPDATE directory_servers SET health = ?, health_ms = CAST(? AS INTEGER)
  WHERE number = ? AND coalesce(health_ms, -1) <= CAST(? AS INTEGER)`;

/** What an imported point says of a server's health, without events: what it was then, its directory knew. */
export function recordHealthSilently(database: Database, server: number, point: ServerPoint): void {
  const { name, value, timestampMs } = point;
  if (name !== HEALTH_CHECK) return;
  database.run(SETTLE, value > 0 ? "up" : "down", timestampMs, server, timestampMs);
}

function statusChange(
  serverId: string,
  previous: string | number | undefined,
  found: string,
  timestampMs: number,
): ServerEvent {
  return {
    serverId,
    type: "status_change",
    previousValue: previous === undefined ? undefined : String(previous),
    newValue: found,
    details: '{"source":"health_check"}',
    recordedBy: "service",
    timestampMs,
  };
}
