/** What keys use is counted to the request, stored in batches, and survives what it says it survives. */

import { once } from "node:events";
import { request } from "node:http";
import { create as createMessage, toBinary } from "@bufbuild/protobuf";
import Libsql from "libsql";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { SubmitRequestSchema } from "../../gen/mcp/metrics/v1/metrics_service_pb.js";
import { hashKey } from "../../src/access/api-key.ts";
import { runCli } from "../cli/run-cli.ts";
import { submit } from "../faults/requests.ts";
import { temporaryPath } from "../sqlite/databases.ts";
import { openDoors } from "../support/doors.ts";
import { ADMIN_KEY, NEW_KEY, startTestService, type TestService, WRITER_KEY } from "../support/service.ts";
import { createServices, KEYS } from "../support/service-process.ts";
import { toMessage, toRestJson } from "../support/spellings.ts";
import { until } from "../support/wait.ts";
import { GOOD_METRIC } from "./door-case.ts";
import { answered, counted, createUsageClock, dailyUsage, usageLog } from "./usage-records.ts";

const { start, killAll } = createServices();
test.after.each(killAll);

const submission = { service: "test", metrics: [GOOD_METRIC] };
const SUBMIT = "/mcp.metrics.v1.MetricsService/Submit";
const NOON = Date.UTC(2026, 0, 30, 12);
const JSON_TYPE = { "content-type": "application/json" };

interface World extends TestService {
  readonly clock: ReturnType<typeof createUsageClock>;
}

async function within(
  databasePath: string,
  work: (world: World) => Promise<void>,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const clock = createUsageClock(NOON);
  const service = await startTestService({ SQLITE_DB_PATH: databasePath, ...env }, clock);
  try {
    await work({ ...service, clock });
  } finally {
    await service.close();
  }
}

const writes = (world: World) =>
  counted(world, "database_operations_total", { table: "api_key_usage_log", operation: "upsert" });

test("under load through every protocol, the rows add up to the requests sent, rejections included, in one write", () =>
  within(temporaryPath(), async (world) => {
    const { service, clock, databasePath } = world;
    const { record, secret } = await service.keys.create({ ...NEW_KEY, dailyUsageLimit: 700 });
    const doors = openDoors(world.url);
    const kinds = [submission, submission, { service: "", metrics: [] }];
    const calls = Array.from({ length: 900 }, (_, at) => {
      const door = doors[at % doors.length];
      return door?.submit(kinds[Math.floor(at / doors.length) % 3] ?? submission, { "x-api-key": secret });
    });
    const outcomes = await Promise.all(calls);
    const wrong = await fetch(`${world.url}/metrics`, { method: "POST", headers: { "x-api-key": "wrong" } });
    assert.is(wrong.status, 401);
    await answered(world, 901);
    const before = await writes(world);
    await clock.flushUsage();
    assert.is((await writes(world)) - before, 1);

    const isRest = (at: number) => doors[at % doors.length]?.protocol === "REST";
    const count = (rest: boolean, failure: string | undefined) =>
      outcomes.filter((outcome, at) => isRest(at) === rest && outcome?.failure === failure).length;
    const lines = (endpoint: string, rest: boolean) => [
      `${endpoint} 200 ${count(rest, undefined)}`,
      `${endpoint} 422 ${count(rest, "validation_failed")}`,
      `${endpoint} 429 ${count(rest, "daily_limit_exceeded")}`,
    ];
    const log = usageLog(databasePath, record.keyHash);
    assert.equal(
      log.map(({ endpoint, status, requests }) => `${endpoint} ${status} ${requests}`),
      [...lines(SUBMIT, false), ...lines("/metrics", true)],
    );
    assert.ok(log.every(({ timestamp, ms }) => timestamp === "2026-01-30T12:00:00.000Z" && ms > 0));
    const [key] = (await service.keys.list()).filter(({ id }) => id === record.id);
    assert.equal([key?.usageCount, key?.lastUsedMs], [900, NOON]);
    assert.equal(dailyUsage(databasePath, record.id), { "2026-01-30": 700 });
    for (const door of doors) door.close();
  }));

test("bytes are those of the bodies as they were sent, announced or not; of a rejected one none", () =>
  within(temporaryPath(), async (world) => {
    const { service, clock, databasePath } = world;
    const json = toRestJson(submission);
    const message = toBinary(SubmitRequestSchema, createMessage(SubmitRequestSchema, toMessage(submission)));
    const bytesOf = async (work: (key: string) => Promise<unknown>, rateLimit = 1000) => {
      const { record, secret } = await service.keys.create({ ...NEW_KEY, rateLimit });
      await work(secret);
      // Its last answer may not be counted yet.
      await until("a row", async () => {
        await clock.flushUsage();
        return usageLog(databasePath, record.keyHash).length > 0;
      });
      return usageLog(databasePath, record.keyHash).map(({ status, bytes }) => [status, bytes]);
    };
    for (const path of ["/metrics", SUBMIT]) {
      const announced = (key: string) => post(world, path, key, json, { "content-length": json.length });
      assert.equal(await bytesOf(announced), [[200, json.length]], path);
      const chunked = (key: string) => post(world, path, key, json, { "transfer-encoding": "chunked" });
      assert.equal(await bytesOf(chunked), [[200, json.length]], path);
    }
    for (const door of openDoors(world.url)) {
      const [row = []] = await bytesOf((key) => door.submit(submission, { "x-api-key": key }));
      if (door.protocol === "gRPC") assert.equal(row, [200, message.length + 5]);
      assert.ok(Number(row[1]) >= message.length, door.name);
      door.close();
    }
    const refused = await bytesOf((key) => post(world, "/metrics", key, json, {}, "GET"));
    assert.equal(refused, [[403, 0]]);
  }));

