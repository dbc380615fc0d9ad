import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { hashKey } from "../../src/access/api-key.ts";
import { readDatabase } from "../../src/sqlite/offline.ts";
import { PROGRAM, runCli, temporaryFolder } from "../cli/run-cli.ts";
import { startTestService } from "../support/service.ts";
import { countIn, freshTarget, importFile, rowsOf, setup } from "./imports.ts";
import { createPredecessor, LATER_RELEASE } from "./predecessor.ts";

test("keys work as before, with their limits; those that are here already and revoked ones stay as they are", async () => {
  const { path, old } = setup(0);
  old.exec(LATER_RELEASE);
  const insert = old.prepare(`INSERT INTO api_keys (key_hash, service_name, created_at, is_active, rate_limit,
    usage_count, daily_usage_limit, description) VALUES (?, ?, '2024-01-01T00:00:00.5', ?, ?, 12, 900, 'old')`);
  insert.run([hashKey("key-of-the-gateway-1"), "gateway", "True", 77]);
  insert.run([hashKey("key-of-the-gateway-2"), "gateway", 0, null]);
  insert.run(["not a hash", "gateway", 1, 5]);
  const service = await startTestService({ METRICS_API_KEY_OTHER: "key-of-the-other-00" });
  insert.run([hashKey("key-of-the-other-00"), "mine now", 1, 5]);
  const env = { SQLITE_DB_PATH: service.databasePath };
  const refused = await runCli(["import-legacy", path], env);
  assert.equal([refused.code, refused.stderr.includes("stop the service first")], [1, true]);
  await service.service.close();
  const { keys } = await importFile(path, env);
  assert.equal(keys, { imported: 2, already_here: 1, skipped: { "key_hash: no SHA-256 in hex": 1 } });
  const columns =
    "service_name, is_active, rate_limit, usage_count, daily_usage_limit, description, role, created_at";
  readDatabase(service.databasePath, (database) => {
    const found = rowsOf(database, `SELECT ${columns} FROM api_keys WHERE description = 'old' ORDER BY id`);
    const rest = { usage_count: 12, daily_usage_limit: 900, description: "old", role: "writer" };
    const created_at = "2024-01-01T00:00:00.500Z";
    assert.equal(found, [
      JSON.stringify({ service_name: "gateway", is_active: 1, rate_limit: 77, ...rest, created_at }),
      JSON.stringify({ service_name: "gateway", is_active: 0, rate_limit: 1000, ...rest, created_at }),
    ]);
  });
  old.close();
  await service.close();
});

test("policies are taken over once, and rows that stay behind are told", async () => {
  const { path, old, env, target } = setup(0);
  old.exec(`${LATER_RELEASE}
    INSERT INTO retention_policies VALUES ('metrics', 30, 1, 't'), ('metrics_daily', 0, 1, 't'), ('elsewhere', 5, 1, 't'),
      ('tool_metrics', 45, 0, 't');
    INSERT INTO metrics_hourly VALUES ('2024', 's', 'custom', 1);
    INSERT INTO auth_metrics (request_id, timestamp, service) VALUES ('lost', '2024', 's'), ('known', '2024', 's');
    INSERT INTO metrics (request_id, service, metric_type, timestamp, value) VALUES ('known', 's', 'custom', '2024-01-01T00:00:00', 1)`);
  const { policies, not_taken_over } = await importFile(path, env);
  assert.equal(policies, { imported: 2, already_here: 1, skipped: { "retention_days: not 1 to 36500": 1 } });
  assert.equal(not_taken_over, { auth_metrics: 1, metrics_hourly: 1 });
  const sql =
    "SELECT table_name, retention_days, is_active FROM retention_policies WHERE is_default = 0 ORDER BY 1";
  readDatabase(target, (database) =>
    assert.equal(rowsOf(database, sql), [
      '{"table_name":"metrics","retention_days":30,"is_active":1}',
      '{"table_name":"tool_metrics","retention_days":45,"is_active":0}',
    ]),
  );
  assert.equal((await importFile(path, env)).policies, {
    imported: 0,
    already_here: 3,
    skipped: { "retention_days: not 1 to 36500": 1 },
  });
  old.close();
});

test("a source in a folder that cannot be written is read too", async () => {
  const { path, old, env } = setup(50);
  old.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  const folder = join(temporaryFolder(), "read-only");
  mkdirSync(folder);
  copyFileSync(path, join(folder, "old.db"));
  old.close();
  chmodSync(folder, 0o500);
  assert.is((await importFile(join(folder, "old.db"), env)).metrics.imported, 50);
});

test("what is no predecessor's database is refused in one line", async () => {
  const { env, target } = freshTarget();
  await runCli(["migrate", "up"], env);
  const other = join(temporaryFolder(), "other.db");
  const made = createPredecessor(other);
  made.exec("DROP TABLE metrics; DROP TABLE api_keys");
  made.close();
  for (const [path, message] of [
    [target, /a database of this program/],
    [other, /none of the predecessor's tables/],
    [`${other}-missing`, /is not there/],
    [PROGRAM, /not a database/],
  ] as const) {
    const { code, stderr } = await runCli(["import-legacy", path], env);
    assert.is(code, 1);
    assert.match(stderr, message);
    assert.match(stderr, /^mcp-metrics: .*\n$/);
  }
});

test("a damaged file is told in one line that names it", async () => {
  const { path, old, env, target } = setup(20_000);
  old.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  old.close();
  const bytes = readFileSync(path);
  const half = bytes.length / 2;
  writeFileSync(path, bytes.fill(0xde, half, half + bytes.length / 4));
  const { code, stderr } = await runCli(["import-legacy", path], env);
  assert.is(code, 1);
  assert.match(stderr, /^mcp-metrics: .*old\.db: .*malformed.*\n$/);
  assert.ok(countIn(target) < 20_000);
});

test.run();
