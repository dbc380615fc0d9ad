/**
 * Calls that are served without Connect are answered as Connect answers them, byte for byte. A content-type in
 * another spelling is left to Connect, so that the same call can be sent to both.
 */
import { deepStrictEqual } from "node:assert";
import { request } from "node:http";
import { connect } from "node:http2";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { fromJson, toBinary } from "@bufbuild/protobuf";
import { test } from "uvu";
import { SubmitRequestSchema } from "../../../gen/mcp/metrics/v1/metrics_service_pb.js";
import { ExportMetricsServiceRequestSchema } from "../../../gen/opentelemetry/proto/collector/metrics/v1/metrics_service_pb.js";
import { envelope } from "../../support/raw-rpc.ts";
import { createReaderKey, startTestService, WRITER_KEY, WRONG_KEY } from "../../support/service.ts";

const BODY_BYTES_MAX = 5000;
const SUBMIT = "/mcp.metrics.v1.MetricsService/Submit";
const EXPORT = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";

const service = await startTestService({ MAX_REQUEST_SIZE: String(BODY_BYTES_MAX) });
const readerKey = await createReaderKey(service);
const session = connect(service.url);

test.after(() => {
  session.close();
  return service.close();
});

interface Sent {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

interface Received {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly trailers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

type Send = (sent: Sent) => Promise<Received>;

const overHttp1: Send = ({ path, headers, body }) =>
  new Promise((resolve, reject) => {
    const call = request(service.url + path, { method: "POST", headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          trailers: response.trailers,
          body: Buffer.concat(chunks).toString("latin1"),
        }),
      );
    });
    call.on("error", reject);
    call.end(body);
  });

const overHttp2: Send = ({ path, headers, body }) =>
  new Promise((resolve, reject) => {
    const call = session.request({ ":method": "POST", ":path": path, te: "trailers", ...headers });
    let head: Record<string, unknown> = {};
    let trailers: Record<string, unknown> = {};
    const chunks: Buffer[] = [];
    call.on("response", (received) => {
      head = received;
    });
    call.on("trailers", (received) => {
      trailers = { ...received };
    });
    call.on("data", (chunk: Buffer) => chunks.push(chunk));
    call.on("error", reject);
    call.on("end", () =>
      resolve({
        status: Number(head[":status"]),
        headers: head,
        trailers,
        body: Buffer.concat(chunks).toString("latin1"),
      }),
    );
    call.end(body);
  });

/** The same media type, as nobody spells it. */
const elsewhere = (type: string) => type.replace("application", "Application");

/** What differs between any two calls; and Connect names a coding for answers too, of which it compresses long ones. */
const OWN = /^(date|grpc-encoding|keep-alive|connection|x-request-id|x-ratelimit-(remaining|reset))$/;

function comparable({ status, headers, trailers, body }: Received) {
  const kept = Object.entries(headers).filter(([name]) => !OWN.test(name));
  return {
    status,
    headers: Object.fromEntries(kept.sort()),
    trailers: { ...trailers },
    body: body.replace(/req_[0-9a-f]{16}/g, "req"),
  };
}

const WIRES = [
  { type: "application/json", isFramed: false, sends: [overHttp1, overHttp2] },
  { type: "application/proto", isFramed: false, sends: [overHttp1, overHttp2] },
  { type: "application/grpc", isFramed: true, sends: [overHttp2] },
  { type: "application/grpc+proto", isFramed: true, sends: [overHttp2] },
  { type: "application/grpc+json", isFramed: true, sends: [overHttp2] },
  { type: "application/grpc-web", isFramed: true, sends: [overHttp1, overHttp2] },
  { type: "application/grpc-web+proto", isFramed: true, sends: [overHttp1, overHttp2] },
  { type: "application/grpc-web+json", isFramed: true, sends: [overHttp1, overHttp2] },
];

