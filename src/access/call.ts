import type { KeyRole } from "../store/keys.ts";

/** Who calls: the owner of a valid API key. */
export interface Principal {
  readonly apiKeyId: number;
  /** The service the key belongs to. */
  readonly service: string;
  readonly role: KeyRole;
  /** Further services it may write, as globs. */
  readonly allowedServices: readonly string[];
  /** The server whose own key it is; undefined for other keys. */
  readonly serverId?: string | undefined;
}

/** One request, from its first byte on. */
export interface RequestIdentity {
  /** Arrival in s since 1970 UTC << 19 | sequence number: `requestId` as a number. */
  readonly requestNumber: number;
  /** `req_` and 16 hex digits. */
  readonly requestId: string;
}

/** An admitted request. */
export interface Call extends RequestIdentity {
  readonly principal: Principal;
}

/** An admitted request to what anybody may call, with a key or without. */
export interface AnonymousCall extends RequestIdentity {
  /** Undefined for a caller without a key. */
  readonly principal: Principal | undefined;
  /** Of the caller's address no more than this is kept: see `networkOf`. Undefined once the peer has gone. */
  readonly network: string | undefined;
  /** The address itself: never to be stored or logged. */
  readonly address: string | undefined;
}
