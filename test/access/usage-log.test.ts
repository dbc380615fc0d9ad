import { test } from "uvu";
import * as assert from "uvu/assert";
import { type AnsweredCall, UsageLog } from "../../src/access/usage-log.ts";
import type { DailyUsage, UsageRecord, UsageRow } from "../../src/store/keys.ts";
import { TestClock, turn } from "../support/time.ts";

const ANSWER: AnsweredCall = { apiKeyId: 1, endpoint: "/metrics", status: 200, seconds: 0.5, bodyBytes: 10 };
const MINUTE = Date.UTC(2026, 0, 1);

/** A log over a store in memory that fails or waits when told to. */
function setup({ daily = [] as DailyUsage[] } = {}) {
  const clock = new TestClock();
  const records: UsageRecord[] = [];
  let calls = 0;
  const faults = { isFailing: (_call: number) => false, gate: Promise.resolve() };
  const saved: DailyUsage[] = [];
  const log = new UsageLog({
    wallMs: clock.wallMs,
    async store(record) {
      const copy = structuredClone(record);
      await faults.gate;
      calls += 1;
      if (faults.isFailing(calls)) throw new Error("disk full");
      records.push(copy);
    },
    unsavedUsage: () => daily,
    usageSaved: (days) => void saved.push(...days),
  });
  const rows = () => records.flatMap((record) => record.log);
  const total = (name: "requestCount" | "bytesProcessed" | "durationMs") =>
    rows().reduce((sum, row) => sum + row[name], 0);
  return { clock, records, faults, saved, log, rows, total };
}

test("a thousand requests of one kind are one row of one record", async () => {
  const { log, records, clock } = setup();
  for (let request = 0; request < 1000; request += 1) {
    log.add(ANSWER);
    clock.advance(10);
  }
  await log.flush();
  const row: UsageRow = {
    apiKeyId: 1,
    endpoint: "/metrics",
    statusCode: 200,
    minuteMs: MINUTE,
    requestCount: 1000,
    bytesProcessed: 10_000,
    durationMs: 500_000,
    lastMs: MINUTE + 9990,
  };
  assert.equal(records, [{ log: [row], daily: [] }]);
});

test("key, endpoint, status and minute make a row each", async () => {
  const { log, rows, clock } = setup();
  log.add(ANSWER);
  for (const change of [{ apiKeyId: 2 }, { endpoint: "/flush" }, { status: 429 }]) {
    log.add({ ...ANSWER, ...change });
  }
  clock.advance(60_000);
  log.add(ANSWER);
  await log.flush();
  const told = rows().map(
    ({ apiKeyId, endpoint, statusCode, minuteMs, requestCount }) =>
      `${apiKeyId} ${endpoint} ${statusCode} ${minuteMs - MINUTE} ${requestCount}`,
  );
  assert.equal(told.sort(), [
    "1 /flush 200 0 1",
    "1 /metrics 200 0 1",
    "1 /metrics 200 60000 1",
    "1 /metrics 429 0 1",
    "2 /metrics 200 0 1",
  ]);
});

test("nobody's key and the local command line's are not counted, and nothing is stored for nothing", async () => {
  const { log, records } = setup();
  log.add({ ...ANSWER, apiKeyId: undefined });
  log.add({ ...ANSWER, apiKeyId: 0 });
  await log.flush();
  assert.equal(records, []);
});

test("a failed flush says so, keeps every count, and the next one stores each once", async () => {
  const { log, faults, records, total } = setup();
  faults.isFailing = (call) => call <= 2;
  log.add(ANSWER);
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const failure = await log.flush().catch((error: Error) => error);
    assert.is(failure?.message, "disk full");
    log.add(ANSWER);
  }
  await log.flush();
  await log.flush();
  assert.is(records.length, 1);
  assert.equal([total("requestCount"), total("bytesProcessed"), total("durationMs")], [3, 30, 1500]);
});

test("two flushes at once store each request once", async () => {
  const { log, records, total } = setup();
  log.add(ANSWER);
  await Promise.all([log.flush(), log.flush()]);
  assert.equal([records.length, total("requestCount")], [1, 1]);
});

test("what is counted while a flush is under way goes with the next, once", async () => {
  const { log, faults, total, clock } = setup();
  let open = () => {};
  faults.gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  log.add(ANSWER);
  const flushed = log.flush();
  await turn();
  log.add(ANSWER);
  clock.advance(60_000);
  log.add(ANSWER);
  open();
  await flushed;
  await log.flush();
  assert.equal([total("requestCount"), total("bytesProcessed")], [3, 30]);
});

test("many rows go in several records, and one that fails leaves those before it stored", async () => {
  const { log, faults, records, rows } = setup();
  for (let apiKeyId = 1; apiKeyId <= 450; apiKeyId += 1) log.add({ ...ANSWER, apiKeyId });
  faults.isFailing = (call) => call === 2;
  const failure = await log.flush().catch((error: Error) => error);
  assert.is(failure?.message, "disk full");
  assert.is(records.length, 1);
  await log.flush();
  assert.equal(
    records.map((record) => record.log.length),
    [100, 100, 100, 100, 50],
  );
  assert.is(new Set(rows().map(({ apiKeyId }) => apiKeyId)).size, 450);
});

test("quotas are stored in the record of the log, and known as stored only then", async () => {
  const daily = [{ apiKeyId: 1, day: 20_000, requestCount: 5 }];
  const { log, faults, records, saved } = setup({ daily });
  faults.isFailing = (call) => call === 1;
  await log.flush().catch(() => {});
  assert.equal(saved, []);
  await log.flush();
  assert.equal([records, saved], [[{ log: [], daily }], daily]);
});

test("while storage is down for a year, memory stays bounded and no request is forgotten", async () => {
  const { log, records, total, clock } = setup();
  const minutes = 365 * 1440;
  for (let minute = 0; minute < minutes; minute += 1) {
    log.add(ANSWER);
    clock.advance(60_000);
  }
  await log.flush();
  const rowCount = records.reduce((sum, record) => sum + record.log.length, 0);
  assert.ok(rowCount <= 10_001, `${rowCount} rows`);
  assert.is(total("requestCount"), minutes);
});

test.run();
