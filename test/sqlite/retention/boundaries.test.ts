import { test } from "uvu";
import * as assert from "uvu/assert";
import { findMetricType } from "../../../src/catalogue/catalogue.ts";
import { DAY_MS, HOUR_MS } from "../../../src/lib/time.ts";
import { readStored } from "../../../src/sqlite/query/stored.ts";
import { NOW_MS } from "../../support/time.ts";
import { storeServer } from "../directory/entries.ts";
import { cleanUp, GROUPS, previewed, setDays, setup, TYPE_OF, times } from "./cleanups.ts";

for (const [table, type] of Object.entries(TYPE_OF)) {
  test(`${table}: what happened a millisecond before the cutoff goes, what happened at it stays`, () => {
    const { database, submit, rollUp } = setup();
    setDays(database, table, 3);
    const cutoff = NOW_MS - 3 * DAY_MS;
    submit(type, cutoff + 1, cutoff, cutoff - 1, 0);
    rollUp();
    assert.equal(cleanUp(database, GROUPS[0] ?? []).deleted, { [table]: 2 });
    assert.equal(times(database), [cutoff, cutoff + 1]);
    database.close();
  });

  test(`${table}: its policy governs its own types and no others`, () => {
    const { database, submit, rollUp } = setup();
    for (const each of Object.values(TYPE_OF)) submit(each, NOW_MS - 2 * DAY_MS);
    rollUp();
    setDays(database, table, 1);
    assert.equal(cleanUp(database, [table]).deleted, { [table]: 1 });
    const left = Object.values(TYPE_OF).filter((each) => times(database, each).length === 1);
    assert.equal(
      left,
      Object.values(TYPE_OF).filter((each) => each !== type),
    );
    database.close();
  });
}

test("every type without a table of its own is governed by the policy of metrics", () => {
  const { database, submit, rollUp } = setup();
  for (const type of ["custom", "protocol_latency", "registry_operation"]) submit(type, NOW_MS - 2 * DAY_MS);
  rollUp();
  setDays(database, "metrics", 1);
  assert.equal(cleanUp(database, GROUPS[0] ?? []).deleted, { metrics: 3 });
  database.close();
});

test("one policy over measurements does not shorten another", () => {
  const { database, submit, rollUp } = setup();
  for (const type of Object.values(TYPE_OF)) submit(type, NOW_MS - 5 * DAY_MS, NOW_MS - 20 * DAY_MS);
  rollUp();
  setDays(database, "metrics", 1);
  setDays(database, "auth_metrics", 10);
  setDays(database, "tool_metrics", 1, false);
  assert.equal(cleanUp(database, GROUPS[0] ?? []).deleted, { metrics: 2, auth_metrics: 1 });
  assert.equal(times(database, "auth_request"), [NOW_MS - 5 * DAY_MS]);
  assert.is(times(database, "tool_execution").length, 2);
  assert.is(times(database, "tool_discovery").length, 2);
  database.close();
});

const ROLLUPS = [
  { table: "metrics_hourly", column: "hour_timestamp", bucketMs: HOUR_MS },
  { table: "metrics_daily", column: "date", bucketMs: DAY_MS },
] as const;

for (const { table, column, bucketMs } of ROLLUPS) {
  test(`${table}: a bucket goes, in every breakdown, once its end is at the cutoff`, () => {
    const { database, submit, rollUp } = setup();
    setDays(database, table, 10);
    // 00:00 UTC, so that both an hour and a day end there.
    const end = Date.UTC(2026, 1, 10);
    submit("auth_request", end - bucketMs, end - 1, end, NOW_MS);
    rollUp();
    const count = () => database.all(`SELECT ${column} FROM ${table}`).length;
    assert.is(count(), 3);
    const nowMs = end + 10 * DAY_MS;
    assert.equal(previewed(database, [table], nowMs - 1), {});
    assert.equal(cleanUp(database, [table], nowMs - 1).deleted, {});
    // The totals, and the breakdown by server, method and success.
    assert.equal(previewed(database, [table], nowMs), { [table]: 2 });
    assert.equal(cleanUp(database, [table], nowMs).deleted, { [table]: 2 });
    assert.is(count(), 2);
    assert.ok(Date.parse(String(database.first(`SELECT min(${column}) AS at FROM ${table}`)?.at)) >= end);
    database.close();
  });
}

