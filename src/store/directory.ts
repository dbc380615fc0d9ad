import type { AuditTrace } from "./audit.ts";
import type { ApiKeyRecord, NewApiKey } from "./keys.ts";
import type { CommitResult } from "./metrics.ts";
import type { Pace } from "./plan/steps.ts";
import type { Asker } from "./queries.ts";
import type { IdempotencyRecord } from "./submission.ts";

/** A server of the directory. */
export interface ServerRecord {
  readonly number: number;
  readonly id: string;
  readonly name: string;
  /** While false, its metrics are rejected. */
  readonly metricsEnabled: boolean;
  /** Whether its figures may be fetched without a key. */
  readonly isPublic: boolean;
  /** Ids; empty: not known. */
  readonly tools: readonly string[];
  readonly webhookUrl: string | undefined;
  /** The webhook secret, sealed by `install-secret.ts`; undefined: it has none. */
  readonly sealedSecret: Uint8Array | undefined;
  /** ms since 1970 UTC; undefined: never. */
  readonly lastReceivedMs: number | undefined;
  readonly createdMs: number;
}

export type NewServer = Pick<
  ServerRecord,
  "id" | "name" | "metricsEnabled" | "isPublic" | "tools" | "webhookUrl" | "sealedSecret"
>;

type Changeable = "name" | "metricsEnabled" | "isPublic" | "tools" | "webhookUrl";

/** What is to be changed; undefined stays as it is. */
export type ServerChange = { readonly [Name in Changeable]?: ServerRecord[Name] | undefined };

/** Some of the servers: so many, after that number. */
export interface ServerPage {
  readonly afterNumber: number;
  readonly limit: number;
}

/** One metric of a server. */
export interface ServerPoint {
  readonly name: string;
  readonly type: string;
  /** When it was measured, ms since 1970 UTC. */
  readonly timestampMs: number;
  readonly value: number;
  /** JSON object; undefined: none. */
  readonly tags: string | undefined;
}

/** Who wrote an event down. */
export type EventRecorder = "service" | "server" | "admin";

/** Something that happened to a server. */
export interface ServerEvent {
  readonly serverId: string;
  readonly type: string;
  readonly previousValue: string | undefined;
  readonly newValue: string | undefined;
  /** JSON object. */
  readonly details: string;
  readonly recordedBy: EventRecorder;
  /** When it happened, ms since 1970 UTC. */
  readonly timestampMs: number;
}

/** Somebody did something with a server. Nothing in it tells who. */
export interface ServerUse {
  readonly serverId: string;
  /** HMAC; undefined: the client did not say. */
  readonly userId: string | undefined;
  readonly action: string;
  readonly toolId: string | undefined;
  /** JSON objects. */
  readonly details: string;
  readonly clientInfo: string;
  readonly timestampMs: number;
}

/** What one request adds to a transaction. */
export interface DirectoryEntry {
  /** Number of the server that `points` are of. */
  readonly server: number | undefined;
  readonly points: readonly ServerPoint[];
  /** Whether the server itself sent them. */
  readonly isCollected: boolean;
  readonly events: readonly ServerEvent[];
  readonly uses: readonly ServerUse[];
  readonly receivedMs: number;
  /** What the request is remembered by for a day, and whose key sent it. */
  readonly idempotency: (IdempotencyRecord & { readonly apiKeyId: number }) | undefined;
}

/** An event as it is stored. */
export interface StoredServerEvent extends ServerEvent {
  /** Grows in the order of receipt. */
  readonly id: number;
}

/** A use as it is stored. */
export interface StoredServerUse extends ServerUse {
  /** Grows in the order of receipt. */
  readonly id: number;
}

/** Which entries of a list, newest first. */
export interface ListQuery {
  readonly serverId: string;
  /** Entries before this one; undefined: from the newest. */
  readonly beforeId: number | undefined;
  readonly limit: number;
}

