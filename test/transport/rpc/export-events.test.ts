import { once } from "node:events";
import { connect, constants } from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ExportEventsRequestSchema } from "../../../gen/mcp/metrics/v1/query_service_pb.js";
import { HOUR_MS } from "../../../src/lib/time.ts";
import { temporaryPath } from "../../sqlite/databases.ts";
import { fillDatabase } from "../../support/fill-database.ts";
import { ALPHA_KEY } from "../../support/service.ts";
import { BASE_MS, setup } from "./queried-service.ts";

const ROWS = 20_000;
const RANGE = { start: timestampFromMs(BASE_MS), end: timestampFromMs(BASE_MS + HOUR_MS) };

async function setupFilled() {
  const databasePath = temporaryPath();
  fillDatabase(databasePath, { rows: ROWS, startMs: BASE_MS, spanMs: HOUR_MS });
  return setup({ SQLITE_DB_PATH: databasePath });
}

/** How often metrics were read from the database: once a page. */
async function pagesRead(prometheusUrl: string): Promise<number> {
  const text = await (await fetch(prometheusUrl)).text();
  const line = text.split("\n").find((each) => /^database_operations_total\{.*select.*"metrics"/.test(each));
  return Number(line?.split(" ").at(-1) ?? 0);
}

test("an export brings every metric once, in order, through every protocol", async () => {
  const service = await setupFilled();
  for (const door of service.doors.filter(({ http }) => http === 2)) {
    let next = 0;
    for await (const { events } of service
      .client(door)
      .exportEvents({ range: RANGE }, service.as(ALPHA_KEY))) {
      assert.ok(events.length >= 1 && events.length <= 1000);
      for (const { value } of events) assert.is(value, next++);
    }
    assert.is(next, ROWS, door.name);
  }
  await service.close();
});

test("a gRPC client that takes nothing makes the service read no more than the windows hold", async () => {
  const service = await setupFilled();
  const session = connect(service.url);
  const stream = session.request({
    ":method": "POST",
    ":path": "/mcp.metrics.v1.QueryService/ExportEvents",
    "content-type": "application/grpc",
    "x-api-key": ALPHA_KEY,
    te: "trailers",
  });
  const message = toBinary(ExportEventsRequestSchema, create(ExportEventsRequestSchema, { range: RANGE }));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  stream.end(Buffer.concat([head, message]));
  stream.pause();
  await once(stream, "response");
  let before = -1;
  let now = await pagesRead(service.prometheusUrl);
  while (now !== before) {
    for (let scrapes = 0; scrapes < 60; scrapes += 1) await pagesRead(service.prometheusUrl);
    before = now;
    now = await pagesRead(service.prometheusUrl);
  }
  assert.ok(now > 0 && now < 20, `${now} of ${ROWS / 250} pages`);
  stream.close(constants.NGHTTP2_CANCEL);
  await once(stream, "close");
  session.destroy();
  await service.close();
});

test("an export that runs when the service stops goes to its end, through every protocol", async () => {
  const service = await setupFilled();
  const exports = service.doors
    .filter(({ http }) => http === 2)
    .map((door) =>
      service.client(door).exportEvents({ range: RANGE }, service.as(ALPHA_KEY))[Symbol.asyncIterator](),
    );
  const counts = await Promise.all(exports.map(async (stream) => (await stream.next()).value?.events.length));
  const csv = await fetch(
    `${service.url}/api/export.csv?start=${BASE_MS}&end=${BASE_MS + HOUR_MS}`,
    service.as(ALPHA_KEY),
  );
  const closed = service.service.close();
  for (const [index, stream] of exports.entries()) {
    let count = counts[index] ?? 0;
    for await (const { events } of { [Symbol.asyncIterator]: () => stream }) count += events.length;
    assert.is(count, ROWS);
  }
  assert.is((await csv.text()).split("\r\n").length, ROWS + 2);
  assert.equal(await closed, { aborted: 0, failed: [] });
  await service.close();
});

test.run();
