import type { AnonymousCall } from "../../access/call.ts";
import { SERVER_ACTIONS } from "../../catalogue/directory.ts";
import { redact } from "../../ingest/redaction.ts";
import { hideAddresses } from "../../lib/network.ts";
import type { Pseudonymise } from "../../lib/pseudonym.ts";
import type { DirectoryEntry, ServerPoint } from "../../store/directory.ts";
import { malformed, readServerId, readText } from "./read-request.ts";
import { mayKnow, notFound } from "./server-access.ts";
import type { ServerRegistry } from "./server-registry.ts";

/** A use as it came in, whatever the door. */
export interface SubmittedUse {
  /** Everywhere the request may name the server. */
  readonly serverIds: readonly unknown[];
  /** One of `SERVER_ACTIONS`. */
  readonly action: unknown;
  /** Who; stored as a pseudonym. */
  readonly userId: unknown;
  /** Which tool of the server. */
  readonly toolId: unknown;
  /** Anything else, an object; the user's id and addresses are taken out of it. */
  readonly details: unknown;
  /** The header of the request; shortened, and searched for the user's id. */
  readonly userAgent: string | undefined;
}

/** That a use was stored. */
export interface UseAnswer {
  /** The server that it was stored for. */
  readonly serverId: string;
  /** What was done with it. */
  readonly action: string;
  /** ms since 1970 UTC. */
  readonly timestampMs: number;
}

/** Stores a use of a server, for callers with a key and without. */
export type TrackUsage = (call: AnonymousCall, submitted: SubmittedUse) => Promise<UseAnswer>;

/** What `createTrackUsage` is made of. */
export interface TrackUsageDeps {
  /** Knows which servers there are, and their tools. */
  readonly registry: ServerRegistry;
  /** Resolves once the entry is on disk. */
  readonly enqueue: (entry: DirectoryEntry) => Promise<unknown>;
  /** The same pseudonym for the same user, and no way back without this installation's secret. */
  readonly pseudonymise: Pseudonymise;
  /** ms since 1970 UTC. */
  readonly wallMs: () => number;
}

/** What actions are counted as, among the server's metrics. */
const COUNTED_AS: Readonly<Record<string, string>> = { view: "page_views", install: "installations" };

/** Characters of a User-Agent that are stored. */
const USER_AGENT_LENGTH_MAX = 200;

/**
 * TrackUsage: somebody looked at a server, installed it, tried it, or used a tool of it. What is stored tells
 * nobody who it was.
 *
 * A use is stored for whatever server it names, and an anonymous caller always gets the same answer: only who may know
 * learns that there is no such server.
 *
 * @throws {ServiceError} `malformed_body`, `validation_failed`, `not_found`, `queue_full`,
 *   `storage_unavailable`, `shutting_down`: nothing is stored.
 */
export function createTrackUsage({ registry, enqueue, pseudonymise, wallMs }: TrackUsageDeps): TrackUsage {
  return async (call, submitted) => {
    const required = "Server ID and action are required";
    if (submitted.action === undefined || submitted.action === null || submitted.action === "")
      malformed(required);
    const serverId = readServerId(...submitted.serverIds) ?? malformed(required);
    const action =
      SERVER_ACTIONS.find((known) => known === submitted.action) ?? malformed("Invalid action type");
    const toolId = readText("tool_id", submitted.toolId);
    const user = readText("user_id", submitted.userId);
    const userId = user === undefined ? undefined : pseudonymise(user);
    const { details, hide } = redact(submitted.details, pseudonymise, user);
    const server = registry.get(serverId);
    if (mayKnow(server, call.principal, serverId)) {
      const { tools } = (server ?? notFound()).record;
      if (toolId !== undefined && tools.length > 0 && !tools.includes(toolId)) notFound("Tool");
    }
    const timestampMs = wallMs();
    await enqueue({
      server: server?.record.number,
      points: server === undefined ? [] : countersOf(action, timestampMs),
      isCollected: false,
      events: [],
      uses: [
        {
          serverId,
          userId,
          action,
          toolId: toolId && hideAddresses(hide(toolId)),
          details,
          clientInfo: describeClient(call, submitted.userAgent, hide),
          timestampMs,
        },
      ],
      receivedMs: timestampMs,
      idempotency: undefined,
    });
    return { serverId, action, timestampMs };
  };
}

/** What a use adds to the server's metrics. */
function countersOf(action: string, timestampMs: number): readonly ServerPoint[] {
  const name = COUNTED_AS[action];
  return name === undefined ? [] : [{ name, type: "counter", timestampMs, value: 1, tags: undefined }];
}

/** What is stored of a client: its network, and its User-Agent without what names people. */
function describeClient(
  { network }: AnonymousCall,
  userAgent: string | undefined,
  hide: (text: string) => string,
): string {
  // Ten times as much is searched as is kept: an address that the first cut halves ends before the second.
  const searched =
    userAgent && hideAddresses(hide(userAgent).slice(0, 10 * USER_AGENT_LENGTH_MAX), { isUserAgent: true });
  const agent = searched?.slice(0, USER_AGENT_LENGTH_MAX).toWellFormed();
  return JSON.stringify({ ...(network !== undefined && { network }), ...(agent && { user_agent: agent }) });
}
