import {
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
import { type Exchange, headerOf } from "../exchange.ts";
import { isHttp2Request, type NodeRequest } from "../node-http.ts";
import { EXCHANGE } from "./context.ts";

export interface RpcOptions {
  readonly routes: readonly ((router: ConnectRouter) => void)[];
  readonly gate: (context: HandlerContext) => void;
  readonly bodyBytesMax: number;
}

export type HandleRpc = (handler: UniversalHandler, exchange: Exchange) => Promise<void>;

/** Longest deadline a caller may ask for; what it asks for beyond is cut to this. */
const TIMEOUT_MS_MAX = 60_000;

/** Every RPC that is served, by its path. */
export function createRpcHandlers(options: RpcOptions): ReadonlyMap<string, UniversalHandler> {
  const router = createConnectRouter({
    requestGate: options.gate,
    readMaxBytes: options.bodyBytesMax,
    maxTimeoutMs: TIMEOUT_MS_MAX,
    acceptCompression: [compressionGzip, compressionBrotli],
  });
  for (const register of options.routes) register(router);
  return new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
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

/**
 * A reset in mid-body ends an HTTP/2 request as if it were whole, and Connect 2.2.0 then runs a unary
 * call on what had arrived: two of three metrics stored, and the client told that none was. gRPC's
 * envelope and a content-length give it away; for the rest, look again one turn later.
 */
function guardBody(universal: UniversalServerRequest, request: NodeRequest): UniversalServerRequest {
  if (!isHttp2Request(request) || headerOf(request, "content-length") !== undefined) return universal;
  const { body } = universal;
  if (typeof body !== "object" || body === null || !(Symbol.asyncIterator in body)) return universal;
  return { ...universal, body: wholeBody(body, request) };
}

async function* wholeBody(body: AsyncIterable<Uint8Array>, request: NodeRequest): AsyncIterable<Uint8Array> {
  yield* body;
  await new Promise<void>((resolve) => setImmediate(resolve));
  if (isHttp2Request(request) && request.stream.aborted)
    throw new DOMException("the client reset the call", "AbortError");
}
