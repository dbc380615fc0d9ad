/**
 * Where a request of the main port goes: to Connect, to a REST route, or nowhere.
 *
 * REST and RPCs never share a path: an RPC's is `/package.Service/Method`, and no route has a dot in its first
 * segment before a slash. So one lookup by the exact path decides, before any header is looked at.
 */
import { constants, type ServerHttp2Stream } from "node:http2";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import type { RequestIdentity } from "../access/call.ts";
import { FAILURES, type FailureReason, ServiceError } from "../errors.ts";
import { ClientGoneError } from "./http/body.ts";
import {
  breakOff,
  type Exchange,
  headerOf,
  isHttp2Request,
  type NodeRequest,
  type NodeResponse,
  type OnRequest,
} from "./http/exchange.ts";
import { createPathTable } from "./http/path-table.ts";
import { sendFailure } from "./rest/answer.ts";
import type { HandleRest } from "./rest/handler.ts";
import type { RestAnswer, RestRoute, RestRoutes } from "./rest/route.ts";
import { handleRpc, type RpcOptions } from "./rpc/rpc-handler.ts";
import type { AnswerUnary } from "./rpc/unary/calls.ts";
import type { FindUnknownRpc } from "./rpc/unknown-rpc.ts";

/** What requests are answered with, and where they are reported. */
export interface RouterOptions {
  /** REST routes and pages. */
  readonly rest: RestRoutes;
  /** Answers a request of a route. */
  readonly handleRest: HandleRest;
  /** RPCs by their paths, `/package.Service/Method`. */
  readonly rpc: ReadonlyMap<string, UniversalHandler>;
  /** Answers most calls that bring metrics, without the handlers above. */
  readonly answerUnary: AnswerUnary;
  /** Who may call an RPC. */
  readonly ruleOf: RpcOptions["ruleOf"];
  /** Answers a request that is an RPC by its headers, and whose path is none. */
  readonly unknownRpc: FindUnknownRpc;
  /** Answers a cross-origin preflight; whether it was one. Undefined: no other origin may call. */
  readonly cors: ((exchange: Exchange) => boolean) | undefined;
  /** The id of each request, in the order of arrival. */
  readonly nextRequest: () => RequestIdentity;
  /** ms of a clock that never goes back. */
  readonly monotonicMs: () => number;
  /** Called once for each request when its answer has left or its client has gone, in this order. */
  readonly onAnswered: readonly ((answered: Answered) => void)[];
  /** A request failed for a reason that is not the caller's. */
  readonly onUnexpected: (exchange: Exchange, error: unknown) => void;
}

/** The routes of one path, by method. */
type MethodRoutes = Readonly<Record<string, RestRoute>>;

/** A request that was to hand metrics in, and failed. */
interface RejectedMetrics extends Pick<Exchange, "requestId" | "principal"> {
  readonly failure: ServiceError;
}

/** A request whose answer has been handed to the network, or whose client has left. */
export interface Answered {
  /** `OTHER` for what is no known method. */
  readonly method: string;
  /** A route's template or an RPC's path; `unknown` for all that is not served. */
  readonly endpoint: string;
  /** HTTP's; of a failed RPC the status that its reason has over REST. */
  readonly status: number;
  /** From the first byte of the request to the end of its answer. */
  readonly seconds: number;
  /** Undefined for an answer to a caller without a valid key. */
  readonly apiKeyId: number | undefined;
  /** Why metrics that were to be handed in were refused as a whole. */
  readonly rejected: RejectedMetrics | undefined;
  /** Of the request's body, as it was sent; 0 where it stayed unread. */
  readonly bodyBytes: number;
}

