import type {
  EventRecorder,
  ListQuery,
  ServerEvent,
  ServerUse,
  StoredServerEvent,
  StoredServerUse,
} from "../../store/directory.ts";
import { repairJson } from "../file/bind.ts";
import type { Database, Row } from "../file/database.ts";

const INSERT_EVENT = `INSERT INTO server_events
  (server_id, event_type, previous_value, new_value, details, recorded_by, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)`;

/** Write an event down; inside the transaction of what caused it. */
export function insertEvent(database: Database, event: ServerEvent): void {
  const { serverId, type, previousValue, newValue, details, recordedBy, timestampMs } = event;
  const createdAt = new Date(timestampMs).toISOString();
  database.run(
    INSERT_EVENT,
    serverId,
    type,
    previousValue,
    newValue,
    repairJson(details),
    recordedBy,
    createdAt,
  );
}

/**
 * Events of a server in the order of their receipt, newest first, at most `limit`, those before row
 * `beforeId`. By receipt and not by time: a page's end stays where it is while late events arrive.
 */
export function listEvents(
  database: Database,
  { serverId, beforeId, limit }: ListQuery,
): readonly StoredServerEvent[] {
  const sql = `SELECT id, server_id, event_type, previous_value, new_value, details, recorded_by, created_at
    FROM server_events WHERE server_id = ? AND id < ? ORDER BY id DESC LIMIT CAST(? AS INTEGER)`;
  return database.all(sql, serverId, beforeId ?? Number.MAX_SAFE_INTEGER, limit).map(readEvent);
}

function readEvent(row: Row): StoredServerEvent {
  return {
    id: Number(row.id),
    serverId: String(row.server_id),
    type: String(row.event_type),
    previousValue: row.previous_value === null ? undefined : String(row.previous_value),
    newValue: row.new_value === null ? undefined : String(row.new_value),
    details: String(row.details),
    recordedBy: row.recorded_by as EventRecorder,
    timestampMs: Date.parse(String(row.created_at)),
  };
}

const INSERT_USE = `INSERT INTO server_usage
  (server_id, user_id, action, tool_id, details, client_info, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)`;

/** Write down that somebody used a server; inside the transaction of the batch. `userId` is a pseudonym. */
export function insertUse(database: Database, use: ServerUse): void {
  const { serverId, userId, action, toolId, details, clientInfo, timestampMs } = use;
  const createdAt = new Date(timestampMs).toISOString();
  database.run(
    INSERT_USE,
    serverId,
    userId,
    action,
    toolId,
    repairJson(details),
    repairJson(clientInfo),
    createdAt,
  );
}

/** How a server was used: as `listEvents`, newest first by receipt. */
export function listUses(
  database: Database,
  { serverId, beforeId, limit }: ListQuery,
): readonly StoredServerUse[] {
  const sql = `SELECT id, server_id, user_id, action, tool_id, details, client_info, created_at
    FROM server_usage WHERE server_id = ? AND id < ? ORDER BY id DESC LIMIT CAST(? AS INTEGER)`;
  return database.all(sql, serverId, beforeId ?? Number.MAX_SAFE_INTEGER, limit).map((row) => ({
    id: Number(row.id),
    serverId: String(row.server_id),
    userId: row.user_id === null ? undefined : String(row.user_id),
    action: String(row.action),
    toolId: row.tool_id === null ? undefined : String(row.tool_id),
    details: String(row.details),
    clientInfo: String(row.client_info),
    timestampMs: Date.parse(String(row.created_at)),
  }));
}
