import * as http2 from "node:http2";
import type { Socket } from "node:net";
import type { Dispatch } from "./dispatch.ts";
import { takeExpectations } from "./expect-continue.ts";
import type { ListenerLimits } from "./listener-limits.ts";
import { takeOver } from "./take-over.ts";

/** Bytes of request headers; the same bound node:http has by default. */
const HEADER_LIST_BYTES_MAX = 16_384;

/** Makes HTTP/2 sessions out of sockets it is given. It never listens, so it has nothing to close. */
export function createHttp2Server(limits: ListenerLimits, dispatch: Dispatch): http2.Http2Server {
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
    // A destroyed stream may still have its session's error to tell; unheard, that would end the process.
    stream.on("error", () => undefined);
    if (!stream.destroyed) announce(stream, ...rest);
  });
  // What a session fails with is the peer's doing, and node has already torn it down.
  server.on("sessionError", () => undefined);
  return server;
}

/** Start an HTTP/2 session on `socket`, whose first bytes, the preface, are still unread. */
export function startSession(server: http2.Http2Server, socket: Socket): http2.ServerHttp2Session {
  let session: http2.ServerHttp2Session | undefined;
  // Emitted within the call below. The session's own `socket` is a proxy, so it could not be matched later.
  server.once("session", (started) => {
    session = started;
  });
  server.emit("connection", socket);
  if (session === undefined) throw new Error("node:http2 took a connection and started no session");
  // Sockets of a node:http server stay half open. But a peer that has ended opens no window any more: what
  // it has left unread would wait for ever, and node tells nobody.
  socket.once("end", () => socket.destroy());
  return session;
}
