/** Calls with bytes of the test's choosing, which no client library would send, and what came back. */
import { once } from "node:events";
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import type { Code } from "@connectrpc/connect";
import { codeFromString } from "@connectrpc/connect/protocol-connect";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";

/** By media type, so that a table of cases can say `grpc+json` as well. */
export type MediaType =
  | "application/json"
  | "application/proto"
  | "application/connect+json"
  | "application/connect+proto"
  | "application/grpc"
  | "application/grpc+json"
  | "application/grpc-web+proto"
  | "application/grpc-web-text"
  | "application/grpc-web-text+proto"
  | "application/grpc-web-text+json";

export interface RawCall {
  readonly path: string;
  readonly mediaType: MediaType;
  readonly headers?: Readonly<Record<string, string>>;
  /** For every protocol but unary Connect, envelopes: see `envelope`. */
  readonly body: Uint8Array;
}

export interface RawAnswer {
  readonly httpStatus: number;
  readonly headers: http2.IncomingHttpHeaders;
  /** `undefined` for success. */
  readonly code: Code | undefined;
  readonly message: string;
  readonly reason: string | undefined;
  readonly domain: string | undefined;
  readonly retryDelaySeconds: number | undefined;
  readonly violations: readonly { field: string; description: string; reason: string }[];
  readonly infoMetadata: Readonly<Record<string, string>>;
  /** Of gRPC in HTTP, of gRPC-Web in the body; nothing decoded. */
  readonly trailers: http2.IncomingHttpHeaders;
  /** Envelopes and all; what came in base64 is decoded. */
  readonly body: Buffer;
}

export interface H2cServer {
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

/** A bare HTTP/2 server without TLS on a free port. `close` also ends what is still open. */
export async function listenH2c(
  onRequest: (request: http2.Http2ServerRequest, response: http2.Http2ServerResponse) => void,
): Promise<H2cServer> {
  const server = http2.createServer(onRequest);
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    async close() {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** One message as gRPC, gRPC-Web and streaming Connect frame it. Flag 1 means compressed. */
export function envelope(message: Uint8Array, flags = 0): Uint8Array {
  const head = Buffer.alloc(5);
  head.writeUInt8(flags, 0);
  head.writeUInt32BE(message.byteLength, 1);
  return Buffer.concat([head, message]);
}

/** Sends one POST over its own HTTP/2 connection and reads whichever error format comes back. */
export async function callRaw(url: string, call: RawCall): Promise<RawAnswer> {
  const session = http2.connect(url);
  try {
    const stream = session.request({
      ":method": "POST",
      ":path": call.path,
      "content-type": call.mediaType,
      te: "trailers",
      ...call.headers,
    });
    const trailers: http2.IncomingHttpHeaders = {};
    stream.on("trailers", (received) => Object.assign(trailers, received));
    stream.end(call.body);
    const [headers] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    return readAnswer(headers, trailers, Buffer.concat(chunks));
  } finally {
    session.close();
  }
}

function readAnswer(
  headers: http2.IncomingHttpHeaders,
  trailers: http2.IncomingHttpHeaders,
  body: Buffer,
): RawAnswer {
  const type = String(headers["content-type"]);
  const isGrpcWeb = type.startsWith("application/grpc-web");
  const bytes = type.startsWith("application/grpc-web-text") ? fromBase64(body.toString("latin1")) : body;
  const outcome = readOutcome(type, { ...headers, ...trailers }, bytes);
  const info = find(outcome.details, ErrorInfoSchema);
  const retry = find(outcome.details, RetryInfoSchema)?.retryDelay;
  return {
    httpStatus: Number(headers[":status"]),
    headers,
    trailers: isGrpcWeb ? trailersInBody(bytes) : trailers,
    body: bytes,
    code: outcome.code,
    message: outcome.message,
    reason: info?.reason,
    domain: info?.domain,
    infoMetadata: info?.metadata ?? {},
    retryDelaySeconds: retry === undefined ? undefined : Number(retry.seconds) + retry.nanos / 1e9,
    violations: find(outcome.details, BadRequestSchema)?.fieldViolations ?? [],
  };
}

interface Outcome {
  readonly code: Code | undefined;
  readonly message: string;
  readonly details: readonly { readonly type: string; readonly value: Uint8Array }[];
}

function readOutcome(mediaType: string, headers: http2.IncomingHttpHeaders, body: Buffer): Outcome {
  if (mediaType.startsWith("application/grpc-web")) return readGrpc(trailersInBody(body));
  if (mediaType.startsWith("application/grpc")) return readGrpc(headers);
  if (mediaType.startsWith("application/connect+")) {
    return readConnect(JSON.parse(lastEnvelope(body).toString()).error ?? {});
  }
  return readConnect(mediaType === "application/json" ? JSON.parse(body.toString()) : {});
}

interface ConnectErrorJson {
  readonly code?: string;
  readonly message?: string;
  readonly details?: readonly { readonly type: string; readonly value: string }[];
}

function readConnect({ code, message = "", details = [] }: ConnectErrorJson): Outcome {
  return {
    code: code === undefined ? undefined : codeFromString(code),
    message,
    details: details.map(({ type, value }) => ({ type, value: Buffer.from(value, "base64") })),
  };
}

function readGrpc(trailers: http2.IncomingHttpHeaders): Outcome {
  const number = Number(trailers["grpc-status"]);
  const bin = trailers["grpc-status-details-bin"];
  const details =
    bin === undefined ? [] : fromBinary(StatusSchema, Buffer.from(String(bin), "base64")).details;
  return {
    code: number === 0 ? undefined : number,
    message: decodeURIComponent(String(trailers["grpc-message"] ?? "")),
    details: details.map((any: Any) => ({ type: any.typeUrl.replace(/^.*\//, ""), value: any.value })),
  };
}

/** Base64 in pieces, each of which may be padded. */
function fromBase64(text: string): Buffer {
  return Buffer.concat((text.match(/.{4}/gs) ?? []).map((group) => Buffer.from(group, "base64")));
}

/** The message of an answer that succeeded, without its envelope. */
export function messageIn({ headers, body }: RawAnswer): Buffer {
  const isFramed = /^application\/(grpc|connect\+)/.test(String(headers["content-type"]));
  return isFramed ? body.subarray(5, 5 + body.readUInt32BE(1)) : body;
}

function trailersInBody(body: Buffer): http2.IncomingHttpHeaders {
  const lines = lastEnvelope(body).toString().trim().split("\r\n");
  return Object.fromEntries(lines.map((line) => /^([^:]*):\s*(.*)$/.exec(line)?.slice(1) ?? []));
}

function lastEnvelope(body: Buffer) {
  let last = body.subarray(0, 0);
  for (let at = 0; at < body.length; at += 5 + last.length) {
    last = body.subarray(at + 5, at + 5 + body.readUInt32BE(at + 1));
  }
  return last;
}

function find<D extends DescMessage>(details: Outcome["details"], desc: D): MessageShape<D> | undefined {
  const detail = details.find(({ type }) => type === desc.typeName);
  return detail && fromBinary(desc, detail.value);
}
