/** What README promises of ranges of time in the views: an index finds the rows. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { HOUR_MS } from "../../src/lib/time.ts";
import type { Database } from "../../src/sqlite/file/database.ts";
import { point } from "../store/directory-entries.ts";
import { NOW_MS } from "../support/time.ts";
import { openMigrated } from "./databases.ts";
import { entry, openDirectory } from "./directory/entries.ts";
import { createSubmitter } from "./submitter.ts";

/** View or table → its column of time, and the index that serves it. */
const TIMES: readonly (readonly [view: string, column: string, index: string])[] = [
  ["metrics", "timestamp", "measurements_timestamp"],
  ["auth_metrics", "timestamp", "measurements_timestamp"],
  ["discovery_metrics", "timestamp", "measurements_timestamp"],
  ["tool_metrics", "timestamp", "measurements_timestamp"],
  ["metrics_hourly", "hour_timestamp", "rollups_hourly_hour_timestamp"],
  ["metrics_daily", "date", "rollups_daily_date"],
  ["server_metrics", "recorded_at", "server_points_recorded_at"],
  ["server_metrics_daily", "metric_date", "server_days_metric_date"],
  ["server_events", "created_at", "server_events_created_at"],
  ["server_usage", "created_at", "server_usage_created_at"],
  ["api_key_usage_log", "timestamp", "api_key_usage_log_minute"],
];

/** How people bound a time; `?` is the column. */
const RANGES = [
  "? > '2026-03-01T11:00:00.000Z'",
  "? >= '2026-03-01' AND ? < '2026-03-02'",
  "? BETWEEN '2026-03-01' AND '2026-03-02'",
  "? <= '2026-03-01'",
  "? > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-5 minutes')",
];

const planOf = (database: Database, sql: string) =>
  database.all(`EXPLAIN QUERY PLAN ${sql}`).map(({ detail }) => String(detail));

for (const [view, column, index] of TIMES) {
  test(`${view}: a range of ${column} searches ${index}, whatever else is asked`, () => {
    const database = openMigrated();
    const asked = RANGES.flatMap((range) => {
      const where = range.replaceAll("?", column);
      return [
        `SELECT count(*) FROM ${view} WHERE ${where}`,
        `SELECT * FROM ${view} WHERE ${where} ORDER BY ${column} DESC LIMIT 10`,
      ];
    });
    for (const sql of asked) {
      const plan = planOf(database, sql);
      assert.ok(
        plan.some((line) => line.startsWith("SEARCH") && line.includes(` ${index} `)),
        `${sql}: ${plan}`,
      );
      assert.not.ok(
        plan.some((line) => line.includes("TEMP B-TREE")),
        `${sql} is sorted: ${plan}`,
      );
    }
    database.close();
  });
}

for (const view of ["metrics", "auth_metrics", "discovery_metrics", "tool_metrics"]) {
  test(`${view}: one service of a range is found through the time too`, () => {
    const database = openMigrated();
    const plan = planOf(database, `SELECT * FROM ${view} WHERE service = 'a' AND timestamp > '2026-03-01'`);
    assert.ok(plan[0]?.includes("measurements_timestamp"), plan.join());
    database.close();
  });
}

test("a range finds the rows that a scan finds: of metrics, of hours and days, of a server's values", () => {
  const { database, store } = openDirectory();
  const { submit, rollups } = createSubmitter(database);
  // Before 1970 too, and in each view.
  const agesMs = [0, HOUR_MS, 30 * HOUR_MS, 100 * HOUR_MS, 3e12].flatMap((age) => [age, age + 0.5 * HOUR_MS]);
  for (const type of ["auth_request", "tool_execution", "tool_discovery"])
    submit({ metrics: agesMs.map((age) => ({ type, value: 1, duration_ms: 1, timestamp: NOW_MS - age })) });
  store.commit([entry(agesMs.map((age) => point(1, { timestampMs: NOW_MS - age })))], NOW_MS);
  while (rollups.flushStep(NOW_MS) !== undefined);
  const bounds = ["1960", "2026-02-27", "2026-02-28T06:00:00.000Z", "2026-03-01T11:00:00.000Z", "2027"];
  for (const [view, column] of TIMES.slice(0, 8)) {
    for (const bound of bounds) {
      const count = (name: string) =>
        database.first(`SELECT count(*) AS rows FROM ${view} WHERE ${name} >= ?`, bound)?.rows;
      // The concatenation is no expression that an index is of.
      assert.is(count(column), count(`${column} || ''`), `${view} from ${bound}`);
    }
    assert.ok(Number(database.first(`SELECT count(*) AS rows FROM ${view}`)?.rows) > 0, view);
  }
  database.close();
});

test.run();
