import type { ServerResponse } from "node:http";
import { ServiceError } from "../../../errors.ts";
import { type Exchange, headerOf, isHttp2Request, type NodeRequest } from "../../http/exchange.ts";
import { ENVELOPE_HEAD_BYTES } from "../admit-call.ts";

/** How a message is written, in either direction. */
export type MessageForm = "json" | "protobuf";

/** What a call with one message each way is spoken in. */
export interface UnaryWire {
  readonly protocol: "connect" | "grpc" | "grpc-web";
  readonly form: MessageForm;
  /** Of the answer. */
  readonly contentType: string;
}

/** By `content-type`, as clients send it. Any other spelling is left to Connect. */
const WIRES: Readonly<Record<string, UnaryWire>> = {
  ...wiresOf("connect", "application/"),
  ...wiresOf("grpc", "application/grpc+"),
  ...wiresOf("grpc-web", "application/grpc-web+"),
};

function wiresOf(protocol: UnaryWire["protocol"], prefix: string): Record<string, UnaryWire> {
  const protobuf = { protocol, form: "protobuf", contentType: `${prefix}proto` } as const;
  const json = { protocol, form: "json", contentType: `${prefix}json` } as const;
  const wires = { [protobuf.contentType]: protobuf, [json.contentType]: json };
  return protocol === "connect" ? wires : { ...wires, [prefix.slice(0, -1)]: protobuf };
}

/** What a message may be compressed with. */
export type Coding = "identity" | "gzip" | "br";

const CODINGS: ReadonlySet<string> = new Set<Coding>(["identity", "gzip", "br"]);
/** Where each protocol says it. */
const CODING_HEADERS = {
  connect: "content-encoding",
  grpc: "grpc-encoding",
  "grpc-web": "grpc-encoding",
} as const;

/** What the message of a request is compressed with, as its header says. */
export function codingOf(request: NodeRequest, { protocol }: UnaryWire): Coding {
  return (headerOf(request, CODING_HEADERS[protocol]) ?? "identity") as Coding;
}

/** Whether the headers ask for no more than one message, compressed at the most. */
function isPlain(request: NodeRequest, wire: UnaryWire): boolean {
  const otherHeader = wire.protocol === "connect" ? "grpc-encoding" : "content-encoding";
  return (
    CODINGS.has(codingOf(request, wire)) &&
    (headerOf(request, otherHeader) ?? "identity") === "identity" &&
    (headerOf(request, "connect-protocol-version") ?? "1") === "1"
  );
}

/** Clients that name a charset name the one there is. */
const CHARSET = /^(application\/json); ?charset=utf-?8$/;

/** How a request is to be read and answered; undefined for one that is left to Connect. */
export function unaryWireOf(request: NodeRequest): UnaryWire | undefined {
  const { headers, method } = request;
  const contentType = (headers["content-type"] ?? "").replace(CHARSET, "$1");
  const wire = Object.hasOwn(WIRES, contentType) ? WIRES[contentType] : undefined;
  if (wire === undefined || method !== "POST") return undefined;
  // gRPC ends with trailers, which clients of HTTP/1.1 do not read.
  if (wire.protocol === "grpc" && !isHttp2Request(request)) return undefined;
  return isPlain(request, wire) ? wire : undefined;
}

/** The message of a body, and what it is compressed with; undefined unless that is one message, and whole. */
export function messageIn(
  { protocol }: UnaryWire,
  body: Buffer,
  coding: Coding,
): { readonly bytes: Buffer; readonly coding: Coding } | undefined {
  if (protocol === "connect") return { bytes: body, coding };
  const isOne =
    body.length >= ENVELOPE_HEAD_BYTES && (body[0] === 0 || (body[0] === 1 && coding !== "identity"));
  if (!isOne || body.readUInt32BE(1) !== body.length - ENVELOPE_HEAD_BYTES) return undefined;
  return { bytes: body.subarray(ENVELOPE_HEAD_BYTES), coding: body[0] === 1 ? coding : "identity" };
}

/**
 * Sees that the envelope of a body announces no message of more than `bytesMax`, as soon as it says so: its
 * client may wait for an answer before it sends more. Undefined where messages have no envelope.
 */
export function createEnvelopeCheck(
  { protocol }: UnaryWire,
  bytesMax: number,
): ((piece: Buffer) => void) | undefined {
  if (protocol === "connect") return undefined;
  let head = Buffer.alloc(0);
  return (piece) => {
    if (head.length === ENVELOPE_HEAD_BYTES) return;
    head = Buffer.concat([head, piece.subarray(0, ENVELOPE_HEAD_BYTES - head.length)]);
    if (head.length === ENVELOPE_HEAD_BYTES && head.readUInt32BE(1) > bytesMax)
      throw messageTooLarge(bytesMax);
  };
}

export function messageTooLarge(bytesMax: number): ServiceError {
  return new ServiceError("body_too_large", `body is larger than ${bytesMax} bytes`);
}

const OK_TRAILERS = { "grpc-status": "0" };
/** The same in the body, where gRPC-Web has them: a frame of its own. */
const OK_TRAILER_FRAME = envelopeOf(Buffer.from("grpc-status: 0\r\n"), 0x80);

/** Answer a call with its message. */
export function sendMessage(exchange: Exchange, { protocol, contentType }: UnaryWire, message: Buffer): void {
  const response = exchange.response as ServerResponse;
  exchange.place?.leave();
  const head = Object.assign(exchange.headers, { "content-type": contentType });
  if (protocol === "connect") {
    response.writeHead(200, Object.assign(head, { "content-length": message.length }));
    response.end(message);
    return;
  }
  response.writeHead(200, head);
  if (protocol === "grpc") response.addTrailers(OK_TRAILERS);
  const envelope = envelopeOf(message);
  response.end(protocol === "grpc" ? envelope : Buffer.concat([envelope, OK_TRAILER_FRAME]));
}

function envelopeOf(message: Buffer, flags = 0): Buffer {
  const envelope = Buffer.allocUnsafe(ENVELOPE_HEAD_BYTES + message.length);
  envelope.writeUInt8(flags, 0);
  envelope.writeUInt32BE(message.length, 1);
  message.copy(envelope, ENVELOPE_HEAD_BYTES);
  return envelope;
}
