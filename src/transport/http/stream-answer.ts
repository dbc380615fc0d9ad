import type { ServerResponse } from "node:http";
import { ServiceError } from "../../errors.ts";
import type { Exchange } from "./exchange.ts";

/** A REST answer whose body is made while it is sent. */
export interface RestStream {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly chunks: AsyncGenerator<string, void>;
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
  const closed = new Promise<void>((resolve) => void response.once("close", () => resolve()));
  try {
    let next = await chunks.next();
    response.writeHead(status, Object.assign(exchange.headers, headers));
    for (; !next.done && exchange.request.method !== "HEAD"; next = await chunks.next()) {
      const isFull = !response.write(next.value);
      if (isFull) await Promise.race([drained(response), closed]);
      if (response.destroyed) return;
    }
    response.end();
  } catch (error) {
    if (error instanceof ServiceError) exchange.failure = error.reason;
    throw error;
  } finally {
    await chunks.return();
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => void response.once("drain", () => resolve()));
}
