/** The limit of a body is that of what it holds: exact to the byte after decompression, through every door. */
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { SubmitRequestSchema, SubmitResponseSchema } from "../../gen/mcp/metrics/v1/metrics_service_pb.js";
import { gauge, requestOf, toOtlpJson, toProtobuf } from "../otlp/requests.ts";
import { type RequestHeaders, send, WRITER } from "../support/http.ts";
import { callRaw, envelope, type MediaType, messageIn } from "../support/raw-rpc.ts";
import { startTestService } from "../support/service.ts";

const LIMIT = 100_000;
const service = await startTestService({ MAX_REQUEST_SIZE: String(LIMIT) });

test.after(async () => {
  await service.close();
});

const identity = (bytes: Uint8Array) => Buffer.from(bytes);
const CODINGS = {
  identity,
  gzip: gzipSync,
  "x-gzip": gzipSync,
  br: brotliCompressSync,
  deflate: deflateSync,
};
type Coding = keyof typeof CODINGS;

/** What was answered: `stored`, or the reason. */
type Came = string | undefined;

interface Wire {
  readonly name: string;
  readonly codings: readonly Coding[];
  /** A good body of this length. */
  readonly ofLength: (bytes: number) => Uint8Array;
  readonly send: (body: Buffer<ArrayBuffer>, coding: Coding) => Promise<Came>;
}

const METRICS = [{ type: "custom", value: 1 }];

/** JSON may end in any number of spaces. */
const padded = (json: string) => (bytes: number) => Buffer.from(json.padEnd(bytes));
/** Protobuf may have fields that nobody knows: number 1000, of bytes. */
const withUnknown = (message: Uint8Array) => (bytes: number) => {
  const left = bytes - message.length - 2 - 3;
  const length = [(left & 0x7f) | 0x80, ((left >> 7) & 0x7f) | 0x80, left >> 14];
  return Buffer.concat([message, Buffer.from([0xc2, 0x3e, ...length]), Buffer.alloc(left)]);
};

const JSON_BODY = padded(JSON.stringify({ service: "test", metrics: METRICS }));
const BINARY_BODY = withUnknown(
  toBinary(SubmitRequestSchema, create(SubmitRequestSchema, { service: "test", metrics: METRICS })),
);
const OTLP = requestOf("test", gauge("m", 1));

function restWire(name: string, path: string, type: string, ofLength: Wire["ofLength"]): Wire {
  return {
    name,
    codings: ["identity", "gzip", "x-gzip", "br", "deflate"],
    ofLength,
    async send(body, coding) {
      const headers: RequestHeaders = { ...WRITER, "content-type": type, "content-encoding": coding };
      const { status, text } = await send("POST", service.url + path, headers, body);
      return status === 200 ? "stored" : text.match(/body_too_large|malformed_body/)?.[0];
    },
  };
}

function rpcWire(mediaType: MediaType): Wire {
  const isFramed = mediaType.includes("grpc");
  return {
    name: mediaType,
    codings: ["identity", "gzip", "br"],
    ofLength: mediaType.includes("json") ? JSON_BODY : BINARY_BODY,
    async send(body, coding) {
      const answer = await callRaw(service.url, {
        path: "/mcp.metrics.v1.MetricsService/Submit",
        mediaType,
        headers: { ...WRITER, [isFramed ? "grpc-encoding" : "content-encoding"]: coding },
        body: isFramed ? envelope(body, coding === "identity" ? 0 : 1) : body,
      });
      if (answer.code !== undefined) return answer.reason;
      if (mediaType.includes("json"))
        return JSON.parse(messageIn(answer).toString()).accepted === 1 ? "stored" : "";
      return fromBinary(SubmitResponseSchema, messageIn(answer)).accepted === 1 ? "stored" : "";
    },
  };
}

const WIRES: readonly Wire[] = [
  restWire("REST", "/metrics", "application/json", JSON_BODY),
  restWire("OTLP JSON", "/v1/metrics", "application/json", padded(toOtlpJson(OTLP))),
  restWire("OTLP protobuf", "/v1/metrics", "application/x-protobuf", withUnknown(toProtobuf(OTLP))),
  rpcWire("application/json"),
  rpcWire("application/proto"),
  rpcWire("application/grpc"),
  rpcWire("application/grpc+json"),
  rpcWire("application/grpc-web+proto"),
];

for (const { name, codings, ofLength, send } of WIRES) {
  test(`${name}: a body is taken up to the limit and no byte beyond, whatever its coding`, async () => {
    for (const coding of codings) {
      for (const [bytes, expected] of [
        [LIMIT - 1, "stored"],
        [LIMIT, "stored"],
        [LIMIT + 1, "body_too_large"],
        [LIMIT * 2, "body_too_large"],
        [LIMIT * 10, "body_too_large"],
      ] as const) {
        const body = ofLength(bytes);
        assert.is(body.length, bytes);
        assert.is(await send(CODINGS[coding](body), coding), expected, `${bytes} bytes in ${coding}`);
      }
    }
  });
}

test.run();
