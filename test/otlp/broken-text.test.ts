/** Text that is no Unicode, anywhere in a request: it is repaired, and everything beside it is stored. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openReader } from "../../src/sqlite/file/open.ts";
import { WRITER } from "../support/http.ts";
import { callRaw, envelope } from "../support/raw-rpc.ts";
import { startTestService } from "../support/service.ts";
import {
  attributesOf,
  gauge,
  post,
  type Request,
  resourceMetrics,
  toOtlpJson,
  toProtobuf,
} from "./requests.ts";

const service = await startTestService();
const database = openReader(service.databasePath);

test.after(async () => {
  database.close();
  await service.close();
});

/** Three bytes and three characters, in whose place each request has something broken. */
const MARK = "XYZ";
/** What no UTF-8 begins with, half a character, and a lone surrogate as some write it. */
const BROKEN_BYTES = [Buffer.from([0x61, 0xff, 0x62]), Buffer.from([0x61, 0xe2, 0x82])];
const SURROGATE_BYTES = Buffer.from([0xed, 0xa0, 0x80]);
const EXPORT = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";

/** Every place that holds text, with the mark there alone. */
const PLACES: Readonly<Record<string, (name: string) => Request>> = {
  "the name of a metric": (name) => one(name, gauge(MARK, 1)),
  "its unit": (name) => one(name, { ...gauge("m", 1), unit: MARK }),
  "the key of an attribute": (name) => one(name, gauge("m", 1, { [MARK]: "v" })),
  "its value": (name) => one(name, gauge("m", 1, { k: MARK })),
  "an attribute of the resource": (name) => ({
    resourceMetrics: [
      resourceMetrics({ "service.name": name, host: MARK }, [gauge("m", 1), gauge("good", 1)]),
    ],
  }),
  "the version": (name) => ({
    resourceMetrics: [
      resourceMetrics({ "service.name": name, "service.version": MARK }, [gauge("m", 1), gauge("good", 1)]),
    ],
  }),
  "the name of the library": (name) => ({
    resourceMetrics: [
      {
        resource: { attributes: attributesOf({ "service.name": name }) },
        scopeMetrics: [
          { scope: { name: MARK }, metrics: [gauge("m", 1), gauge("good", 1)], schemaUrl: MARK },
        ],
      },
    ],
  }),
};

function one(name: string, odd: ReturnType<typeof gauge>): Request {
  return { resourceMetrics: [resourceMetrics({ "service.name": name }, [odd, gauge("good", 1)])] };
}

let names = 0;

/** The request's bytes with something else of the same length wherever the mark stands. */
function broken(request: Uint8Array, by: Uint8Array): Buffer<ArrayBuffer> {
  const bytes = Buffer.from(request);
  for (let at = bytes.indexOf(MARK); at !== -1; at = bytes.indexOf(MARK)) bytes.set(by, at);
  return bytes;
}

const headers = (type: string) => ({ ...WRITER, "content-type": type });

const SENDERS: Readonly<Record<string, (request: Request) => Promise<{ readonly rejected: number }>>> = {
  "protobuf with a byte that is none": (request) =>
    post(
      service.url,
      broken(toProtobuf(request), BROKEN_BYTES[0] as Buffer),
      headers("application/x-protobuf"),
    ),
  "protobuf that is cut in a character": (request) =>
    post(
      service.url,
      broken(toProtobuf(request), BROKEN_BYTES[1] as Buffer),
      headers("application/x-protobuf"),
    ),
  "protobuf with a surrogate": (request) =>
    post(service.url, broken(toProtobuf(request), SURROGATE_BYTES), headers("application/x-protobuf")),
  "gRPC with a byte that is none": async (request) => {
    const body = envelope(broken(toProtobuf(request), BROKEN_BYTES[0] as Buffer));
    const answer = await callRaw(service.url, {
      path: EXPORT,
      mediaType: "application/grpc",
      headers: WRITER,
      body,
    });
    assert.is(answer.code, undefined, answer.message);
    return { rejected: 0 };
  },
  "JSON with a byte that is none": (request) =>
    post(
      service.url,
      broken(Buffer.from(toOtlpJson(request)), BROKEN_BYTES[0] as Buffer),
      headers("application/json"),
    ),
  "JSON with half a surrogate pair": (request) =>
    post(service.url, toOtlpJson(request).replaceAll(MARK, "a\\ud83d"), headers("application/json")),
};

for (const [sender, send] of Object.entries(SENDERS)) {
  test(`${sender} loses no point, wherever it stands`, async () => {
    for (const [place, request] of Object.entries(PLACES)) {
      const name = `service-${++names}`;
      const { rejected } = await send(request(name));
      assert.is(rejected, 0, place);
      const rows = database.all("SELECT dimensions FROM metrics WHERE service = ?", name);
      assert.is(rows.length, 2, place);
      for (const { dimensions } of rows) assert.ok(String(dimensions).isWellFormed());
      const all = rows.map(({ dimensions }) => String(dimensions)).join();
      if (place === "its value") assert.match(all, "\ufffd");
    }
  });
}

test("a service's broken name has _ where it is broken, as wherever a character may not stand", async () => {
  const request = (name: string) => ({
    resourceMetrics: [
      resourceMetrics({ "service.name": name + MARK }, [gauge("m", 1)]),
      resourceMetrics({ "service.name": name }, [gauge("m", 1)]),
    ],
  });
  const name = `service-${++names}`;
  await SENDERS["protobuf with a byte that is none"]?.(request(name));
  for (const each of [name, `${name}a_b`])
    assert.is(database.all("SELECT 1 FROM metrics WHERE service = ?", each).length, 1, each);
});

test.run();
