/** Requests as exporters send them, and doors to send them through. */
import { gzipSync } from "node:zlib";
import { create, fromBinary, fromJson, type MessageInitShape, toBinary, toJson } from "@bufbuild/protobuf";
import { ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import {
  ExportMetricsServiceRequestSchema,
  ExportMetricsServiceResponseSchema,
  MetricsService,
} from "../../gen/opentelemetry/proto/collector/metrics/v1/metrics_service_pb.js";
import {
  AggregationTemporality,
  type MetricSchema,
} from "../../gen/opentelemetry/proto/metrics/v1/metrics_pb.js";
import type { RequestHeaders } from "../support/http.ts";

export type Request = MessageInitShape<typeof ExportMetricsServiceRequestSchema>;
export type Metric = MessageInitShape<typeof MetricSchema>;
type ResourceMetrics = NonNullable<Request["resourceMetrics"]>[number];
type Attribute = string | number | boolean | readonly string[];

/** What came of an export, whatever the door. */
export interface Exported {
  readonly rejected: number;
  readonly message: string;
  /** A gRPC code; 0 for success. */
  readonly code: number;
  readonly reason: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  /** Of HTTP. */
  readonly status: number | undefined;
}

export interface OtlpDoor {
  readonly name: string;
  readonly send: (request: Request, headers: RequestHeaders) => Promise<Exported>;
}

export function attributesOf(attributes: Readonly<Record<string, Attribute>>) {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: Attribute) {
  if (typeof value === "boolean") return { value: { case: "boolValue" as const, value } };
  if (typeof value === "string") return { value: { case: "stringValue" as const, value } };
  if (typeof value !== "number") {
    const values = value.map((text) => ({ value: { case: "stringValue" as const, value: text } }));
    return { value: { case: "arrayValue" as const, value: { values } } };
  }
  return Number.isInteger(value)
    ? { value: { case: "intValue" as const, value: BigInt(value) } }
    : { value: { case: "doubleValue" as const, value } };
}

export function resourceMetrics(
  attributes: Readonly<Record<string, Attribute>>,
  metrics: readonly Metric[],
): ResourceMetrics {
  return {
    resource: { attributes: attributesOf(attributes) },
    scopeMetrics: [{ scope: { name: "tests" }, metrics: [...metrics] }],
  };
}

export function requestOf(service: string, ...metrics: readonly Metric[]): Request {
  return { resourceMetrics: [resourceMetrics({ "service.name": service }, metrics)] };
}

export const nowNs = () => BigInt(Date.now()) * 1_000_000n;

export function gauge(name: string, value: number, attributes = {}, timeUnixNano = nowNs()): Metric {
  const point = { attributes: attributesOf(attributes), timeUnixNano };
  const dataPoints = [{ ...point, value: { case: "asDouble" as const, value } }];
  return { name, data: { case: "gauge", value: { dataPoints } } };
}

export function cumulative(name: string, value: bigint, times: { startNs: bigint; timeNs: bigint }): Metric {
  const dataPoints = [
    {
      startTimeUnixNano: times.startNs,
      timeUnixNano: times.timeNs,
      value: { case: "asInt" as const, value },
    },
  ];
  const aggregationTemporality = AggregationTemporality.CUMULATIVE;
  return { name, data: { case: "sum", value: { dataPoints, aggregationTemporality, isMonotonic: true } } };
}

const REQUEST = ExportMetricsServiceRequestSchema;
export const toProtobuf = (request: Request) => toBinary(REQUEST, create(REQUEST, request));
/** As the OTLP specification writes it: enums are numbers, and large integers text. */
export const toOtlpJson = (request: Request) =>
  JSON.stringify(toJson(REQUEST, create(REQUEST, request), { enumAsInteger: true }));

/** OTLP over HTTP, in each of its forms, and over gRPC; and Connect, which comes with the RPC. */
export function openOtlpDoors(url: string): readonly OtlpDoor[] {
  const protobuf = { "content-type": "application/x-protobuf" };
  const json = { "content-type": "application/json; charset=utf-8" };
  const gzip = { "content-encoding": "gzip" };
  return [
    httpDoor("protobuf", url, protobuf, toProtobuf),
    httpDoor("protobuf, gzip", url, { ...protobuf, ...gzip }, (request) => gzipSync(toProtobuf(request))),
    httpDoor("JSON", url, json, toOtlpJson),
    httpDoor("JSON, gzip", url, { ...json, ...gzip }, (request) => gzipSync(toOtlpJson(request))),
    rpcDoor("gRPC", createGrpcTransport({ baseUrl: url })),
    rpcDoor("Connect", createConnectTransport({ baseUrl: url, httpVersion: "1.1" })),
  ];
}

function httpDoor(
  name: string,
  url: string,
  own: RequestHeaders,
  write: (request: Request) => string | Uint8Array<ArrayBuffer>,
): OtlpDoor {
  return {
    name,
    send: (request, headers) => post(url, write(request), { ...own, ...headers }),
  };
}

/** Post a body to /v1/metrics, and read the answer in the form the body was declared to have. */
export async function post(
  url: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: RequestHeaders,
): Promise<Exported> {
  const answer = await fetch(`${url}/v1/metrics`, { method: "POST", headers, body });
  const isProtobuf = headers["content-type"] === "application/x-protobuf";
  const type = answer.headers.get("content-type");
  if (type !== (isProtobuf ? "application/x-protobuf" : "application/json")) throw new Error(`${type}`);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const retryAfter = answer.headers.get("retry-after");
  const retryAfterSeconds = retryAfter === null ? undefined : Number(retryAfter);
  if (answer.status !== 200) return readStatus(bytes, isProtobuf, answer.status, retryAfterSeconds);
  const { partialSuccess } = isProtobuf
    ? fromBinary(ExportMetricsServiceResponseSchema, bytes)
    : fromJson(ExportMetricsServiceResponseSchema, JSON.parse(Buffer.from(bytes).toString()));
  const rejected = Number(partialSuccess?.rejectedDataPoints ?? 0);
  const message = partialSuccess?.errorMessage ?? "";
  return { rejected, message, code: 0, reason: undefined, retryAfterSeconds, status: 200 };
}

function readStatus(
  bytes: Uint8Array,
  isProtobuf: boolean,
  status: number,
  retryAfterSeconds: number | undefined,
): Exported {
  const read = { rejected: 0, retryAfterSeconds, status };
  if (!isProtobuf) {
    const { code, message, details } = JSON.parse(Buffer.from(bytes).toString());
    return { ...read, code, message, reason: details[0].reason };
  }
  const { code, message, details } = fromBinary(StatusSchema, bytes);
  const info = details.find(({ typeUrl }) => typeUrl.endsWith(ErrorInfoSchema.typeName));
  const reason = info && fromBinary(ErrorInfoSchema, info.value).reason;
  return { ...read, code, message, reason };
}

function rpcDoor(name: string, transport: ReturnType<typeof createGrpcTransport>): OtlpDoor {
  const client = createClient(MetricsService, transport);
  return {
    name,
    async send(request, headers) {
      try {
        const { partialSuccess } = await client.export(request, { headers });
        const rejected = Number(partialSuccess?.rejectedDataPoints ?? 0);
        const message = partialSuccess?.errorMessage ?? "";
        const none = { reason: undefined, retryAfterSeconds: undefined, status: undefined };
        return { rejected, message, code: 0, ...none };
      } catch (error) {
        if (!(error instanceof ConnectError)) throw error;
        const [retry] = error.findDetails(RetryInfoSchema);
        const retryAfterSeconds = retry?.retryDelay && Number(retry.retryDelay.seconds);
        const { reason } = error.findDetails(ErrorInfoSchema)[0] ?? {};
        const { code, rawMessage: message } = error;
        return { rejected: 0, message, code, reason, retryAfterSeconds, status: undefined };
      }
    },
  };
}
