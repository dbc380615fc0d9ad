import { type Answer, type Connection, LOST, openSocket } from "./connection.ts";

export interface Response {
  readonly status: number;
  /** The status line and the headers. */
  readonly head: string;
  readonly body: Buffer;
  /** The server closes the connection after this one. */
  readonly isLast: boolean;
}

const HEAD_END = Buffer.from("\r\n\r\n");
const LINE_END = Buffer.from("\r\n");

/** HTTP/1.1 with keep-alive; reads of the answer no more than where it ends. */
export async function openHttp1(port: number): Promise<Connection> {
  const socket = await openSocket(port);
  let waiting: ((answer: Answer) => void) | undefined;
  let received: Buffer | undefined;

  function settle(answer: Answer): void {
    const callback = waiting;
    waiting = undefined;
    callback?.(answer);
  }

  socket.on("data", (chunk: Buffer) => {
    received = received === undefined ? chunk : Buffer.concat([received, chunk]);
    const response = readResponse(received);
    if (response === undefined) return;
    received = undefined;
    if (response.isLast) socket.destroy();
    settle({ ok: response.status === 200, ...response });
  });
  socket.on("close", () => settle(LOST));
  return {
    isOpen: () => !socket.destroyed,
    send(request, onAnswer) {
      if (socket.destroyed) return onAnswer(LOST);
      waiting = onAnswer;
      socket.write(request.bytes);
    },
    close: () => void socket.destroy(),
  };
}

/** The response at the start of `bytes`, or undefined while it is incomplete. */
export function readResponse(bytes: Buffer): Response | undefined {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd < 0) return undefined;
  const head = bytes.toString("latin1", 0, headEnd);
  const status = Number(head.slice(9, 12));
  const start = headEnd + HEAD_END.length;
  const isLast = /\r\nconnection: *close/i.test(head);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head);
  if (length !== null) {
    const end = start + Number(length[1]);
    return bytes.length < end ? undefined : { status, head, isLast, body: bytes.subarray(start, end) };
  }
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
    const body = readChunks(bytes, start);
    return body && { status, head, isLast, body };
  }
  return { status, head, isLast, body: bytes.subarray(start) };
}

function readChunks(bytes: Buffer, start: number): Buffer | undefined {
  const chunks: Buffer[] = [];
  for (let at = start; ; ) {
    const lineEnd = bytes.indexOf(LINE_END, at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    const end = lineEnd + LINE_END.length + size;
    if (bytes.length < end + LINE_END.length) return undefined;
    if (size === 0) return Buffer.concat(chunks);
    chunks.push(bytes.subarray(lineEnd + LINE_END.length, end));
    at = end + LINE_END.length;
  }
}
