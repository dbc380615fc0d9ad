import { ServiceError } from "../../errors.ts";
import {
  type ApiKeyRecord,
  describeKey,
  type EnvironmentKey,
  type KeyChange,
  type KeyRole,
  type KeyRotation,
  type LearntOfKey,
  type NewApiKey,
  type RotatedKey,
} from "../../store/keys.ts";
import type { Database, Row } from "../file/database.ts";
import { copyDailyUsage } from "./usage-store.ts";

const COLUMNS = `id, key_hash, key_prefix, service_name, role, rate_limit, allowed_services, is_active, created_at,
  expires_at, description, usage_count, last_used_at, daily_usage_limit, monthly_usage_limit, server_id`;

function read(row: Row): ApiKeyRecord {
  return {
    id: Number(row.id),
    keyHash: String(row.key_hash),
    prefix: row.key_prefix === null ? undefined : String(row.key_prefix),
    service: String(row.service_name),
    // The column's CHECK is older than the role of servers, which the presence of a server stands for.
    role: row.server_id === null ? (row.role as KeyRole) : "server",
    rateLimit: Number(row.rate_limit),
    allowedServices: JSON.parse(String(row.allowed_services)),
    isActive: row.is_active === 1,
    createdMs: Date.parse(String(row.created_at)),
    expiresMs: row.expires_at === null ? undefined : Date.parse(String(row.expires_at)),
    description: String(row.description ?? ""),
    usageCount: Number(row.usage_count),
    lastUsedMs: row.last_used_at === null ? undefined : Date.parse(String(row.last_used_at)),
    dailyUsageLimit: row.daily_usage_limit === null ? undefined : Number(row.daily_usage_limit),
    monthlyUsageLimit: row.monthly_usage_limit === null ? undefined : Number(row.monthly_usage_limit),
    serverId: row.server_id === null ? undefined : String(row.server_id),
  };
}

const isoOrNull = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());

/** Every key, revoked and expired ones too, by id. Keys are never deleted: usage and audit refer to them. */
export function listKeys(database: Database): readonly ApiKeyRecord[] {
  return database.all(`SELECT ${COLUMNS} FROM api_keys ORDER BY id`).map(read);
}

/** Store a new key, of which the database has the hash alone; `rotateKey` passes a whole record. */
export function createKey(database: Database, key: NewApiKey, nowMs: number): ApiKeyRecord {
  const row = database.first(
    `INSERT INTO api_keys
       (key_hash, key_prefix, service_name, role, rate_limit, allowed_services, created_at, expires_at, description,
        daily_usage_limit, monthly_usage_limit, server_id)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING ${COLUMNS}`,
    key.keyHash,
    key.prefix,
    key.service,
    key.role === "server" ? "writer" : key.role,
    key.rateLimit,
    JSON.stringify(key.allowedServices),
    isoOrNull(nowMs),
    isoOrNull(key.expiresMs),
    key.description,
    key.dailyUsageLimit,
    key.monthlyUsageLimit,
    key.serverId,
  );
  return readExisting(row, "new");
}

/** The newest key of a server that is in force at `nowMs`: neither revoked nor expired. */
export function findServerKey(database: Database, serverId: string, nowMs: number): ApiKeyRecord | undefined {
  const sql = `SELECT ${COLUMNS} FROM api_keys WHERE server_id = ? AND is_active = 1
    AND (expires_at IS NULL OR expires_at > ?) ORDER BY id DESC LIMIT 1`;
  const row = database.first(sql, serverId, isoOrNull(nowMs));
  return row && read(row);
}

/** Revoke a key, for good; revoking one again changes nothing. @throws {ServiceError} `not_found`. */
export function revokeKey(database: Database, id: number): ApiKeyRecord {
  const sql = `UPDATE api_keys SET is_active = 0 WHERE id = ? RETURNING ${COLUMNS}`;
  return readExisting(database.first(sql, id), String(id));
}

/** Change what `change` names, and remember that it was set here. @throws {ServiceError} `not_found`. */
export function updateKey(database: Database, id: number, change: KeyChange): ApiKeyRecord {
  const values = {
    rate_limit: change.rateLimit,
    daily_usage_limit: change.dailyUsageLimit,
    monthly_usage_limit: change.monthlyUsageLimit,
    description: change.description,
    allowed_services: change.allowedServices && JSON.stringify(change.allowedServices),
  };
  const set = Object.entries(values).filter(([, value]) => value !== undefined);
  const row = database.first("SELECT set_columns FROM api_keys WHERE id = ?", id);
  const before: readonly string[] = row === undefined ? [] : JSON.parse(String(row.set_columns));
  const columns = [...new Set([...before, ...set.map(([name]) => name)])];
  // The names are those above, never a caller's.
  const assignments = [...set.map(([name]) => `${name} = ?`), "set_columns = ?"].join(", ");
  const sql = `UPDATE api_keys SET ${assignments} WHERE id = ? RETURNING ${COLUMNS}`;
  const updated = database.first(sql, ...set.map(([, value]) => value), JSON.stringify(columns), id);
  return readExisting(updated, String(id));
}

