import {
  Code,
  ConnectError,
  type ConnectRouter,
  createConnectRouter,
  createContextValues,
  type HandlerContext,
} from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerRequest } from "@connectrpc/connect/protocol";
import {
  compressionBrotli,
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import { ANONYMOUS_BODY_BYTES_MAX, type OperationRule, takesAnonymous } from "../../api/rules.ts";
import { FAILURES, type FailureReason, ServiceError } from "../../errors.ts";
import { type Exchange, headerOf, isHttp2Request } from "../http/exchange.ts";
import { SCAN_FROM_BYTES } from "../http/json-guard.ts";
import { spellNonFinite } from "../http/non-finite.ts";
import { jsonDecoder } from "../http/text.ts";
import {
  type CreateGuard,
  guardEnvelopes,
  guardedCompression,
  guardFor,
  guardMessage,
  withGuard,
} from "./body-guard.ts";
import { EXCHANGE } from "./context.ts";
import { cutDeadline, DEADLINE_MS_MAX } from "./deadline.ts";
import { toConnectError } from "./failures.ts";
import { type Body, fromText, isBody, isGrpcWebText, toText } from "./grpc-web-text.ts";
import { repairWireText } from "./wire-text.ts";

/** What RPCs are served with. */
export interface RpcOptions {
  /** Each registers a service with its implementation. */
  readonly routes: readonly ((router: ConnectRouter) => void)[];
  /** Who may call an RPC. @throws for one without a rule, which keeps the service from starting. */
  readonly ruleOf: (rpc: Pick<HandlerContext, "service" | "method">) => OperationRule;
  /** Runs on the headers of every call, before its body is read; what it throws is the answer. */
  readonly authenticate: (context: HandlerContext) => void;
  /** Largest message of a caller with a key, in bytes; of others it is `ANONYMOUS_BODY_BYTES_MAX`. */
  readonly bodyBytesMax: number;
}

/** Connect 2.2.0 takes a decoder of text here, and its type for these options does not say so. */
const JSON_OPTIONS = {
  ignoreUnknownFields: true,
  textDecoder: { decode: (bytes: Uint8Array) => spellNonFinite(jsonDecoder.decode(bytes)) },
};

/** Every RPC that is served, by its path. What it may be sent is bounded by its rule. */
export function createRpcHandlers(options: RpcOptions): ReadonlyMap<string, UniversalHandler> {
  repairWireText();
  // Connect bounds messages by router: a router for each bound, of which each RPC's rule picks one.
  const keyed = createHandlers(options, options.bodyBytesMax);
  const anonymous = createHandlers(options, ANONYMOUS_BODY_BYTES_MAX);
  const choose = (handler: UniversalHandler, index: number) =>
    takesAnonymous(options.ruleOf(handler)) ? (anonymous[index] ?? handler) : handler;
  return new Map(keyed.map(choose).map((handler) => [handler.requestPath, handler]));
}

/** The handlers of every service, with one bound for their messages. */
function createHandlers(
  { routes, authenticate }: RpcOptions,
  readMaxBytes: number,
): readonly UniversalHandler[] {
  const router = createConnectRouter({
    requestGate: authenticate,
    readMaxBytes,
    maxTimeoutMs: DEADLINE_MS_MAX,
    acceptCompression: [compressionGzip, compressionBrotli].map(guardedCompression),
    // Nothing reads them, and keeping millions of them would take hundreds of megabytes.
    binaryOptions: { readUnknownFields: false },
    jsonOptions: JSON_OPTIONS,
    // Several calls may fail with one error, that of their transaction: each gets its own translation,
    // before Connect sees it. What Connect throws itself is completed by the auth interceptor.
    interceptors: [
      (next) => async (call) => {
        try {
          return await next(call);
        } catch (error) {
          const exchange = call.contextValues.get(EXCHANGE);
          if (error instanceof ServiceError && exchange !== undefined) exchange.failure = error;
          throw toConnectError(error);
        }
      },
    ],
  });
  for (const register of routes) register(router);
  return router.handlers;
}

/** Connect's answers to what is no call of any of its protocols: it gives them before it asks who calls. */
const UNSPOKEN: Readonly<Record<number, FailureReason>> = {
  405: "method_not_allowed",
  415: "unsupported_media_type",
};

/**
 * Run one RPC: what connect-node's own adapter does, which has no place for the exchange and writes
 * its errors to the console. Resolves to the reason why a request is no call of any protocol, unanswered.
 */
export async function handleRpc(
  handler: UniversalHandler,
  exchange: Exchange,
): Promise<FailureReason | undefined> {
  const { request, response } = exchange;
  const values = createContextValues().set(EXCHANGE, exchange);
  const sent = universalRequestFromNodeRequest(request, response, undefined, values);
  cutDeadline(sent.header, handler.method.methodKind === "unary");
  const contentType = headerOf(request, "content-type");
  const createGuard = guardFor(handler, contentType, request.url ?? "");
  const isText = isGrpcWebText(contentType);
  const whole = isBody(sent.body) ? { ...sent, body: wholeBody(sent.body, exchange) } : sent;
  const guarded = guardBody(isText ? fromText(whole) : whole, exchange, createGuard);
  const answered = await withGuard({ exchange, createGuard }, () => handler(guarded));
  exchange.place?.leave();
  const answer = isText ? toText(answered) : answered;
  const unspoken = UNSPOKEN[answer.status];
  if (unspoken !== undefined) {
    // Connect leaves out what RFC 9110 demands.
    if (answer.status === 405) exchange.headers.allow = handler.allowedMethods.join(", ");
    return unspoken;
  }
  // It makes 501 of what is unimplemented, which would count as our failure; clients go by the code.
  const { failure } = exchange;
  const status =
    answer.status === 501 && failure !== undefined ? FAILURES[failure.reason].httpStatus : answer.status;
  try {
    await universalResponseToNodeResponse({ ...answer, status }, response);
  } catch (error) {
    // The client left before its answer; nobody reads an error, and there is none to log.
    if (ConnectError.from(error).code !== Code.Aborted) throw error;
  }
}

/** See that Connect gets a body that it can decode without a stall. */
function guardBody(
  universal: UniversalServerRequest,
  exchange: Exchange,
  createGuard: CreateGuard,
): UniversalServerRequest {
  const { request } = exchange;
  const { body } = universal;
  if (!isBody(body)) return universal;
  const length = headerOf(request, "content-length");
  if (Number(length ?? Number.POSITIVE_INFINITY) <= SCAN_FROM_BYTES) return universal;
  const isFramed = /^application\/(grpc|connect\+)/i.test(headerOf(request, "content-type") ?? "");
  if (isFramed) return { ...universal, body: guardEnvelopes(body, createGuard) };
  const isCompressed = headerOf(request, "content-encoding") !== undefined;
  return { ...universal, body: isCompressed ? body : guardMessage(body, createGuard) };
}

/**
 * The body, to its end; the bytes of one without a length are counted here.
 *
 * A reset in mid-body ends an HTTP/2 request as if it were whole, and Connect 2.2.0 then runs a unary
 * call on what had arrived: two of three metrics stored, and the client led to believe that none was. gRPC's
 * envelope and a content-length give it away; for the rest, look again one turn later.
 */
function wholeBody(body: Body, exchange: Exchange): Body {
  if (exchange.body !== undefined) return bodyOf(exchange.body);
  return headerOf(exchange.request, "content-length") === undefined ? countedBody(body, exchange) : body;
}

async function* bodyOf(bytes: Buffer): Body {
  yield bytes;
}

async function* countedBody(body: Body, exchange: Exchange): Body {
  for await (const chunk of body) {
    exchange.bodyBytes += chunk.byteLength;
    exchange.place?.add(chunk.byteLength);
    yield chunk;
  }
  const { request } = exchange;
  if (!isHttp2Request(request)) return;
  await new Promise<void>((resolve) => setImmediate(resolve));
  if (request.stream.aborted) throw new DOMException("the client reset the call", "AbortError");
}