/** How every path that is not served is counted: a client must not choose what we count by. */
const UNKNOWN_ENDPOINT = "unknown";
/** Methods that are counted by name: a client must not choose what we count by. */
const METHODS = new Set(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"]);
/** An unread body up to here is read and dropped, so that the connection can go on; beyond, it is closed. */
const UNREAD_BYTES_MAX = 64 * 1024;

/**
 * Path → RPC, REST route, or 404. Gives every request its id, counts it and times it.
 *
 * An RPC wins over a route. What is neither is answered in the protocol that it was asked in.
 */
export function createRouter(options: RouterOptions): OnRequest {
  const { handleRest, rpc, unknownRpc, cors, nextRequest, monotonicMs, onUnexpected } = options;
  const table = createPathTable(byPath(options.rest));

  async function route(exchange: Exchange): Promise<void> {
    if (cors?.(exchange)) return;
    const handler = rpc.get(exchange.path);
    if (handler !== undefined) {
      exchange.endpoint = exchange.path;
      return answerRpc(handler, exchange, options);
    }
    const served = table.literals.get(exchange.path) ?? table.find(exchange.path);
    if (served === undefined) {
      const unknown = unknownRpc(exchange.request);
      if (unknown !== undefined) return answerRpc(unknown, exchange, options);
      throw new ServiceError("not_found", "Not Found");
    }
    exchange.endpoint = served.template;
    exchange.pathParameter = served.parameter;
    const methods = served.entry;
    const method = exchange.request.method ?? "";
    const found = Object.hasOwn(methods, method) ? methods[method] : undefined;
    const answering = found ?? (method === "HEAD" ? methods.GET : undefined);
    if (answering === undefined) {
      exchange.headers.allow = allowed(methods);
      throw new ServiceError("method_not_allowed", "Method Not Allowed");
    }
    await handleRest(answering, exchange);
  }

  return async (request, response) => {
    const exchange = openExchange(request, response, nextRequest());
    const startedMs = monotonicMs();
    response.once("close", () => {
      const answered = describe(exchange, monotonicMs() - startedMs);
      for (const report of options.onAnswered) report(answered);
    });
    closeAfterUnreadBody(exchange);
    try {
      await route(exchange);
    } catch (error) {
      if (error instanceof ClientGoneError) return;
      if (!(error instanceof ServiceError)) onUnexpected(exchange, error);
      if (response.headersSent) breakOff(exchange);
      else sendFailure(exchange, error);
    }
  };
}

/** The routes by path, as the path table takes them. */
function byPath(routes: RestRoutes): ReadonlyMap<string, MethodRoutes> {
  const paths = new Map<string, Record<string, RestRoute>>();
  for (const [name, route] of Object.entries(routes)) {
    const [method = "", path = ""] = name.split(" ");
    paths.set(path, { ...paths.get(path), [method]: route });
  }
  return paths;
}

/** Why a request to an RPC is no call of it. */
const UNSPOKEN_TEXTS: Partial<Record<FailureReason, string>> = {
  method_not_allowed: "Method Not Allowed",
  unsupported_media_type: "Content-Type must be one of Connect, gRPC or gRPC-Web, such as application/json",
};

/** Hand a request to Connect. Its id leaves with whatever Connect answers. */
async function answerRpc(
  handler: UniversalHandler,
  exchange: Exchange,
  { handleRest, ruleOf, answerUnary }: Pick<RouterOptions, "handleRest" | "ruleOf" | "answerUnary">,
): Promise<void> {
  if (await answerUnary(exchange)) return;
  exchange.response.setHeader("x-request-id", exchange.requestId);
  const unspoken = await handleRpc(handler, exchange);
  if (unspoken === undefined) return;
  // Who calls is asked here too: without a key nobody learns how an RPC is called.
  // In plain text: clients of Connect take any JSON for an error of its own form, and those of gRPC read none.
  const answer = (): RestAnswer => {
    const text = UNSPOKEN_TEXTS[unspoken] ?? unspoken;
    exchange.failure = new ServiceError(unspoken, text);
    const headers = { "content-type": "text/plain; charset=utf-8" };
    return { status: FAILURES[unspoken].httpStatus, body: `${text}\n`, headers };
  };
  await handleRest({ rule: ruleOf(handler), reads: "nothing", answer } as RestRoute, exchange);
}

/** What is known of a request when its headers have arrived. */
function openExchange(request: NodeRequest, response: NodeResponse, identity: RequestIdentity): Exchange {
  const [path = ""] = (request.url ?? "").split("?", 1);
  const headers = { "x-request-id": identity.requestId };
  return {
    ...identity,
    request,
    response,
    path,
    headers,
    endpoint: UNKNOWN_ENDPOINT,
    pathParameter: "",
    failure: undefined,
    takesMetrics: false,
    principal: undefined,
    apiKeyId: undefined,
    place: undefined,
    admitted: undefined,
    ended: undefined,
    body: undefined,
    bodyBytes: 0,
  };
}

/** For `Allow` (RFC 9110, 10.2.1): GET brings HEAD with it. */
function allowed(methods: MethodRoutes): string {
  const names = Object.keys(methods);
  return (names.includes("GET") ? [...names, "HEAD"] : names).join(", ");
}

/**
 * After an answer to a request whose body was not read, node reads the rest to reach the next request.
 * For a rejected upload that would be the upload after all. On HTTP/2 the stream would stay open until a
 * deadline, and a shutdown would wait for it: the peer is asked to stop (RFC 9113, 8.1).
 */
function closeAfterUnreadBody({ request, response }: Exchange): void {
  if (isHttp2Request(request)) {
    const { stream } = request;
    // Not the response's own "finish": node emits that together with "close".
    stream.once("finish", () => setImmediate(stopUpload, stream));
    return;
  }
  const length = headerOf(request, "content-length");
  const isUnbounded =
    length === undefined
      ? headerOf(request, "transfer-encoding") !== undefined
      : Number(length) > UNREAD_BYTES_MAX;
  if (!isUnbounded) return;
  const writeHead = response.writeHead;
  response.writeHead = (...head: unknown[]) => {
    if (!request.complete) response.setHeader("connection", "close");
    return Reflect.apply(writeHead, response, head);
  };
}

/** Turns of the event loop until the end of an answer has surely been handed to the network. */
const TURNS_MAX = 10;

/** Once the answer has left, trailers and all; a reset before that would cut it. */
function stopUpload(stream: ServerHttp2Stream, turnsLeft = TURNS_MAX): void {
  if (stream.destroyed || stream.readableEnded) return;
  // Where the whole body has arrived in the meantime, the end of the answer has closed the stream.
  if (stream.closed || stream.state.localClose === 1) {
    stream.close(constants.NGHTTP2_NO_ERROR);
    // What has arrived and is not read would keep it from closing.
    setImmediate(() => stream.destroy());
  } else if (turnsLeft > 0) setImmediate(stopUpload, stream, turnsLeft - 1);
}

/** Counted where the client left before there was an answer, as nginx logs it and Connect maps `canceled`. */
const CLIENT_GONE = 499;

/** A failed gRPC call is HTTP 200; it is counted by the status its reason has elsewhere. */
function describe(exchange: Exchange, ms: number): Answered {
  const { request, response, endpoint, failure, apiKeyId, bodyBytes, requestId, principal } = exchange;
  const method = METHODS.has(request.method ?? "") ? (request.method ?? "") : "OTHER";
  const answered = response.headersSent ? response.statusCode : CLIENT_GONE;
  const status = failure === undefined ? answered : FAILURES[failure.reason].httpStatus;
  const isRejected = exchange.takesMetrics && failure !== undefined;
  const rejected = isRejected ? { requestId, principal, failure } : undefined;
  return { method, endpoint, status, seconds: ms / 1000, apiKeyId, bodyBytes, rejected };
}