/** A server's metrics over time. */
export interface ChartQuery {
  /** Number and id of the server. */
  readonly server: number;
  readonly serverId: string;
  /** From the beginning of a step … */
  readonly startMs: number;
  /** … until before this instant, in the middle of the last one. */
  readonly endMs: number;
  readonly stepMs: number;
  /** Metrics; undefined: all. */
  readonly names: readonly string[] | undefined;
  /** Ranks, 0 to 1. */
  readonly quantiles: readonly number[];
  readonly withUptime: boolean;
}

export interface ChartPoint {
  /** Beginning of the step, ms since 1970 UTC. */
  readonly startMs: number;
  readonly value: number;
  /** In the order of the ranks that were asked for. */
  readonly quantiles: readonly number[];
}

/** One metric over time: a sum a step where it counts, an average where it measures. Steps without any are left out. */
export interface ChartLine {
  readonly name: string;
  readonly isSummed: boolean;
  readonly points: readonly ChartPoint[];
  /** Of all values of the range: their sum, or their average, in which a step with more values weighs more. */
  readonly total: number;
}

export interface ChartAnswer {
  readonly lines: readonly ChartLine[];
  /** 0 to 1. */
  readonly uptime: readonly ChartPoint[];
  /** Of the range, 0 to 1: every health check weighs the same; undefined where nothing is known. */
  readonly uptimeTotal: number | undefined;
  /** Time between two points: that of the query, or a day where only days are left. */
  readonly stepMs: number;
}

/** A server with its first key. */
export interface RegisteredWithKey {
  readonly server: ServerRecord;
  readonly key: ApiKeyRecord;
}

/** A server with the key that it has now, and the one that it had, if it was in force. */
export interface ServerKeyRotation {
  readonly server: ServerRecord;
  readonly old: ApiKeyRecord | undefined;
  readonly replacement: ApiKeyRecord;
}

/** Servers that may be registered: the service keeps all of them in memory. */
export const SERVERS_MAX = 100_000;

/** The MCP directory: its servers, their metrics, events and uses. */
export interface DirectoryStore {
  /**
   * Store every entry, except those whose idempotency key was stored before. What a day of a series adds up to
   * is kept right in the same transaction, and so is whether a server is up.
   */
  commit(batch: readonly DirectoryEntry[], nowMs: number): Promise<CommitResult>;
  /** Servers in the order of registration; all of them, or a page. */
  list(page?: ServerPage): Promise<readonly ServerRecord[]>;
  /** The names of what a server has measured. */
  listMetricNames(server: number): Promise<readonly string[]>;
  /**
   * Register a server together with its key.
   *
   * @throws {ServiceError} `validation_failed` for an id that is taken, or beyond `SERVERS_MAX`.
   */
  register(server: NewServer, key: NewApiKey, nowMs: number, trace: AuditTrace): Promise<RegisteredWithKey>;
  /** An empty `webhookUrl` removes it. @throws {ServiceError} `not_found`. */
  update(id: string, change: ServerChange, trace: AuditTrace): Promise<ServerRecord>;
  /** Undefined removes it. @throws {ServiceError} `not_found`. */
  setSecret(id: string, sealedSecret: Uint8Array | undefined, trace: AuditTrace): Promise<ServerRecord>;
  /** Give a server the key `key`; the one it has ends at `oldExpiresMs`. @throws {ServiceError} `not_found`. */
  rotateKey(
    id: string,
    key: NewApiKey,
    times: { readonly oldExpiresMs: number; readonly nowMs: number },
    trace: AuditTrace,
  ): Promise<ServerKeyRotation>;
  /**
   * Compute anew what the points of a day (days since 1970 UTC) add up to. Changes nothing where nothing is
   * wrong. Resolves to how many series have points on that day. Long work.
   *
   * @throws {ServiceError} `validation_failed` where retention has deleted points of the day.
   */
  recomputeDay(day: number, nowMs: number, pace: Pace): Promise<number>;
  /** @throws {ServiceError} as the queries of `QueryStore`. */
  chart(query: ChartQuery, asker?: Asker): Promise<ChartAnswer>;
  /** Events of a server, newest first. */
  listEvents(query: ListQuery, asker?: Asker): Promise<readonly StoredServerEvent[]>;
  /** How a server was used, newest first. */
  listUses(query: ListQuery, asker?: Asker): Promise<readonly StoredServerUse[]>;
}
