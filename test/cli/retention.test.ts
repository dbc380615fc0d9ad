import { test } from "uvu";
import * as assert from "uvu/assert";
import { DAY_MS } from "../../src/lib/time.ts";
import { storeMetrics } from "../support/http.ts";
import { startTestService } from "../support/service.ts";
import { readRows } from "../support/sql.ts";
import { type Env, freshEnvironment, runCli } from "./run-cli.ts";
import { runJson } from "./with-and-without-service.ts";

async function retention(env: Env, ...args: string[]): Promise<readonly Record<string, unknown>[]> {
  return [await runJson(env, "retention", ...args)].flat() as readonly Record<string, unknown>[];
}

/** With two metrics to be deleted and one to stay: through the running service, and after it has ended. */
async function withOldMetrics(work: (env: Env) => Promise<void>): Promise<void> {
  for (const isRunning of [true, false]) {
    const { env } = freshEnvironment();
    const service = await startTestService(env);
    const metrics = [200, 100, 1].map((days) => ({
      type: "auth_request",
      value: 1,
      timestamp: Date.now() - days * DAY_MS,
    }));
    await storeMetrics(service.url, metrics);
    // Without a flush: what was not rolled up when the service ended must be rolled up before it goes.
    if (!isRunning) await service.service.close();
    try {
      await work(env);
    } finally {
      if (isRunning) await service.close();
    }
  }
}

test("a run deletes nothing until it is confirmed, and then what it reported", () =>
  withOldMetrics(async (env) => {
    const [preview] = await retention(env, "preview", "--table", "auth_metrics");
    assert.equal(
      [preview?.table, preview?.records_to_delete, preview?.total_records],
      ["auth_metrics", 2, 3],
    );
    for (const [args, status] of [
      [[], "dry_run"],
      [["--yes"], "completed"],
    ] as const) {
      const results = await retention(env, "run", ...args);
      assert.is(results.length, 11);
      const found = results.find(({ table }) => table === "auth_metrics");
      assert.equal([found?.status, found?.records], [status, 2]);
    }
    const [after] = await retention(env, "preview", "--table", "auth_metrics");
    assert.equal([after?.records_to_delete, after?.total_records], [0, 1]);
    const path = env.SQLITE_DB_PATH ?? "";
    const days = readRows(path, "SELECT sum(count) AS count FROM metrics_daily")[0];
    assert.is(days?.count, 3, "deleting raw rows takes nothing from the days");
    const acts = readRows(path, "SELECT actor, action, outcome FROM admin_audit_log ORDER BY id");
    assert.equal(
      acts.map(({ actor, action, outcome }) => [actor, action, outcome]),
      [["local-cli", "retention.run", "ok"]],
    );
  }));

test("a policy is set and listed", () =>
  withOldMetrics(async (env) => {
    await retention(env, "set", "metrics_hourly", "--days", "30", "--state", "off");
    const found = (await retention(env, "list")).find(({ table_name }) => table_name === "metrics_hourly");
    assert.equal(found, {
      table_name: "metrics_hourly",
      retention_days: 30,
      is_active: false,
      timestamp_column: "hour_timestamp",
    });
    const { stdout } = await runCli(["retention", "list"], env);
    assert.match(stdout, /metrics_hourly +30 +off +hour_timestamp/);
  }));

test("set names the tables it did not touch, and the commands that change them", () =>
  withOldMetrics(async (env) => {
    const { stdout, stderr } = await runCli(["retention", "set", "metrics", "--days", "30"], env);
    assert.is(stderr, "");
    assert.match(stdout, /^metrics: kept for 30 days\n/);
    for (const table of ["auth_metrics", "discovery_metrics", "tool_metrics"]) {
      assert.match(stdout, `\n${table}: not touched, kept for 90 days\n`);
      assert.match(stdout, `\n  mcp-metrics retention set ${table} --days 30\n`);
    }
    // As it is printed: the command works.
    const command = /mcp-metrics (retention set auth_metrics .*)/.exec(stdout)?.[1] ?? "";
    assert.is((await runCli(command.split(" "), env)).code, 0);
    const [off] = await retention(env, "set", "tool_metrics", "--state", "off");
    assert.equal(off?.untouched, [
      { table_name: "metrics", retention_days: 30, is_active: true },
      { table_name: "auth_metrics", retention_days: 30, is_active: true },
      { table_name: "discovery_metrics", retention_days: 90, is_active: true },
    ]);
    const [hourly] = await retention(env, "set", "metrics_hourly", "--days", "30");
    assert.equal(hourly?.untouched, []);
  }));

test("a wrong table, days out of range and a force without --yes fail in one line", () =>
  withOldMetrics(async (env) => {
    const cases = [
      { args: ["preview", "--table", "x"], line: /No retention policy found for table: x/ },
      { args: ["run", "--table", "x", "--yes"], line: /No retention policy found for table: x/ },
      { args: ["set", "metrics", "--days", "0"], line: /from 1 to 36500/ },
      { args: ["set", "metrics"], line: /retention_days or is_active is required/ },
      { args: ["run", "--force"], line: /--yes/ },
    ];
    for (const { args, line } of cases) {
      const { code, stderr } = await runCli(["retention", ...args], env);
      assert.is(code, 1, stderr);
      assert.match(stderr, line);
      assert.is(stderr.trim().split("\n").length, 1, stderr);
    }
  }));

test("every command explains itself", async () => {
  for (const command of ["list", "set", "preview", "run"]) {
    const { code, stdout } = await runCli(["retention", command, "--help"], {});
    assert.is(code, 0);
    assert.match(stdout, `mcp-metrics retention ${command}`);
  }
});

test.run();
