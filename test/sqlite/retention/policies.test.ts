import { test } from "uvu";
import * as assert from "uvu/assert";
import { listPolicies } from "../../../src/sqlite/retention/policies.ts";
import { RETENTION_TABLES } from "../../../src/store/retention.ts";
import { openMigrated } from "../databases.ts";

const days = (database: ReturnType<typeof openMigrated>) =>
  Object.fromEntries(
    listPolicies(database).map(({ tableName, retentionDays }) => [tableName, retentionDays]),
  );

/** Whatever METRICS_RETENTION_DAYS says. */
const DIRECTORY_DAYS = {
  server_metrics: 30,
  server_metrics_daily: 1095,
  server_events: 365,
  server_usage: 90,
};

test("a new database has a policy for every table of the list, with the specification's days", () => {
  const database = openMigrated();
  assert.equal(days(database), {
    metrics: 90,
    auth_metrics: 90,
    discovery_metrics: 90,
    tool_metrics: 90,
    metrics_hourly: 365,
    metrics_daily: 1095,
    api_key_usage_log: 90,
    ...DIRECTORY_DAYS,
  });
  assert.equal(
    Object.keys(days(database)),
    RETENTION_TABLES.map(({ name }) => name),
  );
  for (const { tableName, timestampColumn } of listPolicies(database)) {
    database.all(`SELECT ${timestampColumn} FROM ${tableName}`);
  }
  database.close();
});

test.run();
