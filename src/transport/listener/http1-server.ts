import * as http from "node:http";
import * as https from "node:https";
import type { Duplex } from "node:stream";
import type { Clock } from "../../lib/clock.ts";
import type { ConnectionTable } from "./connection-table.ts";
import type { Dispatch } from "./dispatch.ts";
import { hangUp } from "./lingering-close.ts";
import { type ListenerLimits, sweepIntervalMs } from "./listener-limits.ts";
import { takeExpectations } from "./node-events.ts";

/** PEM texts of a certificate chain and its private key. */
export interface TlsIdentity {
  /** The certificate of the server, then those that it was issued with. */
  readonly cert: string | Buffer;
  /** Its private key. */
  readonly key: string | Buffer;
}

/** What the server that owns the port is made of. */
export interface Http1ServerOptions {
  /** Undefined: cleartext. */
  readonly tls: TlsIdentity | undefined;
  /** Deadlines of headers, bodies and idle connections. */
  readonly limits: ListenerLimits;
  /** Knows what is in flight where the parser gives up. */
  readonly table: ConnectionTable;
  /** Times how long a peer may take to close. */
  readonly clock: Clock;
  /** Takes every request that was parsed. */
  readonly dispatch: Dispatch;
}

/** What is said to a peer whose request cannot even be parsed; anything else is a plain 400. */
const REJECTIONS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "413 Content Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

/**
 * The server that owns the port and speaks HTTP/1.1, over TLS when there is an identity.
 *
 * It must be the one that listens: node runs the header and request deadlines of a listening server only.
 */
export function createHttp1Server(options: Http1ServerOptions): http.Server | https.Server {
  const { limits, tls, dispatch } = options;
  const http1Options: http.ServerOptions = {
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: Math.max(limits.requestTimeoutMs, limits.headersTimeoutMs),
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    // Node looks every 30 s by default, so that ten seconds would mean up to forty.
    connectionsCheckingInterval: sweepIntervalMs(limits),
    // Refused in dispatch, together with what is pipelined behind it.
    requireHostHeader: false,
  };
  const server =
    tls === undefined
      ? http.createServer(http1Options)
      : https.createServer({
          ...http1Options,
          cert: tls.cert,
          key: tls.key,
          ALPNProtocols: ["h2", "http/1.1"],
          handshakeTimeout: limits.sniffTimeoutMs,
        });
  server.on("request", dispatch);
  takeExpectations(server, dispatch);
  server.on("clientError", (error: NodeJS.ErrnoException, socket) =>
    rejectUnparsed(options, error.code ?? "", socket),
  );
  server.on("connect", (_request, socket) => hangUp(socket, head("405 Method Not Allowed"), options.clock));
  return server;
}

/** Answer what the parser rejected, unless that would put a second answer where one request was. */
function rejectUnparsed({ table, clock }: Http1ServerOptions, code: string, socket: Duplex): void {
  const isProtocolError = code.startsWith("HPE_") || code === "ERR_HTTP_REQUEST_TIMEOUT";
  if (!isProtocolError) {
    socket.destroy();
    return;
  }
  // The parser reports again for every packet that follows its first complaint.
  if (!socket.writable) return;
  const connection = table.find(socket);
  if (connection !== undefined && code === "ERR_HTTP_REQUEST_TIMEOUT")
    table.report(connection, "a request that did not come in time");
  const inFlight = [...(connection?.exchanges ?? [])].at(-1);
  if (inFlight === undefined) {
    hangUp(socket, head(REJECTIONS[code] ?? "400 Bad Request"), clock);
  } else if (inFlight.request.complete) {
    // The bad one is pipelined behind good ones, which still get their answers.
    inFlight.response.once("close", () => hangUp(socket, "", clock));
  } else if (inFlight.response.headersSent) {
    socket.destroy();
  } else {
    hangUp(socket, head(REJECTIONS[code] ?? "400 Bad Request"), clock);
  }
}

/** An answer without a body, for a peer that no response object stands for. */
function head(status: string): string {
  return `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
}
