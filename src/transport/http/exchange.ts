import type { RequestIdentity } from "../../access/call.ts";
import type { BucketState } from "../../access/token-bucket.ts";
import type { FailureReason } from "../../errors.ts";
import type { NodeRequest, NodeResponse } from "./node-http.ts";

/** One request with its answer, from its first byte to its last, whatever the protocol. */
export interface Exchange extends RequestIdentity {
  readonly request: NodeRequest;
  readonly response: NodeResponse;
  /** The path without the query. */
  readonly path: string;
  /** What a REST answer says besides its own headers; written with it in one go, which is cheaper. */
  readonly headers: Record<string, string | number>;
  /** How it is counted: a route template or an RPC's name, never what a client chose. */
  endpoint: string;
  /** What the path has in the place of its template's parameter; empty where there is none. */
  pathParameter: string;
  /** Set when it failed: a gRPC failure is HTTP 200, and only this tells. */
  failure: FailureReason | undefined;
  /** Whose key it came with; undefined: nobody's that is valid. */
  apiKeyId: number | undefined;
  /** Bytes of the body, as they were sent, once it was read; 0 for one that was refused unread. */
  bodyBytes: number;
}

/** A header's value, or undefined. Of a repeated header the first value counts. */
export function headerOf(request: NodeRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** What every authenticated answer says of the caller's bucket, refusals included. */
export function setRateLimitHeaders(
  bucket: BucketState | undefined,
  set: (name: string, value: string) => void,
): void {
  if (bucket === undefined) return;
  set("x-ratelimit-limit", String(bucket.limit));
  set("x-ratelimit-remaining", String(bucket.remaining));
  set("x-ratelimit-reset", String(bucket.resetSeconds));
}