test("deleting measurements changes no rollup, and deleting hours no day", () => {
  const { database, submit, rollUp } = setup();
  for (const type of Object.values(TYPE_OF)) submit(type, NOW_MS - 400 * DAY_MS, NOW_MS - 200 * DAY_MS);
  rollUp();
  const read = (table: string) => JSON.stringify(database.all(`SELECT * FROM ${table}`));
  const hourly = read("rollups_hourly");
  const daily = read("rollups_daily");
  cleanUp(database, GROUPS[0] ?? []);
  assert.is(read("rollups_hourly"), hourly);
  cleanUp(database, ["metrics_hourly"]);
  assert.not.equal(read("rollups_hourly"), hourly);
  assert.is(read("rollups_daily"), daily);
  assert.equal(times(database), []);
  database.close();
});

test("what a breakdown's rows refer to stays as long as one of them, also after a policy was shortened", () => {
  const { database, submit, rollUp, rollups } = setup();
  submit("auth_request", NOW_MS - 20 * DAY_MS);
  rollUp();
  const keys = () => Number(database.first("SELECT count(*) AS count FROM rollup_keys")?.count);
  const stored = keys();
  for (const { table } of ROLLUPS) setDays(database, table, 1);
  const today = Math.floor(NOW_MS / DAY_MS);
  for (const { table } of ROLLUPS.toReversed()) {
    assert.is(rollups.deleteKeysBefore(today, 100), 0);
    assert.is(keys(), stored);
    cleanUp(database, [table]);
  }
  assert.is(rollups.deleteKeysBefore(today, 100), stored);
  assert.is(keys(), 0);
  database.close();
});

for (const [table, oldest] of Object.entries({
  server_metrics: "SELECT min(ts) AS ms FROM server_points",
  server_metrics_daily: "SELECT min(day) * 86400000 AS ms FROM server_days",
  server_events: "SELECT unixepoch(min(created_at), 'subsec') * 1000 AS ms FROM server_events",
  server_usage: "SELECT unixepoch(min(created_at), 'subsec') * 1000 AS ms FROM server_usage",
})) {
  test(`${table}: what was before the cutoff goes, in its own unit of time, and nothing else does`, () => {
    const { database } = setup();
    setDays(database, table, 10);
    const cutoff = Date.UTC(2026, 1, 10);
    const nowMs = cutoff + 10 * DAY_MS;
    const step = table === "server_metrics_daily" ? DAY_MS : 1;
    for (const ms of [cutoff - step, cutoff, nowMs]) storeServer(database, ms);
    assert.equal(previewed(database, [table], nowMs), { [table]: 1 });
    const others = GROUPS.flat().filter((name) => name !== table);
    const rows = () => others.map((name) => database.first(`SELECT count(*) AS n FROM ${name}`)?.n);
    const before = rows();
    assert.equal(cleanUp(database, [table], nowMs).deleted, { [table]: 1 });
    assert.is(Number(database.first(oldest)?.ms), cutoff);
    assert.equal(rows(), before);
    database.close();
  });
}

test("the usage log goes by its timestamp", () => {
  const { database } = setup();
  const cutoff = NOW_MS - 90 * DAY_MS;
  for (const ms of [cutoff - 1, cutoff, NOW_MS]) {
    database.run(
      `INSERT INTO api_key_usage_log (key_hash, service_name, timestamp, endpoint, request_count, bytes_processed,
         duration_ms, status_code) VALUES ('h', 's', ?, '/metrics', 1, 1, 1, 200)`,
      new Date(ms).toISOString(),
    );
  }
  assert.equal(previewed(database, ["api_key_usage_log"]), { api_key_usage_log: 1 });
  assert.equal(cleanUp(database, ["api_key_usage_log"]).deleted, { api_key_usage_log: 1 });
  const left = database.first("SELECT min(timestamp) AS oldest FROM api_key_usage_log")?.oldest;
  assert.is(left, new Date(cutoff).toISOString());
  database.close();
});

