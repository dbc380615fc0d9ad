import { test } from "uvu";
import * as assert from "uvu/assert";
import { HOUR_MS } from "../../../src/lib/time.ts";
import type { Database } from "../../../src/sqlite/file/database.ts";
import { verifyRollups } from "../../../src/sqlite/rollups/verify.ts";
import { NOW_MS } from "../../support/time.ts";
import { openMigrated } from "../databases.ts";
import { createSubmitter } from "../submitter.ts";

const metrics = Array.from({ length: 300 }, (_, index) => ({
  type: index % 3 === 0 ? "auth_request" : "tool_execution",
  value: 1,
  duration_ms: index,
  timestamp: NOW_MS - (index % 60) * HOUR_MS,
  dimensions: { success: index % 7 !== 0, server: "a", server_name: "b", tool_name: `t${index % 5}` },
}));

function filled(): { database: Database; submitter: ReturnType<typeof createSubmitter> } {
  const database = openMigrated();
  const submitter = createSubmitter(database);
  submitter.submit({ metrics });
  while (submitter.rollups.flushStep(NOW_MS) !== undefined);
  return { database, submitter };
}

test("rollups that were written from the measurements agree with them, flushed or not", () => {
  const { database, submitter } = filled();
  submitter.submit({ metrics: metrics.slice(0, 50) });
  submitter.rollups.flushStep(NOW_MS);
  const found = verifyRollups(database);
  assert.equal(found.differences, []);
  assert.is(found.hours, 60);
  assert.is(found.measurements, 350);
  assert.is(found.days, 3);
});

for (const [what, sql, told] of [
  ["a wrong count", "UPDATE rollups_hourly SET count = count + 1 WHERE family_id = 1", /count is 6, not 5/],
  ["a wrong sum", "UPDATE rollups_hourly SET sum_value = 7.5 WHERE family_id = 1", /sumValue is 7.5/],
  ["another sketch", "UPDATE rollups_hourly SET sketch = x'0105' WHERE family_id = 1", /sketch differs/],
  [
    "a missing row",
    "DELETE FROM rollups_hourly WHERE family_id = 2",
    /auth_request by service, server.*missing/,
  ],
  [
    "a row too many",
    "INSERT INTO rollups_hourly SELECT family_id, bucket, 99, count, success_count, failure_count, sum_value, " +
      "min_value, max_value, duration_count, sum_duration_ms, sketch, NULL, NULL, NULL, NULL, NULL " +
      "FROM rollups_hourly WHERE family_id = 1 LIMIT 1",
    /count is 5, not 0/,
  ],
  [
    "a day that lost an hour",
    "UPDATE rollups_daily SET count = count - 5 WHERE family_id = 1",
    /its hours have/,
  ],
  ["a lost measurement", "DELETE FROM measurements WHERE id = 17", /count is \d+, not \d+/],
] as const) {
  test(`${what} is told`, () => {
    const { database } = filled();
    database.script(sql);
    const { differences, differenceCount } = verifyRollups(database);
    assert.ok(differenceCount > 0);
    assert.ok(
      differences.some((line) => told.test(line)),
      differences.join("\n"),
    );
  });
}

test("hours whose measurements retention has deleted are left out", () => {
  const { database } = filled();
  const cutoff = NOW_MS - 30 * HOUR_MS;
  database.run("UPDATE retention_policies SET deleted_before_ms = ?", cutoff);
  database.run("DELETE FROM measurements WHERE ts < ?", cutoff);
  database.run("DELETE FROM rollups_hourly WHERE bucket < ?", Math.floor(cutoff / HOUR_MS));
  const found = verifyRollups(database);
  assert.equal(found.differences, []);
});

for (const [table, bucketMs] of [
  ["metrics_hourly", HOUR_MS],
  ["metrics_daily", 24 * HOUR_MS],
] as const) {
  test(`what ${table} does not keep as long as what it was made of is left out`, () => {
    const { database } = filled();
    const cutoff = NOW_MS - 30 * HOUR_MS;
    const sql = "UPDATE retention_policies SET deleted_before_ms = ? WHERE table_name = ?";
    database.run(sql, cutoff, table);
    const rows = table.replace("metrics", "rollups");
    database.run(`DELETE FROM ${rows} WHERE bucket < ?`, Math.floor(cutoff / bucketMs));
    assert.equal(verifyRollups(database).differences, []);
  });
}

test.run();
