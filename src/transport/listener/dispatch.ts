import { constants } from "node:http2";
import { isHttp2Request, type NodeRequest, type NodeResponse, type OnRequest } from "../http/exchange.ts";
import type { Connection, ConnectionTable } from "./connection-table.ts";
import type { ListenerLimits } from "./listener-limits.ts";

/** Where requests go, and what bounds them. */
export interface DispatchOptions {
  /** Counts each request, and knows its connection. */
  readonly table: ConnectionTable;
  /** How many requests of a connection may be in flight. */
  readonly limits: ListenerLimits;
  /** Answers requests. */
  readonly onRequest: OnRequest;
  /** Called with what `onRequest` throws, which then is answered 500. */
  readonly onError: (error: unknown) => void;
}

/** One way from a parsed request of either version to the handler; never throws. */
export type Dispatch = (request: NodeRequest, response: NodeResponse) => void;

/** Build the `Dispatch` that counts each request, keeps its connection in bounds and survives its handler. */
export function createDispatch(options: DispatchOptions): Dispatch {
  const { table, limits } = options;
  return (request, response) => {
    const connection = table.find(isHttp2Request(request) ? request.stream.session : request.socket);
    if (connection === undefined) return;
    // A stream reset in the packet that opened it: nobody waits for an answer.
    if (isHttp2Request(request) ? request.stream.destroyed : !passHttp1(connection, request, response))
      return;
    table.begin(connection, request, response);
    run(request, response);
  };

  function passHttp1(connection: Connection, request: NodeRequest, response: NodeResponse): boolean {
    if (connection.isSpent) return false;
    if (connection.exchanges.size >= limits.requestsInFlightMax) {
      // Nothing bounds pipelining in node:http while no answer is written; requests would pile up in memory.
      connection.socket.destroy();
      return false;
    }
    // An Upgrade is ignored, as RFC 9110 permits. But node's parser then drops what shares a packet
    // with the end of that request and takes the next packet for a new request, so it must be the last.
    // Without Host, node's own refusal would let the requests behind it through to the handler.
    const lacksHost = request.headers.host === undefined && request.httpVersion === "1.1";
    connection.isSpent = lacksHost || request.headers.upgrade !== undefined;
    if (connection.isSpent || table.isDraining) response.setHeader("Connection", "close");
    if (!lacksHost) return true;
    response.statusCode = 400;
    response.end();
    return false;
  }

  function run(request: NodeRequest, response: NodeResponse): void {
    const fail = (error: unknown): void => {
      options.onError(error);
      answerInternalError(request, response);
    };
    try {
      const done = options.onRequest(request, response);
      if (done instanceof Promise) done.catch(fail);
    } catch (error) {
      fail(error);
    }
  }
}

/** Handed over broken: say so if nothing has been said yet, otherwise break the answer off. */
function answerInternalError(request: NodeRequest, response: NodeResponse): void {
  if (request.destroyed && !request.complete) return;
  if (response.headersSent) {
    // On HTTP/2 a destroyed response looks like a complete one; only the reset code says otherwise.
    if (isHttp2Request(request)) request.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    else response.destroy();
    return;
  }
  response.statusCode = 500;
  response.setHeader("Content-Type", "text/plain; charset=utf-8");
  response.end("Internal server error\n");
}
