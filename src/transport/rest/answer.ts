import type { ServerResponse } from "node:http";
import { ServiceError } from "../../errors.ts";
import { type Exchange, headerOf, signalOf } from "../http/exchange.ts";
import { failureAnswer } from "./failures.ts";
import type { RestAnswer, RestStream } from "./route.ts";

/** 200 with a JSON body. */
export function ok(body: object): RestAnswer {
  return { status: 200, body };
}

/** Send an answer, with the headers that the exchange has gathered. */
export function sendAnswer(exchange: Exchange, { status, body, headers }: RestAnswer): void {
  const { request, response, place } = exchange;
  place?.leave();
  const content = typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
  // Of a 304 the length would be that of the body the client has.
  const length = status === 304 ? undefined : { "content-length": Buffer.byteLength(content) };
  const head = Object.assign(exchange.headers, { "content-type": "application/json" }, headers, length);
  (response as ServerResponse).writeHead(status, head);
  response.end(request.method === "HEAD" ? "" : content);
}

/**
 * Send a failure in the form that the clients of its path know. An unexpected error tells the caller nothing
 * but that it happened.
 */
export function sendFailure(exchange: Exchange, error: unknown): void {
  const failure =
    error instanceof ServiceError ? error : new ServiceError("internal", "Internal server error");
  exchange.failure = failure;
  const { path, requestId, request } = exchange;
  const contentType = headerOf(request, "content-type");
  sendAnswer(exchange, failureAnswer(failure, { path, requestId, contentType }));
}

/**
 * Send chunks as fast as the client takes them: one is held in memory, and the next is asked for when the
 * client has room. A client that takes nothing is cut by the listener, and the rest is never made.
 *
 * What fails before the first chunk is thrown, to be answered; later the answer is cut short, so that nobody
 * takes it for whole.
 */
export async function sendStream(exchange: Exchange, { status, headers, chunks }: RestStream): Promise<void> {
  const response = exchange.response as ServerResponse;
  const left = signalOf(exchange);
  exchange.place?.leave();
  const gone = new Promise<void>((resolve) => void left.addEventListener("abort", () => resolve()));
  try {
    let next = await chunks.next();
    response.writeHead(status, Object.assign(exchange.headers, headers));
    for (; !next.done && exchange.request.method !== "HEAD"; next = await chunks.next()) {
      const isFull = !response.write(next.value);
      if (isFull) await Promise.race([drained(response), gone]);
      // The answer of an HTTP/2 stream takes whatever is written to it, for a client that has left too.
      if (left.aborted) return;
    }
    response.end();
  } catch (error) {
    if (error instanceof ServiceError) exchange.failure = error;
    throw error;
  } finally {
    await chunks.return();
  }
}

/** Resolves when the client has taken what was written. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => void response.once("drain", () => resolve()));
}
