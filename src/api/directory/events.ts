import { askerOf, type Call, type Principal } from "../../access/call.ts";
import { SERVER_EVENT_TYPES } from "../../catalogue/directory.ts";
import { type Violation, validationFailed } from "../../errors.ts";
import { redact } from "../../ingest/redaction.ts";
import { quote } from "../../ingest/text.ts";
import { type Reject, readTime } from "../../ingest/validate-fields.ts";
import type { Pseudonymise } from "../../lib/pseudonym.ts";
import type {
  DirectoryEntry,
  ListQuery,
  ServerEvent,
  StoredServerEvent,
  StoredServerUse,
} from "../../store/directory.ts";
import type { Asker } from "../../store/queries.ts";
import { type Page, type PageBounds, type PageRequest, readPage } from "../page.ts";
import { malformed, readServerId, readText } from "./read-request.ts";
import { serverOf } from "./server-access.ts";
import type { ServerRegistry } from "./server-registry.ts";

/** An event as it came in, whatever the protocol: nothing of it has been checked. */
export interface SubmittedEvent {
  /** The server that it happened to. */
  readonly serverId: unknown;
  /** One of `SERVER_EVENT_TYPES`. */
  readonly type: unknown;
  /** Of what has changed, such as the version before; absent where nothing changed. */
  readonly previousValue: unknown;
  /** … and what it changed to. */
  readonly newValue: unknown;
  /** Anything else, an object; what names people is taken out before it is stored. */
  readonly details: unknown;
  /** When it happened; absent: now. */
  readonly timestamp: unknown;
}

/** A page of what is stored of a server, newest first. */
export interface ListRequest extends PageRequest {
  /** The server whose rows are asked for. */
  readonly serverId: unknown;
}

/** What `createServerEvents` is made of. */
export interface EventsDeps {
  /** Knows which servers there are, and whose keys are theirs. */
  readonly registry: ServerRegistry;
  /** Resolves once the entry is on disk. */
  readonly enqueue: (entry: DirectoryEntry) => Promise<unknown>;
  /** A page of a server's events, newest first. */
  readonly readEvents: (query: ListQuery, asker: Asker) => Promise<readonly StoredServerEvent[]>;
  /** A page of how a server was used, newest first. */
  readonly readUses: (query: ListQuery, asker: Asker) => Promise<readonly StoredServerUse[]>;
  /** Takes the place of the ids of people in details. */
  readonly pseudonymise: Pseudonymise;
  /** ms since 1970 UTC. */
  readonly wallMs: () => number;
}

/** Events and usage of servers, for every door. */
export type ServerEvents = ReturnType<typeof createServerEvents>;

/** What happens to servers, and how they are used: written down, and read again by who may. */
export function createServerEvents(deps: EventsDeps) {
  const { registry, enqueue, readEvents, readUses, pseudonymise, wallMs } = deps;
  return {
    /**
     * @throws {ServiceError} `malformed_body`, `api_key_invalid`, `not_found`, `validation_failed`,
     *   `queue_full`, `storage_unavailable`, `shutting_down`: nothing is stored.
     */
    async record({ principal }: Call, submitted: SubmittedEvent): Promise<ServerEvent> {
      const serverId = readServerId(submitted.serverId) ?? malformed("Server ID is required");
      serverOf(registry, principal, serverId);
      const nowMs = wallMs();
      const event = readEvent(serverId, principal, submitted, nowMs, pseudonymise);
      const none = { server: undefined, points: [], uses: [], isCollected: false, idempotency: undefined };
      await enqueue({ ...none, events: [event], receivedMs: nowMs });
      return event;
    },

    /** @throws {ServiceError} `malformed_body`, `api_key_invalid`, `not_found`, `validation_failed` */
    list(call: Call, request: ListRequest): Promise<Page<StoredServerEvent>> {
      const serverId = readServerId(request.serverId) ?? malformed("Server ID is required");
      serverOf(registry, call.principal, serverId);
      return readRows(serverId, request, readEvents, askerOf(call));
    },

    /**
     * An administrator also sees what was tracked of servers that are not registered.
     *
     * @throws {ServiceError} `malformed_body`, `api_key_invalid`, `not_found`, `validation_failed`
     */
    listUses(call: Call, request: ListRequest): Promise<Page<StoredServerUse>> {
      const serverId = readServerId(request.serverId) ?? malformed("Server ID is required");
      const { principal } = call;
      if (principal.role !== "admin") serverOf(registry, principal, serverId);
      return readRows(serverId, request, readUses, askerOf(call));
    },
  };
}

/** The event as it is stored. @throws {ServiceError} `validation_failed` with every broken rule. */
function readEvent(
  serverId: string,
  { role }: Principal,
  { type, previousValue, newValue, details, timestamp }: SubmittedEvent,
  nowMs: number,
  pseudonymise: Pseudonymise,
): ServerEvent {
  const violations: Violation[] = [];
  const reject: Reject = (field, reason, message) => void violations.push({ field, reason, message });
  const known = SERVER_EVENT_TYPES.find((name) => name === type);
  if (known === undefined) {
    reject(
      "event_type",
      "unknown_type",
      `event type ${quote(type)} is none of ${SERVER_EVENT_TYPES.join(", ")}`,
    );
  }
  const timestampMs = readTime(timestamp, { nowMs, reject, warn: () => {} });
  if (known === undefined || timestampMs === undefined) throw validationFailed(violations);
  return {
    serverId,
    type: known,
    previousValue: readText("previous_value", previousValue),
    newValue: readText("new_value", newValue),
    details: redact(details, pseudonymise).details,
    recordedBy: role === "server" ? "server" : "admin",
    timestampMs,
  };
}

/** A page of rows, whose token is the id of its last one. */
async function readRows<Row extends { readonly id: number }>(
  serverId: string,
  request: PageRequest,
  read: (query: ListQuery, asker: Asker) => Promise<readonly Row[]>,
  asker: Asker,
): Promise<Page<Row>> {
  const readRowsOf = ({ lastId, limit }: PageBounds) => read({ serverId, beforeId: lastId, limit }, asker);
  return readPage(request, readRowsOf, ({ id }) => id);
}
