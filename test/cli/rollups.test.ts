import Libsql from "libsql";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openMigrated } from "../sqlite/databases.ts";
import { createSubmitter } from "../sqlite/submitter.ts";
import { NOW_MS } from "../support/time.ts";
import { freshEnvironment, runCli } from "./run-cli.ts";

function fill(path: string): void {
  const database = openMigrated(path);
  const submitter = createSubmitter(database);
  const metrics = Array.from({ length: 20 }, () => ({ type: "custom", value: 1, timestamp: NOW_MS }));
  submitter.submit({ metrics });
  while (submitter.rollups.flushStep(NOW_MS) !== undefined);
  database.close();
}

test("rollups verify says what it compared, and that it agrees", async () => {
  const { env, path } = freshEnvironment();
  fill(path);
  const text = await runCli(["rollups", "verify"], env);
  assert.is(text.code, 0, text.stderr);
  assert.is(text.stdout, "20 measurements of 1 hours, 1 days: the rollups agree\n");
  const json = await runCli(["rollups", "verify", "--json"], env);
  assert.equal(JSON.parse(json.stdout), {
    hours: 1,
    days: 1,
    measurements: 20,
    differences: [],
    difference_count: 0,
  });
});

test("rollups verify names the row that differs, and fails", async () => {
  const { env, path } = freshEnvironment();
  fill(path);
  const database = new Libsql(path);
  database.exec("UPDATE rollups_hourly SET count = 21 WHERE family_id IN (SELECT id FROM rollup_families)");
  database.close();
  const { code, stdout, stderr } = await runCli(["rollups", "verify"], env);
  assert.is(code, 1);
  assert.match(stdout, /custom by service, 2026-03-01T12:00:00\.000Z gateway \[\]: count is 21, not 20/);
  assert.match(stderr, /not what the measurements say/);
});

test("rollups verify makes no database", async () => {
  const { code, stderr } = await runCli(["rollups", "verify"], freshEnvironment().env);
  assert.is(code, 1);
  assert.match(stderr, /does not exist/);
});

test.run();
