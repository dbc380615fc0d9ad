import * as http2 from "node:http2";
import type { Socket } from "node:net";
import type { Clock } from "../../lib/clock.ts";
import type { ConnectionTable } from "./connection-table.ts";
import type { Dispatch } from "./dispatch.ts";
import type { ListenerLimits } from "./listener-limits.ts";
import { takeExpectations, takeOver } from "./node-events.ts";

/** Bytes of request headers; the same bound node:http has by default. */
const HEADER_LIST_BYTES_MAX = 16_384;

/** Makes HTTP/2 sessions out of sockets it is given. It never listens, so it has nothing to close. */
export function createHttp2Server(
  limits: ListenerLimits,
  table: ConnectionTable,
  dispatch: Dispatch,
): http2.Http2Server {
  const server = http2.createServer({
    settings: { maxConcurrentStreams: limits.requestsInFlightMax, maxHeaderListSize: HEADER_LIST_BYTES_MAX },
    maxSessionInvalidFrames: 100,
  });
  server.on("request", dispatch);
  takeExpectations(server, dispatch);
  // A stream reset in the packet that opened it is over before it is announced. Building a request and
  // a response for each of the 800 that fit into one read would cost a rapid-reset flood its name.
  const announce = takeOver(server, "stream");
  server.on("stream", (stream: http2.ServerHttp2Stream, ...rest: unknown[]) => {
    // A destroyed stream may still emit its session's error; without a listener that would end the process.
    stream.on("error", () => undefined);
    if (!stream.destroyed) announce(stream, ...rest);
  });
  // What a session fails with is the peer's doing, and node has already torn it down. Most have just gone.
  server.on("sessionError", ({ code }: NodeJS.ErrnoException, session: http2.ServerHttp2Session) => {
    const connection = table.find(session);
    if (connection !== undefined && code === "ERR_HTTP2_ERROR")
      table.report(connection, "a broken or flooded HTTP/2 session");
  });
  return server;
}

/** Start an HTTP/2 session on `socket`, whose first bytes, the preface, are still unread. */
export function startSession(
  server: http2.Http2Server,
  socket: Socket,
  clock: Clock,
  limits: ListenerLimits,
  onTooManyResets: () => void,
): http2.ServerHttp2Session {
  let session: http2.ServerHttp2Session | undefined;
  // Emitted within the call below. The session's own `socket` is a proxy, so it could not be matched later.
  server.once("session", (started) => {
    session = started;
  });
  server.emit("connection", socket);
  if (session === undefined) throw new Error("node:http2 took a connection and started no session");
  // Sockets of a node:http server stay half open. But a peer that has ended opens no window any more: what
  // it has left unread would wait for ever, and node reports nothing.
  socket.once("end", () => socket.destroy());
  limitResets(session, clock, limits, onTooManyResets);
  return session;
}

/**
 * Destroy `session` when too many of its streams end in a reset, whichever side sends it.
 *
 * Opening and cancelling streams costs a peer nothing and the server a request each, and a cancelled
 * stream does not count against the number of concurrent ones. nghttp2 limits resets as well, but
 * only after some 1400, and it leaves the socket open.
 */
function limitResets(
  session: http2.ServerHttp2Session,
  clock: Clock,
  limits: ListenerLimits,
  onTooMany: () => void,
): void {
  let windowStartMs = clock.monotonicMs();
  let resets = 0;
  const count = (): void => {
    const nowMs = clock.monotonicMs();
    if (nowMs - windowStartMs > limits.streamResetsWindowMs) {
      windowStartMs = nowMs;
      resets = 0;
    }
    resets += 1;
    if (resets <= limits.streamResetsMax || session.destroyed) return;
    onTooMany();
    session.destroy(new Error("too many stream resets"), http2.constants.NGHTTP2_ENHANCE_YOUR_CALM);
  };
  session.on("stream", (stream: http2.ServerHttp2Stream) => {
    const onClose = (): void => {
      if (stream.rstCode !== http2.constants.NGHTTP2_NO_ERROR || stream.aborted) count();
    };
    // Reset in the packet that opened it: the stream is closed before it is announced.
    if (stream.closed || stream.destroyed) onClose();
    else stream.once("close", onClose);
  });
}
