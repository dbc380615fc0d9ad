import type { Socket } from "node:net";

export type Protocol = "http1" | "http2";

/** The first bytes of every HTTP/2 client (RFC 9113, 3.4). No HTTP/1.1 request can begin with them. */
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** The protocol the first bytes of a connection speak, or undefined while they could still be either. */
export function protocolOf(head: Buffer): Protocol | undefined {
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
export function sniffProtocol(socket: Socket, decided: (protocol: Protocol) => void): void {
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
