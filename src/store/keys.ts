import type { AuditTrace } from "./audit.ts";

/** A `server` key is one server's of the directory: it collects for it, and reads what is its own. */
export type KeyRole = "writer" | "reader" | "admin" | "server";

/** An API key as stored: the key itself is nowhere, only its SHA-256. */
export interface ApiKeyRecord {
  readonly id: number;
  /** SHA-256 of the key, hex; of an imported one, until it is first used, perhaps the predecessor's HMAC. */
  readonly keyHash: string;
  /** The first 8 characters after `mcp_metrics_`, for people; undefined where they are not known, or not so begun. */
  readonly prefix?: string | undefined;
  /** The service that the key belongs to. */
  readonly service: string;
  readonly role: KeyRole;
  /** Requests a minute, and the burst. */
  readonly rateLimit: number;
  /** Further services it may write, as globs. */
  readonly allowedServices: readonly string[];
  /** False once it was revoked; a key that has only expired is still active. */
  readonly isActive: boolean;
  readonly createdMs: number;
  /** Undefined: it never expires. */
  readonly expiresMs: number | undefined;
  readonly description: string;
  /** Authenticated answers so far, rejections included; up to some seconds behind. */
  readonly usageCount: number;
  /** When the newest of them was given; undefined before the first. */
  readonly lastUsedMs: number | undefined;
  /** Requests a UTC day; undefined: no limit. */
  readonly dailyUsageLimit: number | undefined;
  /** Requests a UTC month; undefined: no limit. */
  readonly monthlyUsageLimit: number | undefined;
  /** The server of the directory whose key it is, of a `server` key; undefined of others. */
  readonly serverId?: string | undefined;
}

/** What a new key is made from. */
export type NewApiKey = Omit<ApiKeyRecord, "id" | "isActive" | "createdMs" | "usageCount" | "lastUsedMs">;

/** What is shown of a key; what is not is 32 characters or more, which is enough to guess at for ever. */
const SHOWN = /^mcp_metrics_([A-Za-z0-9_-]{8})[A-Za-z0-9_-]{32,}$/;

/**
 * The first 8 characters after `mcp_metrics_`, by which people tell keys apart. Undefined of a key in another form:
 * the operator's environment may give one of 16 characters, of which nothing can be shown.
 */
export function prefixOf(key: string): string | undefined {
  return SHOWN.exec(key)?.[1];
}

/** A key as people are told of it: `API key 7 (writer of gateway, aB3dE6gH)`. */
export function describeKey({
  id,
  role,
  service,
  prefix,
}: Pick<ApiKeyRecord, "id" | "role" | "service" | "prefix">) {
  return `API key ${id} (${role} of ${service}${prefix === undefined ? "" : `, ${prefix}`})`;
}

/** What of a key may be changed; undefined stays as it is. */
export interface KeyChange {
  readonly rateLimit?: number | undefined;
  /** Null: no limit. */
  readonly dailyUsageLimit?: number | null | undefined;
  readonly monthlyUsageLimit?: number | null | undefined;
  readonly description?: string | undefined;
  /** Replace those that are there. */
  readonly allowedServices?: readonly string[] | undefined;
}

/** What only the bearer of a key makes known, when it is used. */
export interface LearntOfKey {
  /** SHA-256 of a key that was imported with another hash. */
  readonly keyHash?: string;
  /** Of a key that was stored before prefixes were. */
  readonly prefix?: string;
}

/** A key given by the operator's environment. */
export interface EnvironmentKey {
  /** SHA-256 of the key, hex. */
  readonly keyHash: string;
  readonly prefix?: string | undefined;
  readonly service: string;
  readonly role: Exclude<KeyRole, "server">;
  /** Further services it may write, as globs. */
  readonly allowedServices: readonly string[];
}

/** How a key is replaced by a new one. */
export interface KeyRotation {
  /** The key to be replaced. */
  readonly id: number;
  /** SHA-256 of the new key, hex. */
  readonly keyHash: string;
  /** Of the new key. */
  readonly prefix?: string | undefined;
  /** When the old key ends, unless it would have ended sooner. */
  readonly oldExpiresMs: number;
  readonly nowMs: number;
}

/** A key that was replaced, and the one in its place. */
export interface RotatedKey {
  readonly old: ApiKeyRecord;
  readonly replacement: ApiKeyRecord;
}

/** What the answers that one key got from one endpoint, with one status, in one minute add up to. */
export interface UsageRow {
  readonly apiKeyId: number;
  /** A route template or an RPC's path. */
  readonly endpoint: string;
  /** HTTP status; of an RPC, the one that its error has over HTTP. */
  readonly statusCode: number;
  /** The beginning of the minute. */
  readonly minuteMs: number;
  readonly requestCount: number;
  /** Bytes of request bodies, as they were sent. */
  readonly bytesProcessed: number;
  /** From the first byte of each request to the last of its answer, added up. */
  readonly durationMs: number;
  /** When the last of them ended. */
  readonly lastMs: number;
}

/** How many requests of a key count against its quotas on one day. */
export interface DailyUsage {
  readonly apiKeyId: number;
  /** Days since 1970 UTC. */
  readonly day: number;
  readonly requestCount: number;
}

/** What keys have used. */
export interface UsageRecord {
  /** What has come since the last record; it is added to what is stored. */
  readonly log: readonly UsageRow[];
  /** Whole days, not what has come since; they replace what is stored, unless that is more. */
  readonly daily: readonly DailyUsage[];
}

/** How many days of usage are kept for quotas: this month and the one before, which a clock may go back to. */
export const USAGE_DAYS_KEPT = 62;

/** API keys and what they have used. A key's hash is unique for ever, also once the key is revoked. */
export interface KeyStore {
  /** Every key, revoked and expired ones too, by id. */
  list(): Promise<readonly ApiKeyRecord[]>;
  create(key: NewApiKey, nowMs: number, trace: AuditTrace): Promise<ApiKeyRecord>;
  /** Make a key inactive; repeating it changes nothing. @throws {ServiceError} `not_found`. */
  revoke(id: number, trace: AuditTrace): Promise<ApiKeyRecord>;
  /**
   * Replace a key by one with the same rights, limits and used quotas.
   *
   * @throws {ServiceError} `not_found` when there is no such key in force; the message says whether it was revoked.
   */
  rotate(rotation: KeyRotation, trace: AuditTrace): Promise<RotatedKey>;
  /** Change a key, in force or not. What is set here no start changes. @throws {ServiceError} `not_found`. */
  update(id: number, change: KeyChange, trace: AuditTrace): Promise<ApiKeyRecord>;
  /**
   * Make the environment's keys active with this rate limit (requests a minute), and those that have left the
   * environment inactive. Keys made otherwise stay as they are, also where the environment gives them too; but
   * they may write its services from then on.
   */
  syncEnvironment(keys: readonly EnvironmentKey[], rateLimit: number, nowMs: number): Promise<void>;
  /**
   * Keep what the bearer of a key has made known. The hash that a key was imported with stays known, too: importing
   * it again finds it. What was learnt before stays, and a hash that another key has is not taken.
   */
  learn(id: number, learnt: LearntOfKey): Promise<void>;
  /** Add to what keys have used; forgets days that are older than `USAGE_DAYS_KEPT`. */
  recordUsage(record: UsageRecord, nowMs: number): Promise<void>;
  /** Every day that is kept, of every key, in no order. */
  listDailyUsage(): Promise<readonly DailyUsage[]>;
}
