import { once } from "node:events";
import { connect, constants } from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { ConnectError } from "@connectrpc/connect";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ErrorInfoSchema } from "../../../gen/google/rpc/error_details_pb.js";
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

async function drain(stream: AsyncIterator<unknown>): Promise<void> {
  while (!(await stream.next()).done);
}

test("a shutdown ends an export that still runs, and says why", async () => {
  const service = await setupFilled();
  const door = service.doors.find(({ protocol }) => protocol === "gRPC");
  assert.ok(door);
  const stream = service
    .client(door)
    .exportEvents({ range: RANGE }, service.as(ALPHA_KEY))
    [Symbol.asyncIterator]();
  await stream.next();
  const closed = service.service.close();
  const failure = await drain(stream).catch((error: unknown) => error);
  assert.instance(failure, ConnectError);
  assert.is((failure as ConnectError).findDetails(ErrorInfoSchema)[0]?.reason, "shutting_down");
  assert.equal((await closed).failed, []);
  await service.close();
});

test.run();
