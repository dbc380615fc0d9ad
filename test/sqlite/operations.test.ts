/** What every operation of the two threads is called in the service's own metrics, and what guards it. */
import { renameSync, writeFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DatabaseMovedError } from "../../src/sqlite/file/failure.ts";
import { createContext, type OperationLabels } from "../../src/sqlite/threads/operation.ts";
import { createReaderOperations, createWriterOperations } from "../../src/sqlite/threads/operations.ts";
import { openMigrated, temporaryPath } from "./databases.ts";

type Domains = Readonly<Record<string, Readonly<Record<string, OperationLabels>>>>;

/** `domain.operation` → kind, table and whether its success proves that storage works. */
function labelsOf(domains: Domains) {
  return Object.fromEntries(
    Object.entries(domains).flatMap(([domain, operations]) =>
      Object.entries(operations).map(([name, { kind, table, isProof }]) => [
        `${domain}.${name}`,
        `${kind} ${table}${isProof ? ", proof" : ""}`,
      ]),
    ),
  );
}

test("dashboards ask for operations by kind and table; only what always writes proves storage", () => {
  const path = temporaryPath();
  const database = openMigrated(path);
  assert.equal(labelsOf(createWriterOperations(database, path)), {
    "metrics.commit": "insert metrics, proof",
    "metrics.findSeries": "select cumulative_series",
    "metrics.lastRequestNumber": "select metrics",
    "metrics.flushRollupsStep": "upsert rollups",
    "metrics.rebuildPercentilesStep": "update rollups",
    "metrics.deleteRollupKeysStep": "delete rollup_keys",
    "metrics.deleteExpiredIdempotencyKeysStep": "delete idempotency_keys",
    "metrics.deleteEndedSeriesStep": "delete cumulative_series",
    "keys.list": "select api_keys",
    "keys.create": "insert api_keys",
    "keys.revoke": "update api_keys",
    "keys.rotate": "update api_keys",
    "keys.syncEnvironment": "update api_keys",
    "keys.learn": "update api_keys",
    "keys.update": "update api_keys",
    "keys.recordUsage": "upsert api_key_usage_log",
    "keys.listDailyUsage": "select api_key_daily_usage",
    "audit.record": "insert admin_audit_log",
    "audit.finish": "update admin_audit_log",
    "audit.list": "select admin_audit_log",
    "directory.commit": "insert server_metrics, proof",
    "directory.list": "select servers",
    "directory.listMetricNames": "select server_series",
    "directory.register": "insert servers",
    "directory.update": "update servers",
    "directory.setSecret": "update servers",
    "directory.rotateKey": "update api_keys",
    "directory.recomputeDayStep": "upsert server_metrics_daily",
    "retention.listPolicies": "select retention_policies",
    "retention.setPolicy": "update retention_policies",
    "retention.applyDefault": "update retention_policies",
    "retention.deleteExpiredStep": "delete expired",
    "retention.readTrustedTime": "select trusted_time",
    "retention.saveTrustedTime": "update trusted_time",
    "file.probe": "probe none, proof",
    "file.truncateLog": "checkpoint none",
    "file.giveBackSpaceStep": "vacuum none",
    "file.size": "select none",
    "file.countUngoverned": "count all",
  });
  assert.equal(labelsOf(createReaderOperations(database)), {
    "queries.aggregate": "select rollups",
    "queries.events": "select metrics",
    "queries.latestValues": "select latest_values",
    "directory.chart": "select server_metrics",
    "directory.listEvents": "select server_events",
    "directory.listUses": "select server_usage",
    "retention.surveyStep": "select all",
  });
  database.close();
});

test("what was written into a file that is no longer there is not acknowledged; reads go on", () => {
  const path = temporaryPath();
  const database = openMigrated(path);
  database.script("CREATE TABLE written (value)");
  const { read, write, proof } = createContext(database, path);
  const insert = (value: number) => database.run("INSERT INTO written (value) VALUES (?)", value).changes;
  const count = () => database.first("SELECT count(*) AS rows FROM written")?.rows;
  const [reading, writing, proving] = [
    read("select", "written", count),
    write("insert", "written", insert),
    proof("insert", "written", insert),
  ];
  assert.is(writing.run(1), 1);
  assert.is(proving.run(2), 1);

  renameSync(path, `${path}-elsewhere`);
  assert.throws(
    () => writing.run(3),
    (error: unknown) => error instanceof DatabaseMovedError,
  );
  assert.throws(
    () => proving.run(4),
    (error: unknown) => error instanceof DatabaseMovedError,
  );
  assert.is(reading.run(), 4, "a read acknowledges nothing");

  writeFileSync(path, "another file under the same name");
  assert.throws(
    () => writing.run(5),
    (error: unknown) => error instanceof DatabaseMovedError,
  );
  database.close();
});

test.run();
