import { constants } from "node:http2";
import { isHttp2Request, unsentBytes } from "../http/exchange.ts";
import type { Connection, ConnectionTable, InFlightRequest } from "./connection-table.ts";
import { LINGER_MS, type ListenerLimits } from "./listener-limits.ts";

/**
 * Cut what has passed a deadline that node does not keep: an undecided protocol, an answer nobody
 * reads, and everything about HTTP/2, for which node has no deadlines at all.
 */
export function enforceDeadlines(table: ConnectionTable, nowMs: number, limits: ListenerLimits): void {
  for (const connection of table) {
    if (connection.protocol === undefined) {
      if (nowMs - connection.openedMs <= limits.sniffTimeoutMs) continue;
      table.report(connection, "a request that did not come in time");
      connection.socket.destroy();
      continue;
    }
    for (const exchange of connection.exchanges) {
      if (isOver(exchange)) exchange.response.destroy();
      else if (hasStalled(exchange, nowMs, limits)) {
        table.report(connection, "an answer that was not taken");
        cutStalled(connection, exchange);
      } else if (isBodyOverdue(exchange, nowMs, limits)) {
        table.report(connection, "a request that did not come in time");
        reset(exchange);
      }
    }
    if (connection.session !== undefined && connection.exchanges.size === 0) {
      retireSession(connection, nowMs, limits);
    }
  }
}

/**
 * Whether an HTTP/2 exchange has ended on the wire: by both sides, or by a reset. node keeps the stream
 * until what has arrived is read and what was written is sent, and after a reset without an error, or a
 * refusal in mid-body, neither will ever happen.
 */
function isOver({ request }: InFlightRequest): boolean {
  return isHttp2Request(request) && request.stream.closed;
}

/** An answer moves when its buffer runs empty now and then; a peer that takes less is as good as gone. */
function hasStalled(exchange: InFlightRequest, nowMs: number, limits: ListenerLimits): boolean {
  if (unsentBytes(exchange.response) === 0) {
    exchange.stalledSinceMs = undefined;
    return false;
  }
  if (exchange.stalledSinceMs === undefined) {
    exchange.stalledSinceMs = nowMs;
    exchange.response.once("drain", () => {
      exchange.stalledSinceMs = undefined;
    });
  }
  return nowMs - exchange.stalledSinceMs > limits.writeTimeoutMs;
}

/** HTTP/2 only: node:http answers 408 by itself. */
function isBodyOverdue(
  { request, startedMs }: InFlightRequest,
  nowMs: number,
  limits: ListenerLimits,
): boolean {
  if (nowMs - startedMs <= limits.requestTimeoutMs || !isHttp2Request(request)) return false;
  // remoteClose is the peer's END_STREAM, which `complete` shows only once the handler has read it all.
  return request.stream.state?.remoteClose === 0;
}

/** One unread stream may be a slow consumer on a healthy session; the second time it is the session. */
function cutStalled(connection: Connection, exchange: InFlightRequest): void {
  if (connection.session === undefined || connection.hasStalled) connection.socket.destroy();
  else reset(exchange);
  connection.hasStalled = true;
}

/** End one stream with CANCEL, and leave its session open. */
function reset({ request }: InFlightRequest): void {
  if (isHttp2Request(request)) request.stream.close(constants.NGHTTP2_CANCEL);
}

/** Ask an idle session to go, and next time close the socket of one that has been asked and stayed. */
function retireSession(connection: Connection, nowMs: number, limits: ListenerLimits): void {
  const { session, socket } = connection;
  if (session === undefined) return;
  const idleMs = nowMs - connection.idleSinceMs;
  const isFresh = !connection.hasServed || connection.hasStalled;
  if (session.closed || session.destroyed) {
    // node ends the socket and then waits for the peer to do the same, for ever.
    if (idleMs > LINGER_MS) socket.destroy();
  } else if (idleMs > (isFresh ? limits.firstStreamTimeoutMs : limits.sessionIdleTimeoutMs)) {
    session.close();
  }
}
