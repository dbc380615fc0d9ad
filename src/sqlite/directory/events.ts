import type { EventRecorder, ListQuery, ServerEvent, StoredServerEvent } from "../../store/directory.ts";
import type { Database, Row } from "../file/database.ts";

const INSERT = `INSERT INTO server_events
  (server_id, event_type, previous_value, new_value, details, recorded_by, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)`;

export function insertEvent(database: Database, event: ServerEvent): void {
  const { serverId, type, previousValue, newValue, details, recordedBy, timestampMs } = event;
  const createdAt = new Date(timestampMs).toISOString();
  database.run(INSERT, serverId, type, previousValue, newValue, details, recordedBy, createdAt);
}

/** Events of a server by the order of their receipt, newest first. */
export function listEvents(
  database: Database,
  { serverId, beforeId, limit }: ListQuery,
): readonly StoredServerEvent[] {
  const sql = `SELECT id, server_id, event_type, previous_value, new_value, details, recorded_by, created_at
    FROM server_events WHERE server_id = ? AND id < ? ORDER BY id DESC LIMIT CAST(? AS INTEGER)`;
  return database.all(sql, serverId, beforeId ?? Number.MAX_SAFE_INTEGER, limit).map(read);
}

function read(row: Row): StoredServerEvent {
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
