import type { ServerResponse } from "node:http";
import type { Exchange } from "./exchange.ts";

/** What a REST route answers. Bytes are sent as they are, any other object as JSON. */
export interface RestAnswer {
  readonly status: number;
  readonly body: object | string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Send an answer, with the headers that the exchange has gathered. */
export function sendAnswer(exchange: Exchange, { status, body, headers }: RestAnswer): void {
  const { request, response } = exchange;
  const content = typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
  // Of a 304 the length would be that of the body the client has.
  const length = status === 304 ? undefined : { "content-length": Buffer.byteLength(content) };
  const head = Object.assign(exchange.headers, { "content-type": "application/json" }, headers, length);
  (response as ServerResponse).writeHead(status, head);
  response.end(request.method === "HEAD" ? "" : content);
}
