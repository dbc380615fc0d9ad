import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Database } from "../../src/sqlite/file/database.ts";
import { createKey, listKeys, rotateKey } from "../../src/sqlite/keys/key-store.ts";
import { listDailyUsage, recordUsage } from "../../src/sqlite/keys/usage-store.ts";
import type { NewApiKey, UsageRow } from "../../src/store/keys.ts";
import { openMigrated } from "./databases.ts";

const NOW = Date.UTC(2026, 4, 31, 23, 59, 10);
const DAY = Math.floor(NOW / 86_400_000);
const MINUTE = NOW - (NOW % 60_000);

const NEW_KEY: NewApiKey = {
  keyHash: "hash",
  service: "auth",
  role: "writer",
  rateLimit: 60,
  allowedServices: [],
  expiresMs: undefined,
  description: "",
  dailyUsageLimit: 1e12,
  monthlyUsageLimit: undefined,
};

function setup() {
  const database = openMigrated();
  const key = createKey(database, NEW_KEY, NOW);
  const row: UsageRow = {
    apiKeyId: key.id,
    endpoint: "/metrics",
    statusCode: 200,
    minuteMs: MINUTE,
    requestCount: 3,
    bytesProcessed: 100,
    durationMs: 0.5,
    lastMs: NOW,
  };
  return { database, key, row };
}

function logOf(database: Database) {
  return database
    .all("SELECT * FROM api_key_usage_log ORDER BY id")
    .map((row) => [row.timestamp, row.endpoint, row.status_code, row.request_count, row.bytes_processed]);
}

test("a row is one key, endpoint, status and minute: what comes later is added to it", () => {
  const { database, row } = setup();
  const others = [
    { ...row, endpoint: "/flush" },
    { ...row, statusCode: 429 },
    { ...row, minuteMs: MINUTE + 60_000 },
  ];
  recordUsage(database, { log: [row, ...others], daily: [] }, NOW);
  recordUsage(database, { log: [{ ...row, requestCount: 2, bytesProcessed: 50 }], daily: [] }, NOW);
  const minute = "2026-05-31T23:59:00.000Z";
  assert.equal(logOf(database), [
    [minute, "/metrics", 200, 5, 150],
    [minute, "/flush", 200, 3, 100],
    [minute, "/metrics", 429, 3, 100],
    ["2026-06-01T00:00:00.000Z", "/metrics", 200, 3, 100],
  ]);
  const first = database.first(
    "SELECT key_hash, service_name, duration_ms, typeof(request_count) AS type FROM api_key_usage_log",
  );
  assert.equal([first?.key_hash, first?.service_name, first?.duration_ms], ["hash", "auth", 1]);
  assert.is(first?.type, "integer");
  database.close();
});

test("usage_count grows by all of them, and last_used_at never goes back", () => {
  const { database, row } = setup();
  recordUsage(database, { log: [row, { ...row, statusCode: 401, lastMs: NOW - 5 }], daily: [] }, NOW);
  recordUsage(database, { log: [{ ...row, lastMs: NOW - 86_400_000 }], daily: [] }, NOW);
  const [key] = listKeys(database);
  assert.equal([key?.usageCount, key?.lastUsedMs], [9, NOW]);
  const stored = database.first("SELECT last_used_at, typeof(usage_count) AS type FROM api_keys");
  assert.equal([stored?.last_used_at, stored?.type], ["2026-05-31T23:59:10.000Z", "integer"]);
  database.close();
});

test("days are stored as a whole: the same once more changes nothing, and less neither", () => {
  const { database, key } = setup();
  const day = { apiKeyId: key.id, day: DAY, requestCount: 7 };
  for (const requestCount of [7, 7, 9, 8]) {
    recordUsage(database, { log: [], daily: [{ ...day, requestCount }] }, NOW);
  }
  assert.equal(listDailyUsage(database), [{ ...day, requestCount: 9 }]);
  const [row] = database.all("SELECT date FROM api_key_daily_usage");
  assert.is(row?.date, "2026-05-31");
  database.close();
});

test("this month's days and the last month's are kept, older ones are forgotten", () => {
  const { database, key } = setup();
  const daily = [0, 30, 61, 62, 63, 400].map((ago) => ({
    apiKeyId: key.id,
    day: DAY - ago,
    requestCount: 1,
  }));
  recordUsage(database, { log: [], daily }, NOW);
  const ago = listDailyUsage(database).map(({ day }) => DAY - day);
  assert.equal(ago, [62, 61, 30, 0]);
  database.close();
});

test("a record that fails at any of its statements stores nothing", () => {
  for (const table of ["api_key_usage_log", "api_keys", "api_key_daily_usage"]) {
    const { database, key, row } = setup();
    const daily = [{ apiKeyId: key.id, day: DAY, requestCount: 3 }];
    for (const event of ["INSERT", "UPDATE"]) {
      const name = `no_${event}`;
      database.script(
        `CREATE TRIGGER ${name} BEFORE ${event} ON ${table} BEGIN SELECT RAISE(ABORT, 'no'); END`,
      );
    }
    assert.throws(() => recordUsage(database, { log: [row], daily }, NOW), /no/);
    assert.equal([logOf(database), listDailyUsage(database)], [[], []], table);
    assert.is(listKeys(database)[0]?.usageCount, 0);
    database.close();
  }
});

test("rotating carries limits and days over, and leaves the count of the old key where it is", () => {
  const { database, key, row } = setup();
  const daily = [DAY, DAY - 1].map((day) => ({ apiKeyId: key.id, day, requestCount: 3 }));
  recordUsage(database, { log: [row], daily }, NOW);
  const input = { id: key.id, keyHash: "next", oldExpiresMs: NOW, nowMs: NOW };
  const { replacement } = database.transaction(() => rotateKey(database, input));
  assert.equal([replacement.dailyUsageLimit, replacement.monthlyUsageLimit], [1e12, undefined]);
  assert.equal([replacement.usageCount, replacement.lastUsedMs], [0, undefined]);
  const days = (id: number) => listDailyUsage(database).filter(({ apiKeyId }) => apiKeyId === id);
  assert.equal(
    days(replacement.id),
    days(key.id).map((day) => ({ ...day, apiKeyId: replacement.id })),
  );
  assert.is(days(key.id).length, 2);
  database.close();
});

test.run();