/**
 * Replace a key by one with the same rights, limits and use of its quotas; the old one ends at
 * `oldExpiresMs`, or sooner if it would have. Inside a transaction.
 *
 * @throws {ServiceError} `not_found` when there is no such key in force.
 */
export function rotateKey(database: Database, rotation: KeyRotation): RotatedKey {
  const sql = `SELECT ${COLUMNS} FROM api_keys WHERE id = ?`;
  const old = readExisting(database.first(sql, rotation.id), String(rotation.id));
  // One that has ended, perhaps because it was rotated before, would pass its end on.
  const isOver = old.expiresMs !== undefined && old.expiresMs <= rotation.nowMs;
  if (!old.isActive || isOver) {
    const state = old.isActive ? "has expired" : "is revoked";
    throw new ServiceError(
      "not_found",
      `${describeKey(old)} ${state} and cannot be rotated; create a new one`,
    );
  }
  const { keyHash, prefix } = rotation;
  const replacement = createKey(database, { ...old, keyHash, prefix }, rotation.nowMs);
  copyDailyUsage(database, old.id, replacement.id);
  const expiresMs = Math.min(rotation.oldExpiresMs, old.expiresMs ?? Number.POSITIVE_INFINITY);
  const row = database.first(
    `UPDATE api_keys SET expires_at = ? WHERE id = ? RETURNING ${COLUMNS}`,
    isoOrNull(expiresMs),
    rotation.id,
  );
  return { old: readExisting(row, String(rotation.id)), replacement };
}

function readExisting(row: Row | undefined, id: string): ApiKeyRecord {
  if (row === undefined) throw new ServiceError("not_found", `no API key ${id}`);
  return read(row);
}

/**
 * Make the environment's keys valid, with `rateLimit` requests a minute, and those that have left it invalid,
 * in one transaction. A key that was made otherwise stays as it is, even where the environment has the same,
 * but it may write the environment's services from then on: an imported key, which the environment shares
 * among several services, would be rejected for all but one.
 */
export function syncEnvironmentKeys(
  database: Database,
  keys: readonly EnvironmentKey[],
  rateLimit: number,
  nowMs: number,
): void {
  database.transaction(() => {
    database.run("UPDATE api_keys SET is_active = 0 WHERE origin = 'environment'");
    for (const key of keys) {
      database.run(
        `INSERT INTO api_keys
           (key_hash, key_prefix, service_name, role, rate_limit, allowed_services, created_at, description,
            origin)
         VALUES (?, ?, ?, ?, ?, ?, ?, 'from the environment', 'environment')
         ON CONFLICT (key_hash) DO UPDATE SET is_active = 1, service_name = excluded.service_name,
           key_prefix = excluded.key_prefix, role = excluded.role, expires_at = NULL,
           rate_limit = ${unlessSet("rate_limit")}, allowed_services = ${unlessSet("allowed_services")}
         WHERE origin = 'environment'`,
        key.keyHash,
        key.prefix,
        key.service,
        key.role,
        rateLimit,
        JSON.stringify(key.allowedServices),
        isoOrNull(nowMs),
      );
      allowServices(database, key);
    }
  });
}

/** The environment's value of a column, but for keys where an administrator has set it. */
function unlessSet(column: string): string {
  return `CASE WHEN ${isSet(column)} THEN ${column} ELSE excluded.${column} END`;
}

function isSet(column: string): string {
  return `EXISTS (SELECT 1 FROM json_each(set_columns) WHERE value = '${column}')`;
}

const OWN_SERVICES = `SELECT service_name, allowed_services FROM api_keys
  WHERE key_hash = ? AND server_id IS NULL AND (origin <> 'environment' OR ${isSet("allowed_services")})`;
const ALLOW = "UPDATE api_keys SET allowed_services = ? WHERE key_hash = ?";

/** Let a key whose services were given otherwise write what the environment's key of that hash may write. */
function allowServices(
  database: Database,
  { keyHash, service, role, allowedServices }: EnvironmentKey,
): void {
  const row = role === "writer" ? database.first(OWN_SERVICES, keyHash) : undefined;
  if (row === undefined) return;
  const allowed: readonly string[] = JSON.parse(String(row.allowed_services));
  const wanted = [service, ...allowedServices].filter((each) => each !== row.service_name);
  const all = [...new Set([...allowed, ...wanted])];
  if (all.length > allowed.length) database.run(ALLOW, JSON.stringify(all), keyHash);
}

/** Keep what a key made known when it was used; a hash once, and unless another key has that. */
export function learnOfKey(database: Database, id: number, { keyHash, prefix }: LearntOfKey): void {
  const upgrade = `UPDATE OR IGNORE api_keys SET legacy_hash = key_hash, key_hash = ?
    WHERE id = ? AND legacy_hash IS NULL AND key_hash <> ?`;
  if (keyHash !== undefined) database.run(upgrade, keyHash, id, keyHash);
  const name = "UPDATE api_keys SET key_prefix = ? WHERE id = ? AND key_prefix IS NULL";
  if (prefix !== undefined) database.run(name, prefix, id);
}
