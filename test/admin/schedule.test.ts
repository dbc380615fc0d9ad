import { test } from "uvu";
import * as assert from "uvu/assert";
import { systemClock } from "../../src/lib/clock.ts";
import { DAY_MS } from "../../src/lib/time.ts";
import { temporaryPath } from "../sqlite/databases.ts";
import { send, storeMetrics } from "../support/http.ts";
import { ADMIN_KEY, startTestService, type TestService } from "../support/service.ts";
import { readRows } from "../support/sql.ts";
import { eventually, until } from "../support/wait.ts";

const PER_REQUEST = 10_000;

/** A database with this many metrics that are 200 days old and one of now. */
async function oldDatabase(rows: number): Promise<string> {
  const path = temporaryPath();
  const env = { SQLITE_DB_PATH: path, MAX_METRICS_PER_REQUEST: String(PER_REQUEST) };
  const service = await startTestService(env);
  for (let sent = 0; sent < rows; sent += PER_REQUEST) {
    const ages = Array.from({ length: Math.min(PER_REQUEST, rows - sent) }, () => 200 * DAY_MS);
    await store(service, ages);
  }
  await store(service, [1000]);
  await service.close();
  return path;
}

async function store(service: TestService, agesMs: readonly number[]): Promise<void> {
  const metrics = agesMs.map((age) => ({ type: "custom", value: 1, timestamp: Date.now() - age }));
  await storeMetrics(service.url, metrics, { key: ADMIN_KEY });
}

/** A clock that can jump: the wall's alone. */
function jumpingClock() {
  const clock = { ...systemClock, shiftMs: 0, wallMs: () => Date.now() + clock.shiftMs };
  return clock;
}

function count(path: string, sql = "SELECT count(*) AS n FROM metrics"): number {
  return Number(readRows(path, sql)[0]?.n);
}

/** One call to the administration of a service. */
async function call(
  service: TestService,
  method: string,
  path: string,
): Promise<Readonly<Record<string, unknown>>> {
  return (await send(method, service.url + path, { "x-api-key": ADMIN_KEY })).body;
}

const logged = (service: TestService, message: string) =>
  service.logs.filter((line) => String(line.message).startsWith(message)).length;
const AHEAD = "the clock is ahead";

test("what is over is deleted at the start, after it was rolled up, and counted", async () => {
  const path = await oldDatabase(700);
  const service = await startTestService({ SQLITE_DB_PATH: path });
  await eventually(() => logged(service, "retention deleted rows") > 0);
  assert.is(count(path), 1);
  assert.is(count(path, "SELECT sum(count) AS n FROM metrics_daily"), 701);
  const exposition = await (await fetch(service.prometheusUrl)).text();
  assert.match(exposition, /^retention_records_deleted 700$/m);
  assert.is(logged(service, AHEAD), 0);
  await service.close();
});

test("what gets over later is deleted by the schedule", async () => {
  const env = { SQLITE_DB_PATH: temporaryPath(), RETENTION_CLEANUP_INTERVAL_SECONDS: "1" };
  const service = await startTestService(env);
  await store(service, [200 * DAY_MS]);
  await eventually(() => logged(service, "retention deleted rows") > 0);
  assert.is(count(env.SQLITE_DB_PATH), 0);
  await service.close();
});

test("a shutdown does not wait for a cleanup, and the next start ends it: nothing too much, nothing too little", async () => {
  const path = await oldDatabase(30_000);
  const first = await startTestService({ SQLITE_DB_PATH: path });
  await until("the cleanup has begun", () => count(path) < 30_001, 60_000, 0);
  await first.service.close();
  const left = count(path);
  assert.ok(left > 1, "the cleanup was not over");
  const second = await startTestService({ SQLITE_DB_PATH: path });
  await eventually(() => logged(second, "retention deleted rows") > 0);
  assert.is(count(path), 1);
  assert.is(count(path, "SELECT sum(count) AS n FROM metrics_hourly"), 30_001);
  await second.close();
  await first.close();
});

test("a clock that jumps 90 days ahead deletes nothing early, restarts included; whoever vouches for it may", async () => {
  const path = await oldDatabase(0);
  const clock = jumpingClock();
  const env = { SQLITE_DB_PATH: path, RETENTION_CLEANUP_INTERVAL_SECONDS: "1" };
  let service = await startTestService(env, clock);
  assert.is(logged(service, AHEAD), 0);
  clock.shiftMs = 91 * DAY_MS;
  await eventually(() => logged(service, AHEAD) > 1);
  await service.service.close();
  assert.is(count(path), 1);
  await service.close();
  service = await startTestService(env, clock);
  await eventually(() => logged(service, AHEAD) > 1);
  assert.is(count(path), 1);

  const rejected = await call(service, "POST", "/admin/retention/cleanup?table_name=metrics&dry_run=false");
  assert.equal([rejected.records_deleted, rejected.reason], [0, "clock_ahead"]);
  const vouched = await call(
    service,
    "POST",
    "/admin/retention/cleanup?table_name=metrics&dry_run=false&force=true",
  );
  assert.equal([vouched.records_deleted, vouched.reason], [1, undefined]);
  await service.close();
});

test("METRICS_RETENTION_DAYS is the default of measurements; a policy that was set or turned off outlives a restart", async () => {
  const path = temporaryPath();
  const policies = async (service: TestService) => {
    const found = (await call(service, "GET", "/admin/retention/policies")) as Record<
      string,
      Record<string, unknown>
    >;
    return ["metrics", "auth_metrics", "tool_metrics", "metrics_hourly", "api_key_usage_log"].map((name) => [
      found[name]?.retention_days,
      found[name]?.is_active,
    ]);
  };
  let service = await startTestService({ SQLITE_DB_PATH: path, METRICS_RETENTION_DAYS: "30" });
  assert.equal(await policies(service), [
    [30, true],
    [30, true],
    [30, true],
    [365, true],
    [90, true],
  ]);
  await call(service, "PUT", "/admin/retention/policies/auth_metrics?retention_days=400");
  await call(service, "PUT", "/admin/retention/policies/tool_metrics?is_active=false");
  await service.close();
  service = await startTestService({ SQLITE_DB_PATH: path, METRICS_RETENTION_DAYS: "7" });
  assert.equal(await policies(service), [
    [7, true],
    [400, true],
    [30, false],
    [365, true],
    [90, true],
  ]);
  await service.close();
});

test.run();
