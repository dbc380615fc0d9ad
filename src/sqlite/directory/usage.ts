import type { ListQuery, ServerUse, StoredServerUse } from "../../store/directory.ts";
import type { Database } from "../file/database.ts";

const INSERT = `INSERT INTO server_usage
  (server_id, user_id, action, tool_id, details, client_info, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)`;

export function insertUse(database: Database, use: ServerUse): void {
  const { serverId, userId, action, toolId, details, clientInfo, timestampMs } = use;
  const createdAt = new Date(timestampMs).toISOString();
  database.run(INSERT, serverId, userId, action, toolId, details, clientInfo, createdAt);
}

/** How a server was used, newest first. */
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
