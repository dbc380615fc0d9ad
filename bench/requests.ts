import { fromJson, type JsonValue, toBinary } from "@bufbuild/protobuf";
import { SubmitRequestSchema } from "../gen/mcp/metrics/v1/metrics_service_pb.js";
import { frameGrpc } from "./grpc-frames.ts";
import type { SubmittedMetric, Workload } from "./workload.ts";

export type Protocol = "rest" | "connect" | "grpc";

const RPC_PATH = "/mcp.metrics.v1.MetricsService/Submit";

/** Stands in a body where the time of sending goes: as wide as any other time in it. */
const TIMESTAMP_JSON = Buffer.from("2001-02-03T04:05:06.789Z");
/** The same instant as the twelve bytes of a google.protobuf.Timestamp: two varints of five bytes. */
const TIMESTAMP_PROTO = encodeTimestamp(Date.parse(TIMESTAMP_JSON.toString()));
/** Stands where a number of ten digits goes, in a body or a header. */
const SEQUENCE = 1_987_654_321;
/** Sequence numbers start here, so that each has ten digits. */
export const FIRST_SEQUENCE = 1_000_000_000;

/** Positions of what changes from sending to sending. */
export interface Slots {
  readonly timestamps: readonly number[];
  /** Numbers that name each metric. */
  readonly sequences: readonly number[];
  /** The number in the idempotency key. */
  readonly idempotencyKeys: readonly number[];
  /** HTTP/2 stream ids. */
  readonly streamIds: readonly number[];
}

/** A submission as it goes over the wire, patched in place before it is sent: building one costs too much. */
export interface PreparedRequest extends Slots {
  readonly format: "json" | "proto";
  readonly bytes: Buffer;
  readonly metrics: number;
  /** The part of `bytes` that HTTP/2 flow control counts. */
  readonly flowBytes: number;
}

export interface RequestOptions {
  readonly protocol: Protocol;
  readonly workload: Workload;
  readonly service: string;
  readonly apiKey: string;
  readonly metricsPerRequest: number;
  /** Give every metric a number in `metadata.seq`, and the request an idempotency key. */
  readonly numbered: boolean;
}

/** A submission with the workload's next metrics. */
export function prepareRequest(options: RequestOptions): PreparedRequest {
  const metrics: SubmittedMetric[] = [];
  while (metrics.length < options.metricsPerRequest) metrics.push(options.workload.next());
  const submission = {
    service: options.service,
    version: "1.4.0",
    instance_id: `${options.service}-01`,
    metrics: metrics.map((metric) => ({
      ...metric,
      timestamp: TIMESTAMP_JSON.toString(),
      ...(options.numbered && { metadata: { ...metric.metadata, seq: SEQUENCE } }),
    })),
  };
  const format = options.protocol === "rest" ? "json" : "proto";
  const body = format === "json" ? Buffer.from(JSON.stringify(submission)) : encode(submission);
  const headers: Record<string, string> = { "x-api-key": options.apiKey };
  if (options.numbered) headers["idempotency-key"] = `seq-${SEQUENCE}`;
  const timestamp = format === "json" ? TIMESTAMP_JSON : TIMESTAMP_PROTO;
  const marks = [timestamp, format === "json" ? Buffer.from(String(SEQUENCE)) : encodeDouble(SEQUENCE)];
  const framed =
    options.protocol === "grpc"
      ? frameGrpc(RPC_PATH, headers, body, marks)
      : { bytes: frameHttp1(options.protocol, headers, body), streamIds: [], flowBytes: 0 };
  const bodyStart = framed.bytes.length - body.length;
  return {
    ...framed,
    format,
    metrics: metrics.length,
    timestamps: findAll(framed.bytes, timestamp),
    sequences: options.numbered ? findAll(framed.bytes, marks[1] ?? timestamp).filter(notInKey) : [],
    idempotencyKeys: findAll(framed.bytes, Buffer.from(`seq-${SEQUENCE}`)).map((start) => start + 4),
  };

  /** REST writes both numbers in digits; the one in the header is not a metric's. */
  function notInKey(position: number): boolean {
    return format === "proto" || position >= bodyStart;
  }
}

function encode(submission: JsonValue): Buffer {
  return Buffer.from(toBinary(SubmitRequestSchema, fromJson(SubmitRequestSchema, submission)));
}

function frameHttp1(protocol: "rest" | "connect", headers: Record<string, string>, body: Buffer): Buffer {
  const head = [
    `POST ${protocol === "rest" ? "/metrics" : RPC_PATH} HTTP/1.1`,
    "host: 127.0.0.1",
    `content-type: ${protocol === "rest" ? "application/json" : "application/proto"}`,
    ...(protocol === "connect" ? ["connect-protocol-version: 1"] : []),
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${body.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body]);
}

function findAll(bytes: Buffer, mark: Buffer): number[] {
  const found: number[] = [];
  for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + mark.length)) found.push(at);
  return found;
}

let stampedMs = 0;
let nowJson = TIMESTAMP_JSON;
let nowProto = TIMESTAMP_PROTO;

/** Sets the timestamp of every metric to `wallMs`. */
export function stamp(request: PreparedRequest, wallMs: number): void {
  if (wallMs !== stampedMs) {
    stampedMs = wallMs;
    nowJson = Buffer.from(new Date(wallMs).toISOString());
    nowProto = encodeTimestamp(wallMs);
  }
  const now = request.format === "json" ? nowJson : nowProto;
  for (const at of request.timestamps) request.bytes.set(now, at);
}

/** Numbers the metrics from `first` on, and names the request by `first`. */
export function number(request: PreparedRequest, first: number): void {
  request.sequences.forEach((at, index) => {
    if (request.format === "json") request.bytes.write(String(first + index), at, "latin1");
    else request.bytes.writeDoubleLE(first + index, at);
  });
  for (const at of request.idempotencyKeys) request.bytes.write(String(first), at, "latin1");
}

/** How many metrics a successful answer says were accepted. */
export function acceptedOf(protocol: Protocol, body: Buffer): number {
  if (protocol === "rest") {
    const found = /"accepted":\s*(\d+)/.exec(body.toString("latin1", 0, body.length));
    return found === null ? 0 : Number(found[1]);
  }
  // SubmitResponse begins with `status` (field 1, "success") and then `accepted` (field 2, below 128 here).
  const start = protocol === "grpc" ? 5 : 0;
  const at = body[start] === 0x0a ? start + 2 + (body[start + 1] ?? 0) : start;
  return body[at] === 0x10 ? (body[at + 1] ?? 0) : 0;
}

function encodeDouble(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}

/** Nanoseconds below 2^28 would take four bytes; times in that part of a second are moved to its end. */
function encodeTimestamp(wallMs: number): Buffer {
  const nanos = Math.max(wallMs % 1000, 269) * 1_000_000;
  return Buffer.from([0x08, ...varint(Math.floor(wallMs / 1000)), 0x10, ...varint(nanos)]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 0x80);
  }
}
