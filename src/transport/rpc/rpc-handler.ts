import {
  type ConnectRouter,
  createConnectRouter,
  createContextValues,
  type HandlerContext,
} from "@connectrpc/connect";
import type { Compression, UniversalHandler, UniversalServerRequest } from "@connectrpc/connect/protocol";
import {
  compressionBrotli,
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import { type Exchange, headerOf } from "../exchange.ts";
import { guardJson, guardJsonEnvelopes, guardPossibleJson, SCAN_FROM_BYTES } from "../json-guard.ts";
import { isHttp2Request, type NodeRequest } from "../node-http.ts";
import { EXCHANGE } from "./context.ts";

export interface RpcOptions {
  readonly routes: readonly ((router: ConnectRouter) => void)[];
  /** RPCs that anybody may call. They win over `routes`, and messages to them are small. */
  readonly openRoutes: readonly ((router: ConnectRouter) => void)[];
  readonly gate: (context: HandlerContext) => void;
  readonly bodyBytesMax: number;
}

export type HandleRpc = (handler: UniversalHandler, exchange: Exchange) => Promise<void>;

/** Longest deadline a caller may ask for; what it asks for beyond is cut to this. */
const TIMEOUT_MS_MAX = 60_000;
/** Largest message that is decoded for somebody without a key. */
export const OPEN_MESSAGE_BYTES_MAX = 16 * 1024;

/** Every RPC that is served, by its path. */
export function createRpcHandlers(options: RpcOptions): ReadonlyMap<string, UniversalHandler> {
  const handlers = [
    ...createHandlers(options.routes, options.gate, options.bodyBytesMax),
    ...createHandlers(options.openRoutes, options.gate, OPEN_MESSAGE_BYTES_MAX),
  ];
  return new Map(handlers.map((handler) => [handler.requestPath, handler]));
}

function createHandlers(
  routes: RpcOptions["routes"],
  requestGate: RpcOptions["gate"],
  readMaxBytes: number,
): readonly UniversalHandler[] {
  const router = createConnectRouter({
    requestGate,
    readMaxBytes,
    maxTimeoutMs: TIMEOUT_MS_MAX,
    acceptCompression: [compressionGzip, compressionBrotli].map(scanned),
    // Nothing reads them, and keeping millions of them would take hundreds of megabytes.
    binaryOptions: { readUnknownFields: false },
  });
  for (const register of routes) register(router);
  return router.handlers;
}

/**
 * Run one RPC: what connect-node's own adapter does, which has no place for the exchange and writes
 * its errors to the console.
 */
export async function handleRpc(handler: UniversalHandler, exchange: Exchange): Promise<void> {
  const { request, response } = exchange;
  const values = createContextValues().set(EXCHANGE, exchange);
  const universal = universalRequestFromNodeRequest(request, response, undefined, values);
  await universalResponseToNodeResponse(await handler(guardBody(universal, request)), response);
}

/** What a compressed message holds is known only here, and of what kind it is not even here. */
function scanned(compression: Compression): Compression {
  return {
    ...compression,
    async decompress(bytes, readMaxBytes) {
      const message = await compression.decompress(bytes, readMaxBytes);
      guardPossibleJson(message);
      return message;
    },
  };
}

type Body = AsyncIterable<Uint8Array>;

/** See that Connect gets a whole body, and JSON that it can parse without a stall. */
function guardBody(universal: UniversalServerRequest, request: NodeRequest): UniversalServerRequest {
  const { body } = universal;
  if (typeof body !== "object" || body === null || !(Symbol.asyncIterator in body)) return universal;
  const length = headerOf(request, "content-length");
  const whole = isHttp2Request(request) && length === undefined ? wholeBody(body, request) : body;
  const guarded = Number(length ?? Infinity) > SCAN_FROM_BYTES ? scannedBody(whole, request) : whole;
  return guarded === body ? universal : { ...universal, body: guarded };
}

function scannedBody(body: Body, request: NodeRequest): Body {
  const type = headerOf(request, "content-type") ?? "";
  if (/^application\/[a-z-]+\+json\b/i.test(type)) return guardJsonEnvelopes(body);
  const isPlain = /^application\/json\b/i.test(type) && headerOf(request, "content-encoding") === undefined;
  return isPlain ? guardJson(body) : body;
}

/**
 * A reset in mid-body ends an HTTP/2 request as if it were whole, and Connect 2.2.0 then runs a unary
 * call on what had arrived: two of three metrics stored, and the client told that none was. gRPC's
 * envelope and a content-length give it away; for the rest, look again one turn later.
 */
async function* wholeBody(body: Body, request: NodeRequest): Body {
  yield* body;
  await new Promise<void>((resolve) => setImmediate(resolve));
  if (isHttp2Request(request) && request.stream.aborted)
    throw new DOMException("the client reset the call", "AbortError");
}
