/** Bodies whose clients go in their middle, or come too late with the rest: nothing of them is stored. */
import { request } from "node:http";
import { DatabaseSync } from "node:sqlite";
import { create, toBinary } from "@bufbuild/protobuf";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { SubmitRequestSchema } from "../../gen/mcp/metrics/v1/metrics_service_pb.js";
import { ExportMetricsServiceRequestSchema } from "../../gen/opentelemetry/proto/collector/metrics/v1/metrics_service_pb.js";
import { parseExposition } from "../support/exposition.ts";
import {
  connectRawHttp2,
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  headerBlock,
  type RawHttp2,
  uint32,
} from "../support/raw-http2.ts";
import { envelope } from "../support/raw-rpc.ts";
import { startTestService, WRITER_KEY } from "../support/service.ts";
import { until } from "../support/wait.ts";

const service = await startTestService();
const database = new DatabaseSync(service.databasePath, { readOnly: true });

test.after(() => {
  database.close();
  return service.close();
});

const storedRows = () => Number(database.prepare("SELECT count(*) AS stored FROM metrics").get()?.stored);

const METRICS = [1, 2, 3].map((value) => ({ type: "custom", value }));
const SUBMIT = "/mcp.metrics.v1.MetricsService/Submit";

/** Messages of which each part that ends with one of its elements is a message, too. */
const submit = Buffer.from(
  toBinary(SubmitRequestSchema, create(SubmitRequestSchema, { service: "test", metrics: METRICS })),
);
const resource = (value: number) => ({
  scopeMetrics: [
    {
      metrics: [
        {
          name: "level",
          data: {
            case: "gauge" as const,
            value: { dataPoints: [{ timeUnixNano: 5n, value: { case: "asDouble" as const, value } }] },
          },
        },
      ],
    },
  ],
});
const points = (...values: number[]) =>
  Buffer.from(
    toBinary(
      ExportMetricsServiceRequestSchema,
      create(ExportMetricsServiceRequestSchema, { resourceMetrics: values.map(resource) }),
    ),
  );
const json = Buffer.from(JSON.stringify({ service: "test", metrics: METRICS }));

interface Cut {
  readonly path: string;
  readonly type: string;
  readonly body: Uint8Array;
  /** Bytes that are sent before the client goes. */
  readonly sent: number;
}

const oneMetric = submit.length - (submit.length - "test".length - 2) / 3;
const EXPORT = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
const CUTS: Readonly<Record<string, Cut>> = {
  "Connect, between two metrics": { path: SUBMIT, type: "application/proto", body: submit, sent: oneMetric },
  "Connect by itself": { path: SUBMIT, type: "Application/proto", body: submit, sent: oneMetric },
  "gRPC, between two metrics": {
    path: SUBMIT,
    type: "application/grpc",
    body: envelope(submit),
    sent: 5 + oneMetric,
  },
  REST: { path: "/metrics", type: "application/json", body: json, sent: 40 },
  "OTLP over HTTP, between two resources": {
    path: "/v1/metrics",
    type: "application/x-protobuf",
    body: points(1, 2),
    sent: points(1).length,
  },
  "OTLP over Connect": {
    path: EXPORT,
    type: "application/proto",
    body: points(1, 2),
    sent: points(1).length,
  },
};
const CODES = { "without an error": 0, cancelled: 8 };

async function send(peer: RawHttp2, { path, type, body, sent }: Cut, isAnnounced: boolean): Promise<void> {
  const length: Record<string, string> = isAnnounced ? { "content-length": String(body.length) } : {};
  const headers = { "x-api-key": WRITER_KEY, "content-type": type, te: "trailers", ...length };
  peer.send(
    frame(FRAME.headers, END_HEADERS, 1, headerBlock("POST", path, headers)),
    frame(FRAME.data, 0, 1, Buffer.from(body.subarray(0, sent))),
  );
  peer.send(frame(FRAME.ping, 0, 0, Buffer.alloc(8)));
  await peer.until((found) => found.type === FRAME.ping);
}

for (const [name, cut] of Object.entries(CUTS)) {
  for (const [ending, code] of Object.entries(CODES)) {
    for (const isAnnounced of [true, false]) {
      const announced = isAnnounced ? "with" : "without";
      test(`a body that is reset in its middle is not stored: ${name}, ${ending}, ${announced} its length`, async () => {
        const before = storedRows();
        const peer = connectRawHttp2(service.service.port);
        await send(peer, cut, isAnnounced);
        peer.send(frame(FRAME.rstStream, 0, 1, uint32(code)));
        // What comes behind is answered when all before has been.
        const headers = { "x-api-key": WRITER_KEY, "content-type": "application/json" };
        peer.send(
          frame(FRAME.headers, END_HEADERS, 3, headerBlock("POST", "/metrics", headers)),
          frame(FRAME.data, END_STREAM, 3, json),
        );
        await peer.until(({ type, streamId }) => type === FRAME.headers && streamId === 3);
        await until("that is stored", () => storedRows() >= before + 3);
        assert.is(storedRows(), before + 3);
        peer.socket.destroy();
      });
    }
  }
}

for (const type of ["application/json", "application/proto"]) {
  test(`the rest of a body that comes after the deadline is not submitted: ${type}`, async () => {
    const before = storedRows();
    const body = /json/.test(type) ? json : submit;
    const headers = {
      "x-api-key": WRITER_KEY,
      "content-type": type,
      "content-length": body.length,
      "connect-timeout-ms": "100",
    };
    const call = request(service.url + SUBMIT, { method: "POST", headers });
    const status = new Promise((resolve, reject) => {
      call.once("response", (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      call.once("error", reject);
    });
    call.write(body.subarray(0, 20));
    assert.is(await status, 504);
    call.end(body.subarray(20));
    const other = await fetch(`${service.url}/metrics`, {
      method: "POST",
      headers: { "x-api-key": WRITER_KEY, "content-type": "application/json" },
      body: json.toString(),
    });
    assert.is(other.status, 200);
    // Longer than it takes to store what has just come.
    await until("a flush finds nothing more", async () => {
      const flushed = await fetch(`${service.url}/flush`, {
        method: "POST",
        headers: { "x-api-key": WRITER_KEY },
      });
      return flushed.status === 200;
    });
    assert.is(storedRows(), before + 3);
  });
}

test("calls whose clients left before there was an answer are not counted as answered", async () => {
  const counted = async () => {
    const samples = parseExposition(await (await fetch(service.prometheusUrl)).text());
    const of = (status: string) =>
      samples
        .filter(({ name, labels }) => name === "http_requests_total" && labels.status === status)
        .reduce((sum, { value }) => sum + value, 0);
    return { ok: of("200"), gone: of("499") };
  };
  const before = await counted();
  for (const path of ["/metrics", SUBMIT, "/v1/metrics"]) {
    const headers = { "x-api-key": WRITER_KEY, "content-type": "application/json", "content-length": 1000 };
    const call = request(service.url + path, { method: "POST", headers, agent: false });
    call.on("error", () => {});
    await new Promise((resolve) => call.write("{", resolve));
    // Accepted after it, and answered after it was begun.
    await fetch(`${service.url}/health`, { headers: { connection: "close" } });
    call.destroy();
  }
  await until("they are counted", async () => (await counted()).gone >= before.gone + 3);
  const after = await counted();
  assert.ok(after.ok - before.ok >= 0);
  assert.is(after.gone - before.gone, 3);
});

test.run();