for (const group of GROUPS) {
  test(`${group.join(", ")}: nothing goes while the policy is inactive`, () => {
    const { database, submit, rollUp } = setup();
    for (const type of Object.values(TYPE_OF)) submit(type, 0);
    rollUp();
    database.run(
      `INSERT INTO api_key_usage_log (key_hash, service_name, timestamp, endpoint, request_count, bytes_processed,
         duration_ms, status_code) VALUES ('h', 's', '1999-01-01T00:00:00.000Z', '/metrics', 1, 1, 1, 200)`,
    );
    storeServer(database, 0);
    for (const table of group) setDays(database, table, 1, false);
    assert.equal(cleanUp(database, group), { deleted: {}, steps: 1 });
    for (const table of group) setDays(database, table, 1, true);
    assert.equal(Object.keys(cleanUp(database, group).deleted).sort(), [...group].sort());
    database.close();
  });
}

test("queries know which hours, days and metrics are gone, and of no more", () => {
  const { database, submit, rollUp } = setup();
  const type = findMetricType("auth_request");
  if (type === undefined) throw new Error("no such type");
  const known = () => {
    const { rawFromMs, hourlyFromMs, dailyFromMs } = readStored(database)(type);
    return [rawFromMs, hourlyFromMs, dailyFromMs];
  };
  submit("auth_request", NOW_MS - 100 * DAY_MS, NOW_MS);
  rollUp();
  for (const table of ["auth_metrics", "metrics_hourly", "metrics_daily"]) {
    setDays(database, table, 101);
    assert.equal(cleanUp(database, [table]).deleted, {});
  }
  assert.equal(known(), [0, 0, 0], "where nothing was deleted");
  setDays(database, "metrics_hourly", 10);
  cleanUp(database, ["metrics_hourly"]);
  assert.equal(known(), [0, NOW_MS - 10 * DAY_MS, 0]);
  setDays(database, "metrics_daily", 20);
  cleanUp(database, ["metrics_daily"]);
  const firstDayMs = Math.floor(NOW_MS / DAY_MS - 20) * DAY_MS;
  assert.equal(known(), [0, NOW_MS - 10 * DAY_MS, firstDayMs]);
  setDays(database, "auth_metrics", 5);
  cleanUp(database, ["auth_metrics"]);
  assert.equal(known(), [NOW_MS - 5 * DAY_MS, NOW_MS - 10 * DAY_MS, firstDayMs]);
  database.close();
});

/** Types that are broken down: the others have one family. */
const BROKEN_DOWN = Object.entries(TYPE_OF).filter(
  ([, type]) => (findMetricType(type)?.rollups.length ?? 0) > 0,
);

for (const [table, type] of BROKEN_DOWN) {
  test(`${table}: while one family of rollups is behind, nothing that it has not seen goes`, () => {
    const { database, submit, rollups, rollUp } = setup();
    const old = NOW_MS - 200 * DAY_MS;
    submit(type, old);
    rollUp();
    submit(type, old + 1, old + 2);
    const behind =
      "SELECT count(*) AS families FROM rollup_families WHERE metric_type = ? AND last_measurement_id < 3";
    // Families that were written, until one is left that was not.
    while (Number(database.first(behind, type)?.families) > 1) {
      rollups.flushStep(NOW_MS);
      assert.is(Number(database.first(behind, type)?.families) > 0, true);
    }
    assert.equal(cleanUp(database, [table]).deleted, { [table]: 1 });
    assert.equal(times(database), [old + 1, old + 2]);
    rollUp();
    assert.equal(cleanUp(database, [table]).deleted, { [table]: 2 });
    const sum = "SELECT sum(count) AS count FROM metrics_daily WHERE metric_type = ?";
    assert.is(database.first(sum, type)?.count, 3);
    database.close();
  });
}

test("a measurement goes only after it is in every rollup", () => {
  const { database, submit, rollUp } = setup();
  submit("auth_request", NOW_MS - 200 * DAY_MS);
  assert.equal(cleanUp(database, ["auth_metrics"]).deleted, {});
  rollUp();
  submit("auth_request", NOW_MS - 300 * DAY_MS);
  assert.equal(cleanUp(database, ["auth_metrics"]).deleted, { auth_metrics: 1 });
  assert.equal(times(database), [NOW_MS - 300 * DAY_MS]);
  rollUp();
  assert.equal(cleanUp(database, ["auth_metrics"]).deleted, { auth_metrics: 1 });
  const sum = database.first(
    "SELECT sum(count) AS count FROM metrics_daily WHERE metric_type = 'auth_request'",
  );
  assert.is(sum?.count, 2);
  database.close();
});

test.run();