const good = {
  type: "custom",
  value: 1,
  dimensions: { tool: "search" },
  timestamp: new Date().toISOString(),
};
const submission = (...metrics: object[]) => ({ service: "test", version: "1.2.3", metrics });
const pointsOf = (...values: number[]) => ({
  resourceMetrics: values.map((asDouble) => ({
    resource: { attributes: [{ key: "service.name", value: { stringValue: "test" } }] },
    scopeMetrics: [
      {
        metrics: [
          {
            name: "mcp.custom",
            gauge: { dataPoints: [{ asDouble, timeUnixNano: `${Date.now()}000000` }] },
          },
        ],
      },
    ],
  })),
});

interface Case {
  readonly path?: string;
  readonly json: object;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** In the header that the protocol has for it. */
  readonly coding?: string;
  /** Instead of the message in the form of the wire. */
  readonly message?: Uint8Array;
  /** What is sent in the place of the enveloped message. */
  readonly reframe?: (framed: Uint8Array, isFramed: boolean) => Uint8Array;
}

const CASES: Readonly<Record<string, Case>> = {
  "a good metric": { json: submission(good) },
  "many of them": { json: submission(...Array(20).fill(good)) },
  "one bad metric of two": { json: submission(good, { type: "no_such_type" }) },
  "bad metrics only": { json: submission({ type: "no_such_type" }, { type: "custom" }) },
  "nested metadata and another case of a name": {
    json: submission({ ...good, metadata: { list: [1, { a: null }], null: null } }),
  },
  "a version that gets a warning": { json: { ...submission(good), version: "latest" } },
  "no service": { json: { metrics: [good] } },
  "another service": { json: { ...submission(good), service: "other" } },
  "nothing at all": { json: {} },
  "no bytes": { json: {}, message: new Uint8Array() },
  "bytes that are no message": { json: {}, message: Buffer.from('{"metrics": [') },
  "text that is no Unicode": {
    json: {},
    message: Buffer.from('{"service":"te\xff","metrics":[]}', "latin1"),
  },
  "a message that is too large": { json: submission({ ...good, metadata: { text: "x".repeat(6000) } }) },
  "an idempotency key": { json: submission(good), headers: { "idempotency-key": "key-1" } },
  "the same key for another request": {
    json: submission(good, good),
    headers: { "idempotency-key": "key-1" },
  },
  "no key": { json: submission(good), headers: { "x-api-key": "" } },
  "a wrong key": { json: submission(good), key: WRONG_KEY },
  "a key of another role": { json: submission(good), key: readerKey },
  "a deadline": { json: submission(good), headers: { "grpc-timeout": "10S", "connect-timeout-ms": "10000" } },
  "a deadline that is none": {
    json: submission(good),
    headers: { "grpc-timeout": "soon", "connect-timeout-ms": "soon" },
  },
  "another version of Connect": { json: submission(good), headers: { "connect-protocol-version": "2" } },
  "an unknown coding": {
    json: submission(good),
    headers: { "content-encoding": "zip", "grpc-encoding": "zip" },
  },
  "a message twice": { json: submission(good), reframe: (framed) => Buffer.concat([framed, framed]) },
  "half a message": { json: submission(good), reframe: (framed) => framed.subarray(0, framed.length / 2) },
  "bytes behind the message": {
    json: submission(good),
    reframe: (framed) => Buffer.concat([framed, Buffer.alloc(3)]),
  },
  "a length that is not kept": {
    json: submission(good),
    reframe: (framed, isFramed) => (isFramed ? envelope(framed.subarray(4)) : framed.subarray(1)),
  },
  "a flag": {
    json: submission(good),
    reframe: (framed, isFramed) => (isFramed ? envelope(framed.subarray(5), 1) : framed),
  },
  ...Object.fromEntries(
    Object.entries({ gzip: gzipSync, br: brotliCompressSync }).flatMap(([coding, compress]) =>
      Object.entries({
        "a good metric": (message: Uint8Array) => compress(message),
        "no bytes": () => compress(new Uint8Array()),
        "what is too large once it is not": () => compress(Buffer.alloc(BODY_BYTES_MAX + 1, " ")),
        "what is not compressed": (message: Uint8Array) => message,
        "half of it": (message: Uint8Array) => compress(message).subarray(0, 20),
      }).map(([name, pack]): [string, Case] => [
        `${coding}: ${name}`,
        {
          json: submission(good),
          coding,
          reframe: (framed, isFramed) => (isFramed ? envelope(pack(framed.subarray(5)), 1) : pack(framed)),
        },
      ]),
    ),
  ),
  "a coding, and a message that is not compressed": {
    json: submission(good),
    coding: "gzip",
    reframe: (framed, isFramed) => (isFramed ? framed : gzipSync(framed)),
  },
  "another coding": {
    json: submission(good),
    headers: { "content-encoding": "br", "grpc-encoding": "gzip" },
  },
  "a message that is compressed, without a word of it": {
    json: submission(good),
    reframe: (framed, isFramed) => (isFramed ? envelope(gzipSync(framed.subarray(5)), 1) : gzipSync(framed)),
  },
  points: { path: EXPORT, json: pointsOf(1, 2) },
  "no points": { path: EXPORT, json: {} },
  "points, and a key of another role": { path: EXPORT, json: pointsOf(1), key: readerKey },
  "bytes that are no points": { path: EXPORT, json: {}, message: Buffer.from("points") },
};

