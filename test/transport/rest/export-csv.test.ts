import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { HOUR_MS } from "../../../src/lib/time.ts";
import { temporaryPath } from "../../sqlite/databases.ts";
import { openRestDoors } from "../../support/doors.ts";
import { fillDatabase } from "../../support/fill-database.ts";
import { ALPHA_KEY, BETA_KEY } from "../../support/service.ts";
import { BASE_MS, setup } from "../rpc/queried-service.ts";

const ROWS = 200_000;
const CLIENTS = 3;
const databasePath = temporaryPath();
fillDatabase(databasePath, { rows: ROWS, startMs: BASE_MS - 100 * HOUR_MS, spanMs: HOUR_MS });
const service = await setup({ SQLITE_DB_PATH: databasePath });
await service.submitTools();
const doors = openRestDoors(service.url);

test.after(async () => {
  for (const door of doors) door.close();
  await service.close();
});

const iso = (ms: number) => new Date(ms).toISOString();
const HEADER =
  "id,request_id,timestamp,service,service_version,instance_id,metric_type,value,duration_ms,dimensions,metadata,created_at,count";
const ALL_ROWS = `/api/export.csv?start=${iso(BASE_MS - 100 * HOUR_MS)}&end=${iso(BASE_MS - 99 * HOUR_MS)}`;
const HOUR = `start=${BASE_MS}&end=${BASE_MS / 1000 + 3600}`;

test("an export has a header and a record a metric, oldest first, over both versions of HTTP", async () => {
  for (const door of doors) {
    const { status, text, headers } = await door.send("GET", `/api/export.csv?${HOUR}`, {
      "x-api-key": ALPHA_KEY,
    });
    assert.is(status, 200);
    assert.is(headers.get("content-type"), "text/csv; charset=utf-8; header=present");
    const lines = text.split("\r\n");
    assert.equal([lines[0], lines.length, lines.at(-1)], [HEADER, 12, ""]);
    assert.match(
      lines[1] ?? "",
      /^\d+,req_[0-9a-f]{16},[^,]+Z,alpha,,,tool_execution,1,10,"\{.*""tool_name"":""sort"".*\}",\{\},[^,]+Z,1$/,
    );
    const times = lines.slice(1, -1).map((line) => line.split(",")[2]);
    assert.equal(
      times,
      Array.from({ length: 10 }, (_, index) => iso(BASE_MS + index * 60_000)),
    );
  }
});

const selections = [
  { name: "every service to a reader", query: HOUR, key: service.readerKey, records: 15 },
  { name: "one service", query: `${HOUR}&service=beta`, key: service.readerKey, records: 5 },
  {
    name: "nothing of another service to a writer",
    query: `${HOUR}&service=beta`,
    key: ALPHA_KEY,
    records: 0,
  },
  { name: "one of two tools", query: `${HOUR}&tool=find&tool=none`, key: service.readerKey, records: 5 },
  {
    name: "failures of a type",
    query: `${HOUR}&type=tool_execution&success=false`,
    key: service.readerKey,
    records: 2,
  },
  { name: "nothing of another type", query: `${HOUR}&type=custom`, key: service.readerKey, records: 0 },
];

for (const { name, query, key, records } of selections) {
  test(`an export gives ${name}`, async () => {
    const answer = await fetch(`${service.url}/api/export.csv?${query}`, { headers: { "x-api-key": key } });
    const lines = (await answer.text()).split("\r\n");
    assert.equal([answer.status, lines[0], lines.length - 2], [200, HEADER, records]);
  });
}

const refusals = [
  { name: "an unknown parameter", query: "colour=red", error: "filters[0].dimension" },
  { name: "a time that is none", query: "start=yesterday", error: "start" },
  { name: "an unknown type", query: "type=x", error: "types" },
];

for (const { name, query, error } of refusals) {
  test(`an export with ${name} is rejected before anything is sent`, async () => {
    for (const door of doors) {
      const { status, text } = await door.send("GET", `/api/export.csv?${query}`, { "x-api-key": BETA_KEY });
      assert.is(status, 422, text);
      assert.ok(JSON.parse(text).errors[0].startsWith(`${error}: `), text);
    }
  });
}

test("HEAD says what GET would, without a body", async () => {
  for (const door of doors) {
    const { status, text } = await door.send("HEAD", `/api/export.csv?${HOUR}`, { "x-api-key": ALPHA_KEY });
    assert.equal([status, text], [200, ""]);
  }
});

/** An export whose bytes nobody takes yet. */
async function openSlowly(): Promise<IncomingMessage> {
  const request = get(`${service.url}${ALL_ROWS}`, { headers: { "x-api-key": ALPHA_KEY } });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.pause();
  return response;
}

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

function memoryInUse(): number {
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}

test("what slow clients do not take is not read, holds no lock, and comes when they take it", async () => {
  const before = await pagesReadInAll();
  const memoryBefore = memoryInUse();
  const slow = await Promise.all(Array.from({ length: CLIENTS }, openSlowly));
  const pages = (await pagesReadInAll()) - before;
  // The kernel holds some megabytes of each.
  assert.ok(pages > 0 && pages < (CLIENTS * ROWS) / 250 / 2, `${pages} pages`);
  // Of the whole process, in which other tests have run: what they leave behind is not ours.
  assert.ok(memoryInUse() - memoryBefore < 150_000_000);
  await service.submit(BETA_KEY, "beta", [{ type: "custom", value: 1 }]);
  let records = 0;
  for (const response of slow) {
    let text = "";
    for await (const chunk of response.setEncoding("latin1")) {
      text += chunk;
      const lines = text.split("\r\n");
      text = lines.pop() ?? "";
      records += lines.length;
    }
  }
  assert.is(records, CLIENTS * (ROWS + 1));
});

test("a client that leaves ends its export: the rest is not read", async () => {
  const before = await pagesReadInAll();
  const response = await openSlowly();
  response.destroy();
  const pages = (await pagesReadInAll()) - before;
  assert.ok(pages < ROWS / 250 / 2, `${pages} pages`);
  assert.not.ok(
    service.logs.some(({ level }) => level === "ERROR"),
    JSON.stringify(service.logs.at(-1)),
  );
});

test.run();
