/** The frames of HTTP/2 (RFC 9113) that a gRPC client with prebuilt requests needs. */
export const FRAME = {
  data: 0x0,
  headers: 0x1,
  resetStream: 0x3,
  settings: 0x4,
  ping: 0x6,
  goAway: 0x7,
  windowUpdate: 0x8,
} as const;
export const FLAG = { ack: 0x1, endStream: 0x1, endHeaders: 0x4 } as const;
export const FRAME_HEADER_BYTES = 9;

/** SETTINGS_MAX_FRAME_SIZE until a peer says otherwise. */
const DATA_BYTES_MAX = 16_384;

/** One frame. */
export function frame(type: number, flags: number, streamId: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(FRAME_HEADER_BYTES + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(streamId, 5);
  bytes.set(payload, FRAME_HEADER_BYTES);
  return bytes;
}

/**
 * A unary gRPC call: HEADERS, then the message in as many DATA frames as it takes.
 *
 * No frame boundary falls inside one of the `marks`, so that whoever patches them finds them whole.
 * `streamIds` are the positions of the stream id, still 0; `flowBytes` is what flow control counts.
 */
export function frameGrpc(
  path: string,
  headers: Readonly<Record<string, string>>,
  message: Buffer,
  marks: readonly Buffer[],
): { bytes: Buffer; streamIds: number[]; flowBytes: number } {
  const envelope = Buffer.alloc(5 + message.length);
  envelope.writeUInt32BE(message.length, 1);
  envelope.set(message, 5);
  const frames = [frame(FRAME.headers, FLAG.endHeaders, 0, headerBlock(path, headers))];
  for (let start = 0; start < envelope.length; ) {
    const end = cut(envelope, start, marks);
    const flags = end === envelope.length ? FLAG.endStream : 0;
    frames.push(frame(FRAME.data, flags, 0, envelope.subarray(start, end)));
    start = end;
  }
  const streamIds: number[] = [];
  let position = 0;
  for (const { length } of frames) {
    streamIds.push(position + 5);
    position += length;
  }
  return { bytes: Buffer.concat(frames), streamIds, flowBytes: envelope.length };
}

function cut(envelope: Buffer, start: number, marks: readonly Buffer[]): number {
  const end = start + DATA_BYTES_MAX;
  if (end >= envelope.length) return envelope.length;
  for (const mark of marks) {
    const at = envelope.indexOf(mark, end - mark.length + 1);
    if (at >= 0 && at < end) return at;
  }
  return end;
}

/** HPACK (RFC 7541) without compression: every field literal and not indexed, so the block can be sent for ever. */
function headerBlock(path: string, headers: Readonly<Record<string, string>>): Buffer {
  const methodPostAndSchemeHttp = Buffer.from([0x83, 0x86]);
  const fields = { te: "trailers", "content-type": "application/grpc", ...headers };
  return Buffer.concat([
    methodPostAndSchemeHttp,
    Buffer.from([0x04]),
    literal(path),
    Buffer.from([0x01]),
    literal("127.0.0.1"),
    ...Object.entries(fields).map(([name, value]) =>
      Buffer.concat([Buffer.of(0), literal(name), literal(value)]),
    ),
  ]);
}

function literal(text: string): Buffer {
  if (text.length >= 127) throw new Error(`header too long for a prebuilt request: ${text}`);
  return Buffer.concat([Buffer.of(text.length), Buffer.from(text, "latin1")]);
}
