import type { IncomingMessage } from "node:http";
import {
  breakOff,
  isHttp2Request,
  type NodeRequest,
  type NodeResponse,
  type OnRequest,
} from "../http/exchange.ts";
import { hasClearAuthority } from "./authority.ts";
import type { Connection, ConnectionTable, InFlightRequest } from "./connection-table.ts";
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

/** REFUSED_STREAM (RFC 9113, 7): nothing was done with the request, and the peer may send it again. */
const NOT_BEGUN = 7;

/** One way from a parsed request of either version to the handler; never throws. */
export type Dispatch = (request: NodeRequest, response: NodeResponse) => void;

/** Build the `Dispatch` that counts each request, keeps its connection in bounds and survives its handler. */
export function createDispatch(options: DispatchOptions): Dispatch {
  const { table, limits } = options;
  return (request, response) => {
    const connection = table.find(isHttp2Request(request) ? request.stream.session : request.socket);
    if (connection === undefined) return;
    const isClear = hasClearAuthority(request);
    if (isHttp2Request(request)) {
      // A stream reset in the packet that opened it: nobody waits for an answer.
      if (request.stream.destroyed) return;
      if (connection.exchanges.size >= limits.requestsInFlightMax && isFull(connection)) {
        // nghttp2 refuses it as well, by what SETTINGS say.
        request.stream.close(NOT_BEGUN);
        return;
      }
    } else if (!passHttp1(connection, request, response, isClear)) return;
    table.begin(connection, request, response);
    if (isClear) run(request, response);
    else {
      response.statusCode = 400;
      response.end();
    }
  };

  function passHttp1(
    connection: Connection,
    request: IncomingMessage,
    response: NodeResponse,
    isClear: boolean,
  ): boolean {
    if (connection.isSpent) return false;
    if (connection.exchanges.size >= limits.requestsInFlightMax && isFull(connection)) {
      // Nothing bounds pipelining in node:http while no answer is written; requests would pile up in memory.
      table.report(connection, "too many requests at once");
      connection.socket.destroy();
      return false;
    }
    // An Upgrade is ignored, as RFC 9110 permits. But node's parser then drops what shares a packet
    // with the end of that request and takes the next packet for a new request, so it must be the last.
    // Without one clear Host, node's own refusal would let the requests behind it through to the handler.
    connection.isSpent = !isClear || request.headers.upgrade !== undefined;
    if (connection.isSpent || table.isDraining) response.setHeader("Connection", "close");
    // An old client need not say it, and Connect makes a URL of every request.
    request.headers.host ||= "localhost";
    return true;
  }

  /** Whether a connection has as many requests in flight as it may; those over on the wire are none of them. */
  function isFull({ exchanges }: Connection): boolean {
    const isOpen = ({ request }: InFlightRequest) => !isHttp2Request(request) || !request.stream.closed;
    return [...exchanges].filter(isOpen).length >= limits.requestsInFlightMax;
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
    breakOff({ request, response });
    return;
  }
  response.statusCode = 500;
  response.setHeader("Content-Type", "text/plain; charset=utf-8");
  response.end("Internal server error\n");
}
