import type { IncomingMessage, ServerResponse } from "node:http";
import { constants, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import type { Admitted } from "../../access/anonymous-access.ts";
import type { Principal, RequestIdentity } from "../../access/call.ts";
import type { HeldPlace, InFlight } from "../../access/in-flight.ts";
import type { BucketState } from "../../access/token-bucket.ts";
import type { ServiceError } from "../../errors.ts";

/** A request of either HTTP version, as node hands it over: a readable stream with lower-case headers. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;

/** The answer to a `NodeRequest`. Both have statusCode, setHeader, write and end; `write` needs narrowing. */
export type NodeResponse = ServerResponse | Http2ServerResponse;

/** Takes a request over and answers it, now or later. What it throws or rejects with becomes a 500. */
export type OnRequest = (request: NodeRequest, response: NodeResponse) => void | Promise<void>;

/** Whether the request came as an HTTP/2 stream. */
export function isHttp2Request(request: NodeRequest): request is Http2ServerRequest {
  return request.httpVersionMajor === 2;
}

/** End an answer that has begun and cannot be finished, so that nobody takes what has been sent for all of it. */
export function breakOff({ request, response }: Pick<Exchange, "request" | "response">): void {
  // On HTTP/2 a destroyed response looks like a complete one; only the reset code says otherwise.
  if (isHttp2Request(request)) request.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  else response.destroy();
}

/** Bytes of the answer that the peer has not let us send yet, as far as this process can see. */
export function unsentBytes(response: NodeResponse): number {
  return "stream" in response ? response.stream.writableLength : response.writableLength;
}

/** One request with its answer, from its first byte to its last, whatever the protocol. */
export interface Exchange extends RequestIdentity {
  /** As node hands it over; its body is unread until a handler reads it. */
  readonly request: NodeRequest;
  /** Its answer. */
  readonly response: NodeResponse;
  /** The path without the query. */
  readonly path: string;
  /** What a REST answer says besides its own headers; written with it in one go, which is cheaper. */
  readonly headers: Record<string, string | number>;
  /** How it is counted: a route template or an RPC's name, never what a client chose. */
  endpoint: string;
  /** What the path has in the place of its template's parameter; empty where there is none. */
  pathParameter: string;
  /** Once it failed: a gRPC failure is HTTP 200, and is recognised by this alone. */
  failure: ServiceError | undefined;
  /** Whether it was to hand metrics in. */
  takesMetrics: boolean;
  /** Whose key it came with, also of one that is no longer valid. */
  principal: Principal | undefined;
  /** The id of the valid key that it came with; undefined without one. */
  apiKeyId: number | undefined;
  /** What it takes while it is in flight; undefined for a call without a body, or until it is admitted. */
  place: HeldPlace | undefined;
  /** Who was admitted; set where that is known before Connect looks at the call. */
  admitted: Admitted | undefined;
  /** Why it has ended, where that is known before Connect looks at the call, which then says it in its way. */
  ended: { readonly error: unknown } | undefined;
  /** The body, where it was read before Connect looks at the call. */
  body: Buffer | undefined;
  /** Bytes of the body, as they were sent, once it was read; 0 for one that was refused unread. */
  bodyBytes: number;
}

/** Aborts when the client leaves before its answer is whole: what is done for the answer alone may stop then. */
export function signalOf({ request, response }: Pick<Exchange, "request" | "response">): AbortSignal {
  const controller = new AbortController();
  whenOver({ request, response }, () => controller.abort(new DOMException("the client left", "AbortError")));
  return controller.signal;
}

/** Call `leave` when the answer has been handed to the network or the client has left; maybe more than once. */
function whenOver({ request, response }: Pick<Exchange, "request" | "response">, leave: () => void): void {
  response.once("close", leave);
  // Of a reset stream the answer is closed only once what was written is gone, and that may be never.
  if (isHttp2Request(request)) request.stream.once("aborted", leave);
  if (isHttp2Request(request) ? request.stream.destroyed || request.stream.aborted : response.destroyed)
    leave();
}

/**
 * Take an admitted call in, whose body is read next. Whoever makes its answer gives the place back before it is
 * sent: a client may take it whenever it likes, or never. Of a client that leaves before, it is given back here.
 *
 * @throws {ServiceError} `queue_full` when too much is in flight already.
 */
export function takePlace(exchange: Exchange, inFlight: InFlight, caller: unknown): void {
  const place = inFlight.enter(caller, exchange.takesMetrics);
  exchange.place = place;
  exchange.request.once("end", place.received);
  whenOver(exchange, place.leave);
}

/** A header's value, or undefined. Of a repeated header the first value counts. */
export function headerOf(request: NodeRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/**
 * The value of a header that has one. Proxies and clients may both set it: equal values are one, and node hands
 * them over joined by commas. Different ones stay joined, and so are none that anybody knows.
 */
export function singleHeaderOf(request: NodeRequest, name: string): string | undefined {
  const value = headerOf(request, name);
  if (value === undefined || !value.includes(",")) return value;
  const [first, ...more] = value.split(/\s*,\s*/).filter((part) => part !== "");
  return more.every((part) => part === first) ? first : value;
}

/** The query of the request's URL. */
export function queryOf({ request }: Pick<Exchange, "request">): URLSearchParams {
  return new URL(request.url ?? "", "http://localhost").searchParams;
}

/** What every authenticated answer says of the caller's bucket, rejections included; {} without a bucket. */
export function rateLimitHeaders(bucket: BucketState | undefined): Readonly<Record<string, string>> {
  if (bucket === undefined) return {};
  return {
    "x-ratelimit-limit": String(bucket.limit),
    "x-ratelimit-remaining": String(bucket.remaining),
    "x-ratelimit-reset": String(bucket.resetSeconds),
  };
}
