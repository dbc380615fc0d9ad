import { type Answer, type Connection, LOST, openSocket } from "./connection.ts";
import { FLAG, FRAME, FRAME_HEADER_BYTES, frame } from "./grpc-frames.ts";
import type { PreparedRequest } from "./requests.ts";

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
/** Room for two gigabytes of answers, so that no window needs looking after on our side. */
const WINDOW_INCREMENT = 2 ** 31 - 1 - 65_535;
const EMPTY = Buffer.alloc(0);

/**
 * A gRPC client over cleartext HTTP/2, one stream at a time.
 *
 * Not node:http2: its client costs more than the service under test. Answers are not decoded; a
 * message means success and a bare status means failure, which is how gRPC servers answer unary calls.
 */
export async function openGrpc(port: number): Promise<Connection> {
  const socket = await openSocket(port);
  let waiting: ((answer: Answer) => void) | undefined;
  let received: Buffer = EMPTY;
  let message: Buffer = EMPTY;
  let deferred: PreparedRequest | undefined;
  let streamId = -1;
  let isGoingAway = false;
  // What the server still takes on this connection; a request waits until it fits.
  let sendWindow = 65_535;

  function settle(answer: Answer): void {
    const callback = waiting;
    waiting = undefined;
    callback?.(answer);
  }

  function transmit(request: PreparedRequest): void {
    if (request.flowBytes > sendWindow) {
      deferred = request;
      return;
    }
    deferred = undefined;
    sendWindow -= request.flowBytes;
    socket.write(request.bytes);
  }

  function onFrame(type: number, flags: number, id: number, payload: Buffer): void {
    if (type === FRAME.settings && (flags & FLAG.ack) === 0) {
      socket.write(frame(FRAME.settings, FLAG.ack, 0, EMPTY));
    } else if (type === FRAME.ping && (flags & FLAG.ack) === 0) {
      socket.write(frame(FRAME.ping, FLAG.ack, 0, payload));
    } else if (type === FRAME.windowUpdate && id === 0) {
      sendWindow += payload.readUInt32BE(0);
      if (deferred !== undefined) transmit(deferred);
    } else if (type === FRAME.goAway) {
      isGoingAway = true;
      // A stream above the last one it will look at is never answered.
      if ((payload.readUInt32BE(0) & 0x7fffffff) < streamId) settle(LOST);
    } else if (type === FRAME.resetStream && id === streamId) {
      settle(LOST);
    } else if ((type === FRAME.data || type === FRAME.headers) && id === streamId) {
      if (type === FRAME.data) message = message.length === 0 ? payload : Buffer.concat([message, payload]);
      if ((flags & FLAG.endStream) !== 0) settle({ ok: message.length > 5, status: 200, body: message });
    }
  }

  socket.on("data", (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    let at = 0;
    while (received.length - at >= FRAME_HEADER_BYTES) {
      const end = at + FRAME_HEADER_BYTES + received.readUIntBE(at, 3);
      if (received.length < end) break;
      const id = received.readUInt32BE(at + 5) & 0x7fffffff;
      onFrame(
        received[at + 3] ?? 0,
        received[at + 4] ?? 0,
        id,
        received.subarray(at + FRAME_HEADER_BYTES, end),
      );
      at = end;
    }
    received = received.subarray(at);
  });
  socket.on("close", () => settle(LOST));
  const increment = Buffer.alloc(4);
  increment.writeUInt32BE(WINDOW_INCREMENT);
  const settings = frame(FRAME.settings, 0, 0, EMPTY);
  socket.write(Buffer.concat([PREFACE, settings, frame(FRAME.windowUpdate, 0, 0, increment)]));
  return {
    isOpen: () => !socket.destroyed && !isGoingAway,
    send(request: PreparedRequest, onAnswer) {
      if (socket.destroyed) return onAnswer(LOST);
      waiting = onAnswer;
      message = EMPTY;
      streamId += 2;
      for (const at of request.streamIds) request.bytes.writeUInt32BE(streamId, at);
      transmit(request);
    },
    close: () => void socket.destroy(),
  };
}
