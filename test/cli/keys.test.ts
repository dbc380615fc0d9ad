import { readFileSync, statSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { hashKey } from "../../src/access/api-key.ts";
import { send } from "../support/http.ts";
import { startTestService } from "../support/service.ts";
import { readRows } from "../support/sql.ts";
import { type Env, freshEnvironment, runCli } from "./run-cli.ts";
import { runJson, withAndWithoutService } from "./with-and-without-service.ts";

/** Runs a keys command that must succeed, and returns its JSON. */
async function keys<Answer>(env: Env, ...args: string[]): Promise<Answer> {
  return (await runJson(env, "keys", ...args)) as Answer;
}

interface Created {
  readonly id: number;
  readonly service: string;
  readonly role: string;
  readonly prefix: string;
  readonly key: string;
}

/** What is shown of a key. */
const prefixOf = (key: string) => key.slice("mcp_metrics_".length).slice(0, 8);

type Listed = Readonly<Record<string, unknown>>;

/** What the service says to this key: 200, or the reason it refuses. */
async function statusOf(url: string, key: string): Promise<unknown> {
  const { status, body } = await send("GET", `${url}/rate-limit`, { "x-api-key": key });
  return status === 200 ? 200 : body.error;
}

test("create prints the key once, as a line to export; nothing else ever shows it or its hash", () =>
  withAndWithoutService(async (env) => {
    const made = await runCli(["keys", "create", "gateway", "--description", "for tests"], env);
    const { code, stdout, stderr } = made;
    assert.is(code, 0);
    const key = /^export METRICS_API_KEY=(mcp_metrics_[A-Za-z0-9_-]{43})\n$/.exec(stdout)?.[1] ?? "";
    assert.is.not(key, "");
    assert.match(stderr, /^API key \d+ \(writer of gateway, .{8}\)\. This is the only time/);
    assert.match(stderr, prefixOf(key));
    for (const args of [
      ["keys", "list"],
      ["keys", "list", "--json"],
    ]) {
      const listed = await runCli(args, env);
      assert.match(listed.stdout, "for tests");
      assert.not.match(listed.stdout, key);
      assert.not.match(listed.stdout, hashKey(key));
    }
    const stored = readFileSync(env.SQLITE_DB_PATH ?? "", "latin1") + readLog(env);
    assert.not(stored.includes(key));
    assert.ok(stored.includes(hashKey(key)));
  }));

function readLog(env: Env): string {
  try {
    return readFileSync(`${env.SQLITE_DB_PATH}-wal`, "latin1");
  } catch {
    return "";
  }
}

test("a key has the role, limit, globs and lifetime it was created with", () =>
  withAndWithoutService(async (env) => {
    const options = [
      "--role",
      "reader",
      "--rate-limit",
      "7",
      "--daily-limit",
      "1000",
      "--monthly-limit",
      "1000000000000",
      "--allow",
      "a*",
      "--allow",
      "b",
      "--expires",
      "2h",
    ];
    const { id } = await keys<Created>(env, "create", "dash-board", ...options);
    const listed = (await keys<Listed[]>(env, "list")).find((key) => key.id === id) ?? {};
    const { expires_at, created_at, prefix, ...rest } = listed;
    assert.match(String(prefix), /^[A-Za-z0-9_-]{8}$/);
    const lifetimeMs = Date.parse(String(expires_at)) - Date.parse(String(created_at));
    assert.ok(Math.abs(lifetimeMs - 2 * 3_600_000) < 60_000, `${lifetimeMs} ms`);
    assert.equal(rest, {
      id,
      service: "dash-board",
      role: "reader",
      rate_limit: 7,
      allowed_services: ["a*", "b"],
      is_active: true,
      description: "",
      usage_count: 0,
      last_used_at: null,
      daily_usage_limit: 1000,
      monthly_usage_limit: 1e12,
      server_id: null,
    });
  }));

test("a revoked key is rejected with the next request, and stays listed as revoked", () =>
  withAndWithoutService(async (env, url) => {
    const { id, key } = await keys<Created>(env, "create", "gateway");
    if (url !== undefined) assert.is(await statusOf(url, key), 200);
    const names = { id, service: "gateway", role: "writer", prefix: prefixOf(key) };
    assert.equal(await keys(env, "revoke", `${id}`), { ...names, is_active: false });
    if (url !== undefined) assert.is(await statusOf(url, key), "api_key_inactive");
    assert.match((await runCli(["keys", "list"], env)).stdout, /gateway .* revoked /);
  }));

test("a rotated key is replaced at once, or works on for the overlap that was asked for", () =>
  withAndWithoutService(async (env, url) => {
    const limits = ["--rate-limit", "99", "--daily-limit", "9", "--monthly-limit", "90"];
    const first = await keys<Created>(env, "create", "gateway", ...limits, "--allow", "x");
    const second = await keys<Created>(env, "rotate", `${first.id}`, "--overlap", "1h");
    const third = await keys<Created>(env, "rotate", `${second.id}`);
    const listed = await keys<Listed[]>(env, "list");
    const { rate_limit, allowed_services, service, role, ...key } =
      listed.find(({ id }) => id === third.id) ?? {};
    assert.equal([rate_limit, allowed_services, service, role], [99, ["x"], "gateway", "writer"]);
    assert.equal([key.daily_usage_limit, key.monthly_usage_limit], [9, 90]);
    if (url === undefined) return;
    assert.is(await statusOf(url, first.key), 200);
    assert.is(await statusOf(url, second.key), "api_key_expired");
    assert.is(await statusOf(url, third.key), 200);
  }));

test("update changes what is given and nothing else, at once", () =>
  withAndWithoutService(async (env, url) => {
    const limits = ["--rate-limit", "9", "--daily-limit", "90", "--monthly-limit", "900"];
    const { id, key } = await keys<Created>(env, "create", "gateway", ...limits, "--allow", "x");
    const find = async () => (await keys<Listed[]>(env, "list")).find((each) => each.id === id) ?? {};
    // What the requests of this test count is behind by some seconds.
    const shown = ({ usage_count, last_used_at, ...rest }: Listed) => rest;
    let expected = shown(await find());
    for (const [args, change] of [
      [["--rate-limit", "7"], { rate_limit: 7 }],
      [["--daily-limit", "none"], { daily_usage_limit: null }],
      [
        ["--daily-limit", "5", "--monthly-limit", "none"],
        { daily_usage_limit: 5, monthly_usage_limit: null },
      ],
      [["--monthly-limit", "1000000000000"], { monthly_usage_limit: 1e12 }],
      [["--description", "ü 🚀"], { description: "ü 🚀" }],
      [["--allow", "a*", "--allow", "b"], { allowed_services: ["a*", "b"] }],
      [["--allow-none"], { allowed_services: [] }],
    ] as const) {
      expected = { ...expected, ...change };
      assert.equal(shown(await keys<Listed>(env, "update", `${id}`, ...args)), expected, args.join(" "));
      assert.equal(shown(await find()), expected, args.join(" "));
    }
    if (url === undefined) return;
    const { headers } = await send("GET", `${url}/rate-limit`, { "x-api-key": key });
    assert.is(headers.get("x-ratelimit-limit"), "7");
  }));

test("a key ends by itself when its lifetime is over", async () => {
  const { env } = freshEnvironment();
  const service = await startTestService(env);
  const { key } = await keys<Created>(env, "create", "gateway", "--expires", "1s");
  const endMs = Date.now() + 30_000;
  // Fails by running out of time.
  while ((await statusOf(service.url, key)) !== "api_key_expired") assert.ok(Date.now() < endMs);
  assert.match((await runCli(["keys", "list"], env)).stdout, /gateway .* expired /);
  await service.close();
});

test("what cannot be done is reported in one line, with exit code 1, and changes nothing", () =>
  withAndWithoutService(async (env) => {
    await keys(env, "create", "gateway");
    const before = await keys<Listed[]>(env, "list");
    const refused: readonly [readonly string[], RegExp][] = [
      [["revoke", "999"], /no API key 999/],
      [["rotate", "999"], /no API key 999/],
      [["rotate", "1", "--overlap", "91d"], /overlap/],
      [["update", "999", "--rate-limit", "5"], /no API key 999/],
      [["update", "1"], /rate_limit, .* or allowed_services is required/],
      [["update", "1", "--rate-limit", "0"], /rate_limit must be a whole number from 1 to 1000000/],
      [["update", "1", "--daily-limit", "1000000000001"], /daily_usage_limit/],
      [["update", "1", "--allow", "a/b"], /allowed_services/],
      [["update", "1", "--allow", "a", "--allow-none"], /contradict/],
      [["update", "1", "--description", "x".repeat(201)], /description/],
      [["create", "no such name"], /service must match/],
      [["create", "x", "--rate-limit", "0"], /rate_limit/],
      [
        ["create", "x", "--daily-limit", "0"],
        /daily_usage_limit must be a whole number from 1 to 1000000000000/,
      ],
      [["create", "x", "--monthly-limit", "1000000000001"], /monthly_usage_limit/],
      [["create", "x", "--allow", "a/b"], /allowed_services/],
    ];
    for (const [args, message] of refused) {
      const { code, stdout, stderr } = await runCli(["keys", ...args], env);
      assert.is(code, 1, args.join(" "));
      assert.is(stdout, "");
      assert.match(stderr, message);
      assert.is(stderr.trim().split("\n").length, 1, stderr);
    }
    assert.equal(await keys<Listed[]>(env, "list"), before);
  }));

test("a wrong command line is exit code 2", async () => {
  for (const args of [
    ["keys"],
    ["keys", "create"],
    ["keys", "revoke", "x"],
    ["keys", "update"],
    ["keys", "update", "1", "--daily-limit", "never"],
    ["keys", "find", "mcp_metrics_on_the_command_line"],
    ["keys", "create", "a", "--role", "god"],
  ]) {
    assert.is((await runCli(args, {})).code, 2, args.join(" "));
  }
});

test("a changed environment key turns the old one off, a removed one too; created keys stay", async () => {
  const { env } = freshEnvironment();
  const created = await keys<Created>(env, "create", "gateway");
  const values = { old: "old-value-of-the-key", new: "new-value-of-the-key", admin: "admin-value-one-0001" };
  const rounds: readonly { env: Env; expected: Readonly<Record<keyof typeof values, unknown>> }[] = [
    {
      env: { METRICS_API_KEY_MCP_GATEWAY: values.old, METRICS_ADMIN_API_KEY: values.admin },
      expected: { old: 200, new: "api_key_invalid", admin: 200 },
    },
    {
      env: { METRICS_API_KEY_MCP_GATEWAY: values.new, METRICS_ADMIN_API_KEY: "admin-value-two-0002" },
      expected: { old: "api_key_inactive", new: 200, admin: "api_key_inactive" },
    },
    { env: {}, expected: { old: "api_key_inactive", new: "api_key_inactive", admin: "api_key_inactive" } },
    {
      env: { METRICS_API_KEY_MCP_GATEWAY: values.old },
      expected: { old: 200, new: "api_key_inactive", admin: "api_key_inactive" },
    },
  ];
  for (const round of rounds) {
    const service = await startTestService({ ...env, ...round.env });
    for (const [name, value] of Object.entries(values)) {
      assert.is(await statusOf(service.url, value), round.expected[name as keyof typeof values], name);
    }
    assert.is(await statusOf(service.url, created.key), 200);
    await service.close();
  }
  const services = (await keys<Listed[]>(env, "list")).map(({ service, role }) => `${service} ${role}`);
  assert.ok(services.includes("mcp-gateway writer"));
  assert.ok(services.includes("admin admin"));
});

test("database, log, lock and announcement are readable by their owner only, and so is a new folder", async () => {
  const { env, path } = freshEnvironment();
  const inFolder = path.replace("metrics.db", "new/metrics.db");
  const before = process.umask(0);
  const service = await startTestService({ ...env, SQLITE_DB_PATH: inFolder });
  process.umask(before);
  for (const suffix of ["", "-wal", "-shm", "-lock", "-service.json"]) {
    assert.is(statSync(inFolder + suffix).mode & 0o777, 0o600, suffix);
  }
  assert.is(statSync(inFolder.replace("/metrics.db", "")).mode & 0o777, 0o700);
  await service.close();
});

test("keys made while a service runs are on disk when the command returns", async () => {
  const { env, path } = freshEnvironment();
  const service = await startTestService(env);
  const { key } = await keys<Created>(env, "create", "gateway");
  const sql = "SELECT count(*) AS found FROM api_keys WHERE key_hash = ?";
  assert.is(readRows(path, sql, hashKey(key))[0]?.found, 1);
  await service.close();
});

test.run();
