import { invalidField, ServiceError } from "../../errors.ts";
import {
  type NewServer,
  SERVERS_MAX,
  type ServerChange,
  type ServerPage,
  type ServerRecord,
} from "../../store/directory.ts";
import type { ApiKeyRecord, NewApiKey } from "../../store/keys.ts";
import { repairJson } from "../file/bind.ts";
import type { Database, Row } from "../file/database.ts";
import { createKey, findServerKey, rotateKey } from "../keys/key-store.ts";

const COLUMNS = `number, id, name, metrics_enabled, is_public, tools, webhook_url, sealed_secret, last_received_ms,
  created_ms`;

function read(row: Row): ServerRecord {
  const { sealed_secret: sealed } = row as { sealed_secret: unknown };
  return {
    number: Number(row.number),
    id: String(row.id),
    name: String(row.name),
    metricsEnabled: row.metrics_enabled === 1,
    isPublic: row.is_public === 1,
    tools: JSON.parse(String(row.tools)),
    webhookUrl: row.webhook_url === null ? undefined : String(row.webhook_url),
    sealedSecret: sealed === null ? undefined : new Uint8Array(sealed as ArrayBuffer),
    lastReceivedMs: row.last_received_ms === null ? undefined : Number(row.last_received_ms),
    createdMs: Number(row.created_ms),
  };
}

function readExisting(row: Row | undefined): ServerRecord {
  if (row === undefined) throw new ServiceError("not_found", "Server not found");
  return read(row);
}

const ALL: ServerPage = { afterNumber: 0, limit: SERVERS_MAX };

/**
 * Servers by their numbers, the order of registration; without a page all of them, `SERVERS_MAX` at the most.
 */
export function listServers(database: Database, { afterNumber, limit } = ALL): readonly ServerRecord[] {
  const sql = `SELECT ${COLUMNS} FROM directory_servers WHERE number > ? ORDER BY number
    LIMIT CAST(? AS INTEGER)`;
  return database.all(sql, afterNumber, limit).map(read);
}

/**
 * Register a server together with its key. Inside a transaction.
 *
 * @throws {ServiceError} `validation_failed` for an id that is taken, or when there are too many.
 */
export function registerServer(
  database: Database,
  server: NewServer,
  key: NewApiKey,
  nowMs: number,
): { readonly server: ServerRecord; readonly key: ApiKeyRecord } {
  const { count } = database.first("SELECT count(*) AS count FROM directory_servers") ?? {};
  if (Number(count) >= SERVERS_MAX)
    rejectField("server_id", "too_many", `there are ${SERVERS_MAX} servers already`);
  const row = database.first(
    `INSERT INTO directory_servers
       (id, name, metrics_enabled, is_public, tools, webhook_url, sealed_secret, created_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, CAST(? AS INTEGER)) ON CONFLICT DO NOTHING RETURNING ${COLUMNS}`,
    server.id,
    server.name,
    server.metricsEnabled,
    server.isPublic,
    repairJson(JSON.stringify(server.tools)),
    server.webhookUrl,
    server.sealedSecret,
    nowMs,
  );
  if (row === undefined) rejectField("server_id", "taken", `server ${server.id} is registered already`);
  return { server: read(row), key: createKey(database, key, nowMs) };
}

function rejectField(field: string, reason: string, message: string): never {
  throw invalidField(field, reason, message);
}

/**
 * Change what `change` names; what is undefined stays. An empty `webhookUrl` removes it.
 *
 * @throws {ServiceError} `not_found`.
 */
export function updateServer(database: Database, id: string, change: ServerChange): ServerRecord {
  const row = database.first(
    `UPDATE directory_servers SET name = coalesce(?, name),
       metrics_enabled = coalesce(CAST(? AS INTEGER), metrics_enabled),
       is_public = coalesce(CAST(? AS INTEGER), is_public), tools = coalesce(?, tools),
       webhook_url = nullif(coalesce(?, webhook_url), '')
     WHERE id = ? RETURNING ${COLUMNS}`,
    change.name,
    change.metricsEnabled,
    change.isPublic,
    change.tools && repairJson(JSON.stringify(change.tools)),
    change.webhookUrl,
    id,
  );
  return readExisting(row);
}

/**
 * Store the sealed secret that a server signs its metrics with; undefined removes it. @throws {ServiceError}
 * `not_found`.
 */
export function setServerSecret(
  database: Database,
  id: string,
  sealedSecret: Uint8Array | undefined,
): ServerRecord {
  const sql = `UPDATE directory_servers SET sealed_secret = ? WHERE id = ? RETURNING ${COLUMNS}`;
  return readExisting(database.first(sql, sealedSecret, id));
}

/**
 * Give a server a new key; the one it has, if it is in force, ends at `oldExpiresMs`, so that both are
 * accepted until the server has the new one. Inside a transaction.
 *
 * @throws {ServiceError} `not_found`.
 */
export function rotateServerKey(
  database: Database,
  id: string,
  key: NewApiKey,
  times: { readonly oldExpiresMs: number; readonly nowMs: number },
): {
  readonly server: ServerRecord;
  readonly old: ApiKeyRecord | undefined;
  readonly replacement: ApiKeyRecord;
} {
  const server = readExisting(database.first(`SELECT ${COLUMNS} FROM directory_servers WHERE id = ?`, id));
  const current = findServerKey(database, id, times.nowMs);
  if (current === undefined)
    return { server, old: undefined, replacement: createKey(database, key, times.nowMs) };
  return {
    server,
    ...rotateKey(database, { id: current.id, keyHash: key.keyHash, prefix: key.prefix, ...times }),
  };
}

const RECEIVED = `UPDATE directory_servers
  SET last_received_ms = max(coalesce(last_received_ms, 0), CAST(? AS INTEGER)) WHERE number = ?`;

/** When the server last sent metrics; never goes back, though batches may be stored out of order. */
export function recordReceived(database: Database, server: number, receivedMs: number): void {
  database.run(RECEIVED, receivedMs, server);
}

/** The names of all metrics that a server has ever sent, in no order. */
export function listMetricNames(database: Database, server: number): readonly string[] {
  const sql = "SELECT DISTINCT metric_name FROM server_series WHERE server_number = ?";
  return database.all(sql, server).map((row) => String(row.metric_name));
}
