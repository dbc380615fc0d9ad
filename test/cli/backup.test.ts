import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { findService } from "../../src/sqlite/file/announcement.ts";
import { readDatabase } from "../../src/sqlite/offline.ts";
import { submit, valuesIn } from "../faults/requests.ts";
import { missingForTmpfs, mountTmpfs } from "../faults/tools.ts";
import { digestOf, openMigrated, releaseClosed, temporaryPath } from "../sqlite/databases.ts";
import { send, storeMetrics } from "../support/http.ts";
import { unlessMissing } from "../support/needs.ts";
import { ADMIN_KEY, startTestService, WRITER_KEY } from "../support/service.ts";
import { createServices, KEYS, logged } from "../support/service-process.ts";
import { until } from "../support/wait.ts";
import { cleanEnvironment, freshEnvironment, PROGRAM, runCli, temporaryFolder } from "./run-cli.ts";

const { start, killAll } = createServices();
test.after.each(killAll);

const targetIn = (folder: string) => join(folder, "backup.db");

/** Fill a database so that copying it takes a while. */
async function fill(path: string, rows: number): Promise<void> {
  const database = openMigrated(path);
  database.script(`INSERT INTO sources (service, version, instance_id, api_key_id) VALUES ('old', '', '', 0);
    INSERT INTO dimension_sets (metric_type, dimensions) VALUES ('custom', '{}');
    INSERT INTO shapes (dimension_keys, metadata_keys) VALUES ('[]', '["text"]');
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${rows})
    INSERT INTO measurements (ts, source_id, dimension_set_id, request, value, shape_id, payload)
    SELECT n, 1, 1, 0, -n, 1, json_array(printf('%0800d', n)) FROM numbers`);
  database.script("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
  await releaseClosed();
}

function assertSound(path: string): void {
  const findings = readDatabase(path, (database) => database.all("PRAGMA integrity_check"));
  assert.equal(
    findings.map((row) => row.integrity_check),
    ["ok"],
  );
}

test("without a service: a copy of the file is the database, readable by its owner only", async () => {
  const { env, path } = freshEnvironment();
  await fill(path, 1000);
  const before = await digestOf(path);
  const target = targetIn(temporaryFolder());
  const { code, stdout, stderr } = await runCli(["backup", target, "--json"], env);
  assert.is(code, 0, stderr);
  const answer = JSON.parse(stdout) as { path: string; bytes: number; seconds: number };
  assert.equal([answer.path, answer.bytes], [target, statSync(target).size]);
  assert.is(statSync(target).mode & 0o777, 0o600);
  assert.is(await digestOf(path), before, "the database is only read");
  assert.is(valuesIn(target).length, 1000);
  const restored = freshEnvironment();
  copyFileSync(target, restored.path);
  const service = await start(restored.path);
  assert.is((await submit(service.port, [5])).status, 200);
  await service.stop("SIGTERM");
  assert.is(valuesIn(restored.path).length, 1001);
  assertSound(restored.path);
});

test("under load: everything acknowledged before it began is in it, and the service answers meanwhile", async () => {
  const databasePath = temporaryPath();
  await fill(databasePath, 50_000);
  const service = await start(databasePath);
  const acknowledged: number[] = [];
  let next = 1;
  let isOver = false;
  async function send(): Promise<void> {
    while (!isOver) {
      const value = next++;
      const { status } = await submit(service.port, [value]);
      assert.is(status, 200);
      acknowledged.push(value);
    }
  }
  const senders = Array.from({ length: 8 }, send);
  await until("some load", () => acknowledged.length > 200);
  const before = [...acknowledged];
  const target = targetIn(temporaryFolder());
  const { code, stderr } = await runCli(["backup", target], { SQLITE_DB_PATH: databasePath });
  const during = acknowledged.length - before.length;
  isOver = true;
  await Promise.all(senders);
  assert.is(code, 0, stderr);
  assert.ok(during > 0, "the service answered meanwhile");
  const kept = new Set(valuesIn(target));
  assert.equal(
    before.filter((value) => !kept.has(value)),
    [],
  );
  assert.ok(service.log.some((line) => line.includes('"action":"backup"') && line.includes(target)));
  assertSound(target);
});

test("what METRICS_ACK=buffered has acknowledged is in it too", async () => {
  const service = await startTestService({ METRICS_ACK: "buffered", FLUSH_INTERVAL_SECONDS: "600" });
  await storeMetrics(service.url, [{ type: "custom", value: 77 }]);
  const target = targetIn(temporaryFolder());
  assert.is((await call(service.url, target)).status, 200);
  assert.equal(valuesIn(target), [77]);
  await service.close();
});

/** Backup over Connect. */
const call = (url: string, path: string, key = ADMIN_KEY) =>
  send("POST", `${url}/mcp.metrics.v1.AdminService/Backup`, { "x-api-key": key }, { path });

test("only an admin may, only to a new file in a folder that is there, and only one at a time", async () => {
  const service = await startTestService();
  const folder = temporaryFolder();
  const existing = join(folder, "existing");
  writeFileSync(existing, "mine");
  assert.is((await call(service.url, targetIn(folder), WRITER_KEY)).status, 403);
  for (const [path, problem] of [
    [existing, "exists already"],
    ["backup.db", "must be absolute"],
    [join(folder, "missing", "backup.db"), "folder that is not there"],
    [service.databasePath, "exists already"],
    ["/proc/backup.db", "cannot be written"],
  ] as const) {
    const { status, text } = await call(service.url, path);
    assert.is(status, 400, text);
    assert.match(text, problem);
  }
  const both = await Promise.all([
    call(service.url, join(folder, "a")),
    call(service.url, join(folder, "b")),
  ]);
  assert.equal(both.map(({ status }) => status).sort(), [200, 503]);
  assert.ok(both.some(({ text }) => text.includes("one at a time")));
  assert.is(readFileSync(existing, "utf8"), "mine");
  assert.is(readdirSync(folder).length, 2);
  await service.close();
});

test("kill -9 in the middle leaves no backup; the next one replaces what is left", async () => {
  const databasePath = temporaryPath();
  await fill(databasePath, 100_000);
  const service = await start(databasePath);
  const folder = temporaryFolder();
  const target = targetIn(folder);
  const env = { SQLITE_DB_PATH: databasePath };
  const backup = spawn(process.execPath, [PROGRAM, "backup", target], {
    env: cleanEnvironment(env),
    stdio: "ignore",
  });
  const ended = once(backup, "exit");
  await until("the middle", () => existsSync(`${target}.partial`));
  await service.stop("SIGKILL");
  assert.equal((await ended)[0], 1);
  assert.not(existsSync(target));
  const { code, stderr } = await runCli(["backup", target], env);
  assert.is(code, 0, stderr);
  assert.equal(readdirSync(folder), ["backup.db"]);
  assert.is(valuesIn(target).length, 100_000);
});

test("a shutdown does not wait for a backup, and leaves nothing of it", async () => {
  const databasePath = temporaryPath();
  await fill(databasePath, 100_000);
  const service = await start(databasePath, { METRICS_ADMIN_API_KEY: ADMIN_KEY }, { keys: KEYS });
  const folder = temporaryFolder();
  const answer = call(findService(databasePath)?.url ?? "", targetIn(folder));
  await until("the middle", () => existsSync(`${targetIn(folder)}.partial`));
  const { code } = await service.stop("SIGTERM");
  const { status, text } = await answer;
  assert.equal([code, status], [0, 503], text);
  assert.match(text, "given up");
  assert.equal(readdirSync(folder), []);
});

unlessMissing(test, missingForTmpfs())("a full disk is told, and nothing is left on it", async () => {
  const { env, path } = freshEnvironment();
  await fill(path, 10_000);
  const folder = temporaryFolder();
  const mount = mountTmpfs(folder, "4m");
  const { code, stderr } = await runCli(["backup", targetIn(folder)], env);
  assert.is(code, 1);
  assert.match(stderr, /no room for it on the disk; nothing is left of it\n$/);
  assert.equal(readdirSync(folder), []);
  mount?.unmount();
});

test("a backup beside the log of the database it replaces is rejected, instead of being overwritten by it", async () => {
  const databasePath = temporaryPath();
  await fill(databasePath, 100);
  const env = { SQLITE_DB_PATH: databasePath };
  const target = targetIn(temporaryFolder());
  assert.is((await runCli(["backup", target], env)).code, 0);
  const service = await start(databasePath);
  await submit(service.port, [1]);
  await logged(service, "listening");
  await service.stop("SIGKILL");
  copyFileSync(target, databasePath);
  const before = await digestOf(databasePath);
  const { code, stderr } = await runCli(["serve"], { ...freshEnvironment().env, ...env });
  assert.is(code, 65);
  assert.match(stderr, /^mcp-metrics: the log .*-wal is not of .*move the log away\n$/);
  assert.is(await digestOf(databasePath), before);
});

test("there is nothing to back up before the first start, and nothing is made", async () => {
  const { env, path } = freshEnvironment();
  const { code, stderr } = await runCli(["backup", targetIn(temporaryFolder())], env);
  assert.is(code, 1);
  assert.match(stderr, "nothing to back up");
  assert.not(existsSync(`${path}-lock`));
});

test.run();
