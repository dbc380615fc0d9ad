import type { Call, Principal } from "../../access/call.ts";
import { ServiceError, type Violation } from "../../errors.ts";
import { validationFailed } from "../../ingest/judge-each.ts";
import { type Refuse, readTime } from "../../ingest/read-fields.ts";
import { quote } from "../../ingest/text.ts";
import type { ListQuery, StoredServerEvent } from "../../sqlite/directory/events.ts";
import type { StoredServerUse } from "../../sqlite/directory/usage.ts";
import type { DirectoryEntry, ServerEvent } from "../../store/directory/entry.ts";
import { malformed, readServerId } from "./read-ids.ts";
import { readText } from "./read-text.ts";
import { privateDetails } from "./redaction.ts";
import { serverOf } from "./server-access.ts";
import type { ServerRegistry } from "./server-registry.ts";

export const EVENT_TYPES = [
  "status_change",
  "version_change",
  "restart",
  "outage",
  "maintenance",
  "error",
  "deployment",
  "config_change",
] as const;

export interface SubmittedEvent {
  readonly serverId: unknown;
  readonly type: unknown;
  readonly previousValue: unknown;
  readonly newValue: unknown;
  readonly details: unknown;
  /** When it happened; absent: now. */
  readonly timestamp: unknown;
}

export interface ListRequest {
  readonly serverId: unknown;
  /** 0: the default. */
  readonly pageSize: number;
  readonly pageToken: string;
}

export interface Page<Row> {
  /** Newest first. */
  readonly rows: readonly Row[];
  /** Empty at the end. */
  readonly nextPageToken: string;
}

export interface EventsDeps {
  readonly registry: ServerRegistry;
  readonly store: (entry: DirectoryEntry) => Promise<unknown>;
  readonly readEvents: (query: ListQuery) => Promise<readonly StoredServerEvent[]>;
  readonly readUses: (query: ListQuery) => Promise<readonly StoredServerUse[]>;
  readonly wallMs: () => number;
}

const PAGE_SIZE = 100;
const PAGE_SIZE_MAX = 1000;

export type ServerEvents = ReturnType<typeof createServerEvents>;

/** What happens to servers, and how they are used: written down, and read again by who may. */
export function createServerEvents({ registry, store, readEvents, readUses, wallMs }: EventsDeps) {
  return {
    /**
     * @throws {ServiceError} `malformed_body`, `api_key_invalid`, `not_found`, `validation_failed`,
     *   `queue_full`, `storage_unavailable`, `shutting_down`: nothing is stored.
     */
    async record({ principal }: Call, submitted: SubmittedEvent): Promise<ServerEvent> {
      const serverId = readServerId(submitted.serverId) ?? malformed("Server ID is required");
      serverOf(registry, principal, serverId);
      const nowMs = wallMs();
      const event = readEvent(serverId, principal, submitted, nowMs);
      const none = { server: undefined, points: [], uses: [], isCollected: false, idempotency: undefined };
      await store({ ...none, events: [event], receivedMs: nowMs });
      return event;
    },

    /** @throws {ServiceError} `malformed_body`, `api_key_invalid`, `not_found`, `validation_failed` */
    list({ principal }: Call, request: ListRequest): Promise<Page<StoredServerEvent>> {
      const serverId = readServerId(request.serverId) ?? malformed("Server ID is required");
      serverOf(registry, principal, serverId);
      return readPage(serverId, request, readEvents);
    },

    /**
     * An administrator also sees what was tracked of servers that are not registered.
     *
     * @throws {ServiceError} `malformed_body`, `api_key_invalid`, `not_found`, `validation_failed`
     */
    listUses({ principal }: Call, request: ListRequest): Promise<Page<StoredServerUse>> {
      const serverId = readServerId(request.serverId) ?? malformed("Server ID is required");
      if (principal.role !== "admin") serverOf(registry, principal, serverId);
      return readPage(serverId, request, readUses);
    },
  };
}

function readEvent(
  serverId: string,
  { role }: Principal,
  { type, previousValue, newValue, details, timestamp }: SubmittedEvent,
  nowMs: number,
): ServerEvent {
  const violations: Violation[] = [];
  const refuse: Refuse = (field, reason, message) => void violations.push({ field, reason, message });
  const known = EVENT_TYPES.find((name) => name === type);
  if (known === undefined) {
    refuse("event_type", "unknown_type", `event type ${quote(type)} is none of ${EVENT_TYPES.join(", ")}`);
  }
  const timestampMs = readTime(timestamp, { nowMs, refuse, warn: () => {} });
  if (known === undefined || timestampMs === undefined) throw validationFailed(violations);
  return {
    serverId,
    type: known,
    previousValue: readText("previous_value", previousValue),
    newValue: readText("new_value", newValue),
    details: privateDetails(details),
    recordedBy: role === "server" ? "server" : "admin",
    timestampMs,
  };
}

async function readPage<Row extends { readonly id: number }>(
  serverId: string,
  { pageSize, pageToken }: ListRequest,
  read: (query: ListQuery) => Promise<readonly Row[]>,
): Promise<Page<Row>> {
  if (!(pageSize >= 0 && pageSize <= PAGE_SIZE_MAX))
    refusePage("page_size", `page_size is 0 to ${PAGE_SIZE_MAX}`);
  if (!/^\d{0,15}$/.test(pageToken)) refusePage("page_token", "page_token is not one of ours");
  const limit = pageSize || PAGE_SIZE;
  const rows = await read({
    serverId,
    beforeId: pageToken === "" ? undefined : Number(pageToken),
    limit: limit + 1,
  });
  const page = rows.slice(0, limit);
  return { rows: page, nextPageToken: rows.length > limit ? String(page.at(-1)?.id) : "" };
}

function refusePage(field: string, message: string): never {
  throw new ServiceError("validation_failed", message, {
    violations: [{ field, reason: "invalid", message }],
  });
}
