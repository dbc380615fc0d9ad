import type { KeyRole } from "../storage/key-store.ts";

/** Who calls: the owner of a valid API key. */
export interface Principal {
  readonly apiKeyId: number;
  /** The service the key belongs to. */
  readonly service: string;
  readonly role: KeyRole;
  /** Further services it may write, as globs. */
  readonly allowedServices: readonly string[];
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
