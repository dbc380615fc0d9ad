import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";

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

/** Bytes of the answer that the peer has not let us send yet, as far as this process can see. */
export function unsentBytes(response: NodeResponse): number {
  return "stream" in response ? response.stream.writableLength : response.writableLength;
}
