import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readDatabase } from "../../src/sqlite/offline.ts";
import { cleanEnvironment, type Env, PROGRAM, runCli, temporaryFolder } from "../cli/run-cli.ts";
import { digestOf } from "../sqlite/databases.ts";
import { until } from "../support/wait.ts";
import { assertSame, countIn, type Imported, importFile, oldRows, rowsOf, setup } from "./imports.ts";
import { addMetrics, LATER_RELEASE } from "./predecessor.ts";

test("every metric is taken over, with rollups; counts and sums agree by type, service and hour", async () => {
  const { path, old, env, target } = setup(20_000);
  const before = await digestOf(path);
  const { code, stdout, stderr } = await runCli(["import-legacy", path, "--json"], env);
  assert.is(code, 0);
  const { metrics } = JSON.parse(stdout) as Imported;
  assert.equal([metrics.imported, metrics.skipped], [20_000, 0]);
  assert.equal([metrics.skipped_by_reason, metrics.left_out_by_reason], [{}, {}]);
  assert.match(stderr, /^20000 of the imported metrics are older than their retention policy allows/);
  assertSame(old, target);
  assert.is(await digestOf(path), before, "the source is only read");
  readDatabase(target, (database) => {
    const {
      action,
      target: source,
      outcome,
      details,
    } = database.first("SELECT * FROM admin_audit_log") ?? {};
    assert.equal([action, source, outcome], ["legacy.import", path, "ok"]);
    assert.match(String(details), '"metrics_imported":20000');
  });
  old.close();
});

test("metrics keep their fields, and those of one request their common request id", async () => {
  const { path, old, env, target } = setup(9000);
  await importFile(path, env);
  const fields = `service, service_version, instance_id, metric_type, value, duration_ms, created_at`;
  const odd =
    "json_extract(dimensions, '$.success') AS success, json_extract(metadata, '$.error_code') AS error";
  const wanted = oldRows(old, `SELECT ${fields}, ${odd} FROM metrics ORDER BY id`);
  readDatabase(target, (database) => {
    const found = rowsOf(database, `SELECT ${fields}, ${odd} FROM metrics ORDER BY id`);
    // The first metric of a request decides the second that all of it was stored in.
    assert.equal(found.map(withoutCreated), wanted.map(withoutCreated));
    const requests = database.all("SELECT request_id, count(*) AS n FROM metrics GROUP BY request_id");
    assert.is(requests.length, 3000);
    assert.ok(requests.every(({ n }) => n === 3));
    const late =
      "SELECT count(*) AS n FROM metrics WHERE created_at NOT BETWEEN '2024-03-20' AND '2024-03-21'";
    assert.is(database.first(late)?.n, 0);
  });
  old.close();
});

const withoutCreated = (row: string) => row.replace(/"created_at":"[^"]*",/, "");

test("a second run takes over nothing, under whatever path; one after the source grew takes what is new", async () => {
  const { path, old, env, target } = setup(5000);
  assert.is((await importFile(path, env)).metrics.imported, 5000);
  assert.is((await importFile(path, env)).metrics.imported, 0);
  addMetrics(old, 700);
  // Its own retention, and a new release of it.
  old.exec(`DELETE FROM metrics WHERE id <= 100; ${LATER_RELEASE} PRAGMA wal_checkpoint(TRUNCATE)`);
  const elsewhere = join(temporaryFolder(), "moved.db");
  copyFileSync(path, elsewhere);
  const { metrics } = await importFile(elsewhere, env);
  assert.equal([metrics.imported, metrics.imported_in_all], [700, 5700]);
  assert.is(countIn(target), 5700);
  old.close();
});

test("a copy that went its own way is refused, and nothing of it is taken", async () => {
  const { path, old, env, target } = setup(300);
  old.exec("INSERT INTO api_keys (key_hash, service_name, created_at) VALUES ('a', 'b', 'c')");
  await importFile(path, env);
  old.exec("DELETE FROM metrics WHERE id > 200; DELETE FROM sqlite_sequence");
  addMetrics(old, 250);
  const { code, stderr } = await runCli(["import-legacy", path], env);
  assert.is(code, 1);
  assert.match(stderr, /imported from .* before, and its metrics have changed since/);
  assert.is(countIn(target), 300);
  old.close();
});

test("a smaller database with the same first key is refused: which of its metrics are new, nobody can tell", async () => {
  const { path, old, env, target } = setup(300);
  const key = "INSERT INTO api_keys (key_hash, service_name, created_at) VALUES ('a', 'b', 'c')";
  old.exec(key);
  await importFile(path, env);
  const another = setup(200);
  another.old.exec(key);
  const { code, stderr } = await runCli(["import-legacy", another.path], env);
  assert.is(code, 1);
  assert.match(stderr, /it ends at row 200, and row 300 was imported/);
  assert.is(countIn(target), 300);
  // But one that has lost old rows to its retention, and the newest with them, is still itself.
  old.exec("DELETE FROM metrics");
  assert.is((await importFile(path, env)).metrics.imported, 0);
  addMetrics(old, 50);
  assert.is((await importFile(path, env)).metrics.imported, 50);
  old.close();
  another.old.close();
});

test("a service that is set to the source itself is told how to name another database, and the source stays", async () => {
  const { path, old } = setup(10);
  const before = await digestOf(path);
  const link = join(temporaryFolder(), "link.db");
  symlinkSync(path, link);
  for (const [set, named] of [
    [path, path],
    [link, path],
    [path, link],
  ] as const) {
    const { code, stderr } = await runCli(["import-legacy", named], { SQLITE_DB_PATH: set });
    assert.is(code, 1);
    const command = `SQLITE_DB_PATH=${join(dirname(named), "mcp-metrics.db")} mcp-metrics`;
    assert.is(
      stderr,
      `mcp-metrics: ${named}: the service itself is set to this file; take it over into a new one, and serve that ` +
        `(docs/migrating.md):\n  ${command} import-legacy ${named}\n  ${command} serve\n`,
    );
  }
  assert.is(await digestOf(path), before);
  old.close();
});

test("kill -9 at any moment: the next run goes on, nothing is lost and nothing doubled", async () => {
  const { path, old, env, target } = setup(60_000);
  for (const rows of [1, 10_000, 20_000]) await killAfter(rows, path, env, target);
  assert.ok(countIn(target) < 60_000, "it was killed in the middle");
  const { metrics } = await importFile(path, env);
  assert.is(metrics.imported_in_all, 60_000);
  assert.is(countIn(target), 60_000);
  assertSame(old, target);
  readDatabase(target, (database) => {
    assert.is(database.first("SELECT count(DISTINCT request_id) AS n FROM metrics")?.n, 20_000);
    assert.is(database.first("SELECT finished_at IS NULL AS is_open FROM legacy_imports")?.is_open, 0);
  });
  old.close();
});

/** For the start of a program on a machine that does other things too; what has ended is noticed at once. */
const ROWS_LIMIT_MS = 300_000;

/** Import until so many rows are there, and kill it. @throws when it ends by itself before. */
async function killAfter(rows: number, path: string, env: Env, target: string): Promise<void> {
  const child = spawn(process.execPath, [PROGRAM, "import-legacy", path], {
    env: cleanEnvironment(env),
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(child, "exit");
  const said = text(child.stderr);
  const isThere = () => countIn(target) >= rows || child.exitCode !== null;
  await until(`${rows} rows`, isThere, ROWS_LIMIT_MS);
  child.kill("SIGKILL");
  await ended;
  assert.is(child.signalCode, "SIGKILL", `it ended by itself with ${child.exitCode}: ${await said}`);
}

test.run();