function encode(
  { path = SUBMIT, json, message, reframe }: Case,
  type: string,
  isFramed: boolean,
): Uint8Array {
  const isJson = type.endsWith("json");
  const schema = path === SUBMIT ? SubmitRequestSchema : ExportMetricsServiceRequestSchema;
  const binary = () =>
    toBinary(
      schema as typeof SubmitRequestSchema,
      fromJson(schema as typeof SubmitRequestSchema, JSON.parse(JSON.stringify(json))),
    );
  const plain = message ?? (isJson ? Buffer.from(JSON.stringify(json)) : binary());
  const framed = isFramed ? envelope(plain) : plain;
  return reframe?.(framed, isFramed) ?? framed;
}

for (const [name, sent] of Object.entries(CASES)) {
  test(`as Connect answers it: ${name}`, async () => {
    for (const { type, isFramed, sends } of WIRES) {
      for (const send of sends) {
        const call = (contentType: string, suffix: string) => {
          const own = sent.headers?.["idempotency-key"];
          const key = own === undefined ? {} : { "idempotency-key": `${own}-${type}-${send.name}-${suffix}` };
          const coding = sent.coding && { [isFramed ? "grpc-encoding" : "content-encoding"]: sent.coding };
          const headers = { "x-api-key": sent.key ?? WRITER_KEY, ...sent.headers, ...coding, ...key };
          return send({
            path: sent.path ?? SUBMIT,
            headers: { ...headers, "content-type": contentType },
            body: encode(sent, type, isFramed),
          });
        };
        const first = comparable(await call(type, "a"));
        deepStrictEqual(first, comparable(await call(elsewhere(type), "b")), `${type} ${send.name}`);
        if (sent.headers?.["idempotency-key"] !== undefined)
          deepStrictEqual(
            comparable(await call(type, "a")),
            comparable(await call(elsewhere(type), "b")),
            `${type} ${send.name}, again`,
          );
      }
    }
  });
}

test("a call in which nothing is odd does not go through Connect, which would compress the answer", async () => {
  const key = { "x-api-key": WRITER_KEY, "grpc-accept-encoding": "gzip" };
  for (const { type, isFramed, sends } of WIRES.filter((wire) => wire.isFramed)) {
    const body = encode({ json: submission(good) }, type, isFramed);
    const codings = [type, elsewhere(type)].flatMap((spelling) =>
      sends.map(async (send) => {
        const { headers } = await send({ path: SUBMIT, headers: { ...key, "content-type": spelling }, body });
        return headers["grpc-encoding"];
      }),
    );
    const expected = [...sends.map(() => undefined), ...sends.map(() => "gzip")];
    deepStrictEqual(await Promise.all(codings), expected, type);
  }
});

test.run();
