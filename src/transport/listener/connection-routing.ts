import type { Server, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Clock } from "../../lib/clock.ts";
import type { Connection, ConnectionTable, WireProtocol } from "./connection-table.ts";
import { lingerOverUnread } from "./lingering-close.ts";
import { takeOver } from "./node-events.ts";

/** Puts an HTTP/2 session on a socket of `connection`. */
export type StartSession = (connection: Connection, socket: Socket) => void;

/** What accepted sockets are handed on with. */
export interface RoutingOptions {
  /** Takes every socket in, and bounds how many there are. */
  readonly table: ConnectionTable;
  /** Times how long a peer may take to close. */
  readonly clock: Clock;
  /** For peers that speak HTTP/2. */
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
      // The same pair of endpoints may be in use again by the time this event arrives.
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
  return (connection: Connection, socket: Socket, protocol: WireProtocol): void => {
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

/** The first bytes of every HTTP/2 client (RFC 9113, 3.4). No HTTP/1.1 request can begin with them. */
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** The protocol the first bytes of a connection speak, or undefined while they could still be either. */
function protocolOf(head: Buffer): WireProtocol | undefined {
  const length = Math.min(head.length, PREFACE.length);
  if (PREFACE.compare(head, 0, length, 0, length) !== 0) return "http1";
  return length === PREFACE.length ? "http2" : undefined;
}

/**
 * Read just enough of `socket` to know its protocol, put the bytes back, and call `decided` once.
 *
 * Never calls it when the peer goes away first. Sets no deadline: the caller closes a socket that
 * stays undecided.
 */
function sniffProtocol(socket: Socket, decided: (protocol: WireProtocol) => void): void {
  let head: Buffer = Buffer.alloc(0);
  const onReadable = (): void => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
    const protocol = protocolOf(head);
    if (protocol === undefined) return;
    socket.off("readable", onReadable);
    socket.off("end", onEnd);
    socket.unshift(head);
    // Not within the event: a parser attached while the stream still believes in its "readable"
    // listener loses backpressure, and an unread body then fills memory.
    process.nextTick(() => {
      if (!socket.destroyed) decided(protocol);
    });
  };
  const onEnd = (): void => void socket.destroy();
  socket.on("readable", onReadable);
  socket.on("end", onEnd);
}
