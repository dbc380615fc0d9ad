import type { Server, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Clock } from "../../lib/clock.ts";
import type { Connection, ConnectionTable } from "./connection-table.ts";
import { lingerOverUnread } from "./lingering-close.ts";
import { type Protocol, sniffProtocol } from "./protocol-sniffer.ts";
import { takeOver } from "./take-over.ts";

/** Puts an HTTP/2 session on a socket of `connection`. */
export type StartSession = (connection: Connection, socket: Socket) => void;

export interface RoutingOptions {
  readonly table: ConnectionTable;
  readonly clock: Clock;
  readonly startSession: StartSession;
}

/** Let `http1`, a listening HTTP server, speak HTTP/2 as well to peers that open with its preface. */
export function routeCleartext(http1: Server, options: RoutingOptions): void {
  const { table } = options;
  const start = createStart(options, takeOver(http1, "connection"));
  http1.on("connection", (socket: Socket) => {
    const connection = table.admit(socket);
    if (connection === undefined) return;
    sniffProtocol(socket, (protocol) => start(connection, socket, protocol));
  });
}

/** The same for a TLS server, where the peers have agreed on the protocol in the handshake. */
export function routeTls(https: Server, options: RoutingOptions): void {
  const { table } = options;
  const startTls = takeOver(https, "connection");
  const startHttp1 = takeOver(https, "secureConnection");
  const start = createStart(options, (socket) => {
    startHttp1(socket);
    parseFromStream(socket);
  });
  const handshaking = new Map<string, Connection>();
  https.on("connection", (socket: Socket) => {
    const connection = table.admit(socket);
    if (connection === undefined) return;
    const key = endpoints(socket);
    handshaking.set(key, connection);
    socket.once("close", () => {
      // The same pair of endpoints may be in use again by the time this close is told.
      if (handshaking.get(key) === connection) handshaking.delete(key);
    });
    startTls(socket);
  });
  https.on("secureConnection", (socket: TLSSocket) => {
    const key = endpoints(socket);
    const connection = handshaking.get(key);
    handshaking.delete(key);
    if (connection === undefined) {
      socket.destroy();
      return;
    }
    socket.on("error", () => undefined);
    start(connection, socket, socket.alpnProtocol === "h2" ? "http2" : "http1");
  });
}

/** What begins to speak with a peer once its protocol is known. */
function createStart({ table, clock, startSession }: RoutingOptions, startHttp1: (socket: Socket) => void) {
  return (connection: Connection, socket: Socket, protocol: Protocol): void => {
    connection.protocol = protocol;
    table.bind(socket, connection);
    if (protocol === "http2") {
      startSession(connection, socket);
      return;
    }
    lingerOverUnread(connection, socket, clock);
    startHttp1(socket);
  };
}

/** Names a TCP connection, and so links a TLS socket to the one beneath, which node keeps to itself. */
function endpoints({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}

/**
 * Have the HTTP/1.1 parser of a TLS connection fed by the socket's stream, not by its handle.
 *
 * While a large answer is being sent, node pauses the parser at the next request. The handle of a TLS
 * socket then goes on with what is decrypted already, and the paused parser refuses it: a good request is
 * answered 400 (HPE_PAUSED, node 24.21.0). A stream stops; and node takes to it once somebody listens.
 */
function parseFromStream(socket: Socket): void {
  socket.on("data", () => undefined);
}