/** One request over HTTP/1.1; the status it was answered with. */
async function post(
  { service }: World,
  path: string,
  key: string,
  body: string,
  headers: Readonly<Record<string, string | number>>,
  method = "POST",
): Promise<number> {
  const sent = request({
    port: service.port,
    host: "127.0.0.1",
    path,
    method,
    agent: false,
    headers: { ...JSON_TYPE, "x-api-key": key, ...headers },
  });
  sent.end(method === "GET" ? undefined : body);
  const [response] = await once(sent, "response");
  response.resume();
  await once(response, "end");
  return response.statusCode;
}

test("each minute is a row, and nothing is written when nothing was used", () =>
  within(temporaryPath(), async (world) => {
    const { clock, databasePath } = world;
    const send = () => post(world, "/metrics", WRITER_KEY, toRestJson(submission), {});
    await send();
    clock.nowMs += 59_999;
    await send();
    await answered(world, 2);
    await clock.flushUsage();
    clock.nowMs += 1;
    await send();
    await answered(world, 3);
    await clock.flushUsage();
    const rows = usageLog(databasePath, hashKey(WRITER_KEY));
    const told = rows.map(({ timestamp, requests }) => `${timestamp} ${requests}`);
    assert.equal(told, ["2026-01-30T12:00:00.000Z 2", "2026-01-30T12:01:00.000Z 1"]);
    const before = await writes(world);
    await clock.flushUsage();
    assert.is(await writes(world), before);
  }));

test("scrapes of the other port are counted where they need a key", () => {
  const scrape = async ({ prometheusUrl, service, clock, databasePath }: World) => {
    const keys = await Promise.all(
      (["reader", "writer"] as const).map((role) => service.keys.create({ ...NEW_KEY, role })),
    );
    for (const { secret } of keys)
      await (await fetch(prometheusUrl, { headers: { "x-api-key": secret } })).text();
    const logs = () => keys.flatMap(({ record }) => usageLog(databasePath, record.keyHash));
    await until("both rows", async () => {
      await clock.flushUsage();
      return logs().length === 2;
    });
    const told = logs().map(({ endpoint, status, requests }) => `${endpoint} ${status} ${requests}`);
    assert.equal(told, ["/metrics 200 1", "/metrics 403 1"]);
  };
  return within(temporaryPath(), scrape, { PROMETHEUS_AUTH: "key" });
});

test("the command line's own key is in no log", () =>
  within(temporaryPath(), async ({ databasePath, clock }) => {
    const { code, stdout } = await runCli(["keys", "list", "--json"], { SQLITE_DB_PATH: databasePath });
    assert.is(code, 0);
    await clock.flushUsage();
    assert.ok(JSON.parse(stdout).every((key: { usage_count: number }) => key.usage_count === 0));
    assert.equal(usageLog(databasePath, hashKey(ADMIN_KEY)), []);
  }));

test("while storage takes nothing, counts wait, and then each is stored once", () =>
  within(temporaryPath(), async (world) => {
    const { clock, databasePath, logs, url } = world;
    const headers = { "x-api-key": WRITER_KEY };
    const look = () => fetch(`${url}/rate-limit`, { headers });
    const blocker = new Libsql(databasePath);
    blocker.exec("BEGIN IMMEDIATE");
    for (let round = 1; round <= 2; round += 1) {
      assert.is((await look()).status, 200);
      await answered(world, round);
      await clock.flushUsage();
    }
    assert.ok(logs.some(({ message }) => message === "maintenance failed"));
    blocker.exec("ROLLBACK");
    blocker.close();
    await look();
    await answered(world, 3);
    for (let round = 1; round <= 2; round += 1) await clock.flushUsage();
    const [row, ...others] = usageLog(databasePath, hashKey(WRITER_KEY));
    assert.equal([row?.endpoint, row?.status, row?.requests, others], ["/rate-limit", 200, 3, []]);
  }));

/** The key's rows, added up. */
function requestsIn(databasePath: string, key: string): number {
  return usageLog(databasePath, hashKey(key)).reduce((sum, { requests }) => sum + requests, 0);
}

test("a service that is asked to stop stores every request before it ends", async () => {
  const databasePath = temporaryPath();
  const service = await start(databasePath);
  for (let value = 0; value < 20; value += 1) assert.is((await submit(service.port, [value])).status, 200);
  assert.is((await service.stop("SIGTERM")).code, 0);
  assert.is(requestsIn(databasePath, KEYS.gateway), 20);
});

test("kill -9 forgets no request that was stored, and quotas go on from there", async () => {
  const databasePath = temporaryPath();
  const env = { SQLITE_DB_PATH: databasePath };
  const first = await start(databasePath);
  const created = await runCli(["keys", "create", "gateway", "--daily-limit", "5", "--json"], env);
  const { key } = JSON.parse(created.stdout) as { key: string };
  const send = async (port: number) => {
    const body = JSON.stringify({ service: "gateway", metrics: [GOOD_METRIC] });
    const headers = { ...JSON_TYPE, "x-api-key": key };
    return (await fetch(`http://127.0.0.1:${port}/metrics`, { method: "POST", headers, body })).status;
  };
  for (let call = 0; call < 3; call += 1) assert.is(await send(first.port), 200);
  await until("the flush", () => requestsIn(databasePath, key) === 3);
  await first.stop("SIGKILL");
  const second = await start(databasePath);
  const statuses: number[] = [];
  for (let call = 0; call < 4; call += 1) statuses.push(await send(second.port));
  assert.equal(statuses, [200, 200, 429, 429]);
  await second.stop("SIGTERM");
  assert.is(requestsIn(databasePath, key), 7);
});

test.run();
