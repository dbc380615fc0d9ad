/**
 * HTTP/2 frames by hand, for what no well-behaved client would send.
 *
 * Headers are written as HPACK literals without compression; what the server sends is split into
 * frames and not interpreted.
 */
import { connect, type Socket } from "node:net";

export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const END_STREAM = 0x1;
export const END_HEADERS = 0x4;

export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** A payload of one 32-bit number: an error code, or a window increment. */
export function uint32(value: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(value);
  return payload;
}

/** SETTINGS with one value, for example INITIAL_WINDOW_SIZE (4). */
export function settings(id: number, value: number): Buffer {
  const payload = Buffer.alloc(6);
  payload.writeUInt16BE(id, 0);
  payload.writeUInt32BE(value, 2);
  return frame(FRAME.settings, 0, 0, payload);
}

/** A header block; pseudo-headers come first as the protocol wants. Names and values up to 126 bytes. */
export function headerBlock(method: string, path: string, headers: Record<string, string> = {}): Buffer {
  const all = { ":method": method, ":scheme": "http", ":path": path, ":authority": "localhost", ...headers };
  const literals = Object.entries(all).map(([name, value]) => {
    return Buffer.concat([Buffer.from([0]), hpackString(name), hpackString(value)]);
  });
  return Buffer.concat(literals);
}

function hpackString(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  if (bytes.length > 126)
    throw new Error("longer strings need HPACK integers, which this client does not write");
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

export interface RawHttp2 {
  readonly socket: Socket;
  /** Frames received so far. */
  readonly frames: Frame[];
  /** Resolves when the server has closed or reset the connection. */
  readonly closed: Promise<void>;
  send(...parts: Buffer[]): void;
  /** Resolves with the first frame, past or future, that passes; rejects if the connection closes before. */
  until(passes: (frame: Frame) => boolean): Promise<Frame>;
}

/** Connect in the clear and send the preface with empty SETTINGS, or `opening` in their place. */
export function connectRawHttp2(
  port: number,
  opening = Buffer.concat([PREFACE, frame(FRAME.settings, 0, 0)]),
): RawHttp2 {
  const socket = connect({ port, host: "127.0.0.1" });
  const frames: Frame[] = [];
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const check of [...waiting]) check();
  };
  let rest: Buffer = Buffer.alloc(0);
  socket.on("error", () => undefined);
  socket.on("data", (chunk: Buffer) => {
    rest = takeFrames(Buffer.concat([rest, chunk]), frames);
    wake();
  });
  const closed = new Promise<void>((resolve) => {
    socket.once("close", () => {
      resolve();
      wake();
    });
  });
  socket.write(opening);
  return {
    socket,
    frames,
    closed,
    send: (...parts) => void socket.write(Buffer.concat(parts)),
    until: (passes) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const found = frames.find(passes);
          if (found === undefined && !socket.closed) return;
          waiting.delete(check);
          if (found === undefined) reject(new Error("the connection closed first"));
          else resolve(found);
        };
        waiting.add(check);
        check();
      }),
  };
}

/** Move whole frames from `bytes` to `frames`; returns what is left. */
function takeFrames(bytes: Buffer, frames: Frame[]): Buffer {
  let offset = 0;
  while (bytes.length - offset >= 9) {
    const end = offset + 9 + bytes.readUIntBE(offset, 3);
    if (end > bytes.length) break;
    frames.push({
      type: bytes.readUInt8(offset + 3),
      flags: bytes.readUInt8(offset + 4),
      streamId: bytes.readUInt32BE(offset + 5) & 0x7fffffff,
      payload: bytes.subarray(offset + 9, end),
    });
    offset = end;
  }
  return bytes.subarray(offset);
}
