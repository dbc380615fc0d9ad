/** Exports whose client leaves in their middle: through every door they end, and what is not sent is not read. */
import { once } from "node:events";
import { request as requestHttp1 } from "node:http";
import { type ClientHttp2Stream, connect, constants } from "node:http2";
import { create, toBinary, toJsonString } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ExportEventsRequestSchema } from "../../gen/mcp/metrics/v1/query_service_pb.js";
import { HOUR_MS } from "../../src/lib/time.ts";
import { openMigrated, releaseClosed, temporaryPath } from "../sqlite/databases.ts";
import { fillDatabase } from "../support/fill-database.ts";
import { envelope, type MediaType } from "../support/raw-rpc.ts";
import { ALPHA_KEY, startTestService, TWO_SERVICES } from "../support/service.ts";
import { NOW_MS } from "../support/time.ts";

const PAGES = 800;
const PAGE_ROWS = 250;
const START_MS = NOW_MS - 2 * HOUR_MS;
const databasePath = temporaryPath();
fillDatabase(databasePath, { rows: PAGES * PAGE_ROWS, startMs: START_MS, spanMs: HOUR_MS });
const service = await startTestService({ ...TWO_SERVICES, SQLITE_DB_PATH: databasePath });
const opened = [service];
test.after(async () => void (await Promise.all(opened.map(({ close }) => close()))));

interface Export {
  readonly name: string;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

const range = { start: timestampFromMs(START_MS), end: timestampFromMs(START_MS + HOUR_MS) };
const message = create(ExportEventsRequestSchema, { range });

function rpc(mediaType: MediaType): Export {
  const bytes = mediaType.endsWith("json")
    ? Buffer.from(toJsonString(ExportEventsRequestSchema, message))
    : toBinary(ExportEventsRequestSchema, message);
  return {
    name: mediaType,
    method: "POST",
    path: "/mcp.metrics.v1.QueryService/ExportEvents",
    headers: { "content-type": mediaType, "x-api-key": ALPHA_KEY, te: "trailers" },
    body: envelope(bytes),
  };
}

const CSV: Export = {
  name: "CSV",
  method: "GET",
  path: `/api/export.csv?start=${START_MS}&end=${START_MS + HOUR_MS}`,
  headers: { "x-api-key": ALPHA_KEY },
};
const RPCS = (
  ["application/connect+json", "application/connect+proto", "application/grpc-web+proto"] as const
).map(rpc);
const OVER_HTTP1 = [CSV, ...RPCS];
const OVER_HTTP2 = [...OVER_HTTP1, rpc("application/grpc")];

/** How often metrics were read from the database: once a page. */
async function pagesRead(): Promise<number> {
  const text = await (await fetch(service.prometheusUrl)).text();
  const line = text.split("\n").find((each) => /^database_operations_total\{.*select.*"metrics"/.test(each));
  return Number(line?.split(" ").at(-1) ?? 0);
}

/** The same, once nobody reads any more. */
async function pagesReadInAll(): Promise<number> {
  let before = -1;
  let now = await pagesRead();
  while (now !== before) {
    for (let scrapes = 0; scrapes < 60; scrapes += 1) await pagesRead();
    before = now;
    now = await pagesRead();
  }
  return now;
}

/** Resolves when the first bytes of the answer are there. */
function firstBytes(stream: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.once("data", () => resolve());
    stream.once("error", reject);
  });
}

type Leave = (stream: ClientHttp2Stream) => void;

const WAYS: readonly (readonly [name: string, leave: Leave])[] = [
  ...([constants.NGHTTP2_CANCEL, constants.NGHTTP2_NO_ERROR, constants.NGHTTP2_INTERNAL_ERROR] as const).map(
    (code): readonly [string, Leave] => [
      `resets the stream with code ${code}`,
      (stream) => stream.close(code),
    ],
  ),
  ["says goodbye and ends the connection", (stream) => stream.session?.destroy()],
  ["cuts the connection", (stream) => stream.session?.socket.destroy()],
];

async function leaveOverHttp2({ method, path, headers, body }: Export, leave: Leave): Promise<void> {
  const session = connect(service.url);
  session.on("error", () => undefined);
  const stream = session.request({ ":method": method, ":path": path, ...headers });
  stream.on("error", () => undefined);
  stream.end(body);
  await firstBytes(stream);
  leave(stream);
  await assertEnded();
  session.destroy();
}

async function leaveOverHttp1({ method, path, headers, body }: Export): Promise<void> {
  const request = requestHttp1(`${service.url}${path}`, { method, headers, agent: false });
  request.on("error", () => undefined);
  request.end(body);
  await new Promise<void>((resolve, reject) => {
    request.on("error", reject);
    request.on("response", (response) => firstBytes(response).then(resolve, reject));
  });
  request.destroy();
  await assertEnded();
}

let pagesBefore = await pagesRead();

/** The windows and the kernel hold some dozens of pages; one that goes on reads all. */
async function assertEnded(): Promise<void> {
  const pages = await pagesReadInAll();
  const read = pages - pagesBefore;
  pagesBefore = pages;
  assert.ok(read > 0 && read < PAGES / 4, `${read} of ${PAGES} pages`);
}

for (const asked of OVER_HTTP1) {
  test(`a ${asked.name} export over HTTP/1.1 ends when its client closes the connection`, () =>
    leaveOverHttp1(asked));
}

for (const asked of OVER_HTTP2) {
  for (const [name, leave] of WAYS) {
    test(`a ${asked.name} export over HTTP/2 ends when its client ${name}`, () =>
      leaveOverHttp2(asked, leave));
  }
}

/** Of the process, in bytes, once what nobody refers to is gone. */
async function memoryInUse(): Promise<number> {
  await releaseClosed();
  await releaseClosed();
  const { arrayBuffers, heapUsed, external } = process.memoryUsage();
  return arrayBuffers + heapUsed + external;
}

const STALLED = 20;

test("an export whose client takes nothing holds less than a megabyte, however long its metrics are", async () => {
  const path = temporaryPath();
  fillDatabase(path, { rows: 400, startMs: START_MS, spanMs: HOUR_MS });
  const database = openMigrated(path);
  database.script("UPDATE measurements SET payload = json_array(hex(randomblob(15000)))");
  database.close();
  const long = await startTestService({ ...TWO_SERVICES, SQLITE_DB_PATH: path });
  opened.push(long);
  for (const { method, path, headers, body, name } of OVER_HTTP2) {
    const session = connect(long.url, { settings: { initialWindowSize: 0 } });
    session.on("error", () => undefined);
    const before = await memoryInUse();
    const streams = Array.from({ length: STALLED }, () => {
      const stream = session.request({ ":method": method, ":path": path, ...headers });
      stream.on("error", () => undefined);
      stream.end(body);
      return stream;
    });
    await Promise.all(streams.map((stream) => once(stream, "response")));
    const held = ((await memoryInUse()) - before) / STALLED;
    assert.ok(held < 1_000_000, `${name}: ${held} bytes each`);
    session.destroy();
  }
});

test.run();
