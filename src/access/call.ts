import type { KeyRole } from "../store/keys.ts";
import type { Asker } from "../store/queries.ts";

/** Who calls: the owner of a valid API key. */
export interface Principal {
  readonly apiKeyId: number;
  /** What is shown of the key, for logs; undefined where it is not known. */
  readonly prefix?: string | undefined;
  /** The service the key belongs to. */
  readonly service: string;
  readonly role: KeyRole;
  /** Further services whose metrics it may write, as globs. */
  readonly allowedServices: readonly string[];
  /** The server of the MCP directory whose own key it is; undefined for other keys. */
  readonly serverId?: string | undefined;
}

/** How the log names a key, wherever it does. */
export function keyFields({ apiKeyId, role, prefix }: Pick<Principal, "apiKeyId" | "role" | "prefix">) {
  return { key_id: apiKeyId, key_role: role, ...(prefix !== undefined && { key_prefix: prefix }) };
}

/** One request, from its first byte on. */
export interface RequestIdentity {
  /** Arrival in s since 1970 UTC << 19 | sequence number: `requestId` as a number. */
  readonly requestNumber: number;
  /** `req_` and 16 hex digits; answered to the client and logged. */
  readonly requestId: string;
}

/** An admitted request. */
export interface Call extends RequestIdentity {
  readonly principal: Principal;
  /** Its client's address, undefined once the peer has gone: never to be stored or logged as it is. */
  readonly address?: () => string | undefined;
}

/** An admitted request to what may be called anonymously; it may come with a key all the same. */
export interface AnonymousCall extends RequestIdentity {
  /** Undefined for a caller without a key. */
  readonly principal: Principal | undefined;
  /** Of the caller's address no more than this is kept: see `networkOf`. Undefined once the peer has gone. */
  readonly network: string | undefined;
  /** The address itself: never to be stored or logged. */
  readonly address: string | undefined;
}

/** Whose query it is where callers take turns: the key's, or, without one, the network's it comes from. */
export function askerOf(call: Call | AnonymousCall, signal?: AbortSignal): Asker {
  const { principal } = call;
  if (principal !== undefined) return { caller: `key ${principal.apiKeyId}`, signal };
  return { caller: `network ${"network" in call ? call.network : ""}`, signal };
}

/** 2^19 requests a second before numbers run ahead of the clock. A power of two, so that SQL can shift. */
const PER_SECOND = 2 ** 19;

/**
 * Number requests: the second of arrival and a sequence number in one integer below 2^53.
 *
 * Numbers grow strictly, also when the clock goes back, and go on above `last`, the newest stored one:
 * a request id never names two requests that stored anything.
 */
export function createRequestNumbers(wallMs: () => number, last: number): () => RequestIdentity {
  let previous = last;
  return () => {
    previous = Math.max(previous + 1, Math.floor(wallMs() / 1000) * PER_SECOND);
    return { requestNumber: previous, requestId: `req_${previous.toString(16).padStart(16, "0")}` };
  };
}

/**
 * Whether a key may write metrics under a service's name: its own, one it was allowed, or any for an admin.
 */
export function mayWrite(principal: Principal, service: string): boolean {
  if (principal.role === "admin" || principal.service === service) return true;
  return principal.allowedServices.some((glob) => matchesGlob(glob, service));
}

/**
 * Whether a glob matches all of a text: `*` is any characters, `?` one, and all else itself. Takes at most
 * the product of both lengths, as it goes back to the last star only: no pattern can stall the service.
 */
export function matchesGlob(glob: string, text: string): boolean {
  let at = 0;
  let globAt = 0;
  let starAt = -1;
  let resumeAt = 0;
  while (at < text.length) {
    const expected = glob[globAt];
    if (expected === "*") {
      starAt = globAt++;
      resumeAt = at;
    } else if (expected === "?" || expected === text[at]) {
      globAt += 1;
      at += 1;
    } else if (starAt >= 0) {
      globAt = starAt + 1;
      at = ++resumeAt;
    } else return false;
  }
  while (glob[globAt] === "*") globAt += 1;
  return globAt === glob.length;
}
