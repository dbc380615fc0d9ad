import type { Socket } from "node:net";
import { connect } from "node:net";
import type { PreparedRequest } from "./requests.ts";

/** What came back for one request. */
export interface Answer {
  /** HTTP 200, or a gRPC message instead of a bare status. */
  readonly ok: boolean;
  /** The HTTP status; 0 when the connection ended first. */
  readonly status: number;
  /** Valid until the callback returns. */
  readonly body: Buffer;
}

/** A connection with at most one request under way, cheap enough not to be what a benchmark measures. */
export interface Connection {
  /** False once the server ended it or announced its end: a request sent now would be lost. */
  isOpen(): boolean;
  /** `onAnswer` is called once, also when the connection ends first. */
  send(request: PreparedRequest, onAnswer: (answer: Answer) => void): void;
  close(): void;
}

export const LOST: Answer = { ok: false, status: 0, body: Buffer.alloc(0) };

/** Opens a TCP connection to this machine. */
export function openSocket(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.removeListener("error", reject);
      // A connection that breaks is an outcome here (`close` follows), not a reason to stop the program.
      socket.on("error", () => undefined);
      resolve(socket);
    });
  });
}
