import { test } from "uvu";
import * as assert from "uvu/assert";
import { applyDefaultRetention, listPolicies, setPolicy } from "../../../src/sqlite/retention/policies.ts";
import { RETENTION_TABLES } from "../../../src/store/retention.ts";
import { NOW_MS } from "../../support/time.ts";
import { openMigrated, openUnmigrated, temporaryPath } from "../databases.ts";

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

test("the operator's default is that of measurements alone, and of policies that nobody has set", () => {
  const database = openMigrated();
  setPolicy(database, { tableName: "tool_metrics", retentionDays: 90, isActive: undefined }, NOW_MS);
  setPolicy(database, { tableName: "discovery_metrics", retentionDays: undefined, isActive: false }, NOW_MS);
  applyDefaultRetention(database, 30, NOW_MS);
  assert.equal(days(database), {
    metrics: 30,
    auth_metrics: 30,
    discovery_metrics: 90,
    tool_metrics: 90,
    metrics_hourly: 365,
    metrics_daily: 1095,
    api_key_usage_log: 90,
    ...DIRECTORY_DAYS,
  });
  database.close();
});

test("a policy that was turned off stays off when the database is opened again", () => {
  const path = temporaryPath();
  const database = openMigrated(path);
  setPolicy(database, { tableName: "metrics", retentionDays: 7, isActive: false }, NOW_MS);
  database.close();
  const again = openUnmigrated(path);
  applyDefaultRetention(again, 90, NOW_MS);
  const policy = listPolicies(again).find(({ tableName }) => tableName === "metrics");
  assert.equal([policy?.retentionDays, policy?.isActive], [7, false]);
  again.close();
});

test("what is not given stays as it is", () => {
  const database = openMigrated();
  const change = (retentionDays: number | undefined, isActive: boolean | undefined) =>
    setPolicy(database, { tableName: "metrics", retentionDays, isActive }, NOW_MS);
  change(7, false);
  assert.equal([change(8, undefined).isActive, change(undefined, true).retentionDays], [false, 8]);
  database.close();
});

test.run();
