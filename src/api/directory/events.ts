import type { Call, Principal } from "../../access/call.ts";
import { type Violation, validationFailed } from "../../errors.ts";
import { type Refuse, readTime } from "../../ingest/read-fields.ts";
import { quote } from "../../ingest/text.ts";
import type { ListQuery, StoredServerEvent } from "../../sqlite/directory/events.ts";
import type { StoredServerUse } from "../../sqlite/directory/usage.ts";
import type { DirectoryEntry, ServerEvent } from "../../store/directory/entry.ts";
import { type Page, type PageRequest, pageOf, readPage } from "../page.ts";
import { malformed, readServerId } from "./read-ids.ts";
import { readText } from "./read-text.ts";
import { redactDetails } from "./redaction.ts";
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

export interface ListRequest extends PageRequest {
  readonly serverId: unknown;
}

export interface EventsDeps {
  readonly registry: ServerRegistry;
  readonly store: (entry: DirectoryEntry) => Promise<unknown>;
  readonly readEvents: (query: ListQuery) => Promise<readonly StoredServerEvent[]>;
  readonly readUses: (query: ListQuery) => Promise<readonly StoredServerUse[]>;
  readonly wallMs: () => number;
}

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
      return readRows(serverId, request, readEvents);
    },

    /**
     * An administrator also sees what was tracked of servers that are not registered.
     *
     * @throws {ServiceError} `malformed_body`, `api_key_invalid`, `not_found`, `validation_failed`
     */
    listUses({ principal }: Call, request: ListRequest): Promise<Page<StoredServerUse>> {
      const serverId = readServerId(request.serverId) ?? malformed("Server ID is required");
      if (principal.role !== "admin") serverOf(registry, principal, serverId);
      return readRows(serverId, request, readUses);
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
    details: redactDetails(details),
    recordedBy: role === "server" ? "server" : "admin",
    timestampMs,
  };
}

async function readRows<Row extends { readonly id: number }>(
  serverId: string,
  request: PageRequest,
  read: (query: ListQuery) => Promise<readonly Row[]>,
): Promise<Page<Row>> {
  const { limit, lastId } = readPage(request);
  return pageOf(await read({ serverId, beforeId: lastId, limit: limit + 1 }), limit, ({ id }) => id);
}
