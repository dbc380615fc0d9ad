import { test } from "uvu";
import * as assert from "uvu/assert";
import { send } from "../support/http.ts";
import { readRows } from "../support/sql.ts";
import { type Env, freshEnvironment, runCli } from "./run-cli.ts";
import { runJson, withAndWithoutService } from "./with-and-without-service.ts";

type Json = Record<string, unknown>;

const servers = (env: Env, ...args: readonly string[]) => runJson(env, "servers", ...args);

const status = async (url: string, key: unknown, id: string) => {
  const body = { metrics: [{ name: "up", value: 1, type: "gauge" }] };
  const path = `/functions/v1/metrics-collect/${id}`;
  return (await send("POST", url + path, { "x-api-key": String(key) }, body)).status;
};

test("servers are registered, listed, given new keys and secrets, disabled and enabled, with a service or without", () =>
  withAndWithoutService(async (env, url) => {
    const path = env.SQLITE_DB_PATH ?? "";
    const made = (await servers(
      env,
      ...["register", "one", "--name", "The One", "--public", "--signed", "--tool", "a", "--tool", "b"],
      ...["--webhook-url", "https://example.com/hook", "--rate-limit", "100000"],
    )) as Json;
    assert.match(String(made.api_key), /^mcp_metrics_[\w-]{43}$/);
    assert.match(String(made.webhook_secret), /^whsec_[\w-]{43}$/);
    const plain = (await servers(env, "register", "two")) as Json;
    assert.equal(Object.keys(plain), ["server_id", "api_key", "api_key_id", "api_key_prefix"]);
    assert.equal(
      [plain.api_key_id, plain.api_key_prefix],
      [Number(made.api_key_id) + 1, String(plain.api_key).slice(12, 20)],
    );
    const [one, two] = (await servers(env, "list")) as [Json, Json];
    assert.equal(
      { ...one, created_at: "" },
      {
        server_id: "one",
        name: "The One",
        metrics_enabled: true,
        is_public: true,
        webhook_url: "https://example.com/hook",
        tools: ["a", "b"],
        has_webhook_secret: true,
        metrics_last_received: null,
        created_at: "",
      },
    );
    assert.equal([two.name, two.is_public, two.has_webhook_secret], ["two", false, false]);
    if (url !== undefined) assert.is(await status(url, plain.api_key, "two"), 200);

    const rotated = (await servers(env, "rotate", "two", "--overlap", "1h")) as Json;
    const again = (await servers(env, "rotate", "two")) as Json;
    if (url !== undefined) {
      const keys = [plain.api_key, rotated.api_key, again.api_key];
      const statuses = await Promise.all(keys.map((key) => status(url, key, "two")));
      assert.equal(statuses, [200, 401, 200], "the first within its overlap, the second at once no more");
    }
    const secret = (await servers(env, "secret", "two")) as Json;
    assert.match(String(secret.webhook_secret), /^whsec_/);
    if (url !== undefined) assert.is(await status(url, again.api_key, "two"), 401, "now it must sign");
    await servers(env, "secret", "two", "--remove");
    await servers(env, "disable", "two");
    if (url !== undefined) assert.is(await status(url, again.api_key, "two"), 403);
    await servers(env, "enable", "two");
    if (url !== undefined) assert.is(await status(url, again.api_key, "two"), 200);

    const acts = readRows(
      path,
      "SELECT actor, action, target, details, outcome FROM admin_audit_log ORDER BY id",
    );
    assert.equal(
      acts.map(({ action, target }) => `${action} ${target}`),
      [
        "server.register one",
        "server.register two",
        "server.rotate_key two",
        "server.rotate_key two",
        "server.set_secret two",
        "server.set_secret two",
        "server.update two",
        "server.update two",
      ],
    );
    assert.ok(acts.every(({ actor, outcome }) => actor === "local-cli" && outcome === "ok"));
    const shown = JSON.stringify(acts);
    for (const hidden of [made.api_key, made.webhook_secret, secret.webhook_secret]) {
      assert.not.ok(shown.includes(String(hidden)));
    }
  }));

test("what cannot be is rejected in a sentence, with a service or without", () =>
  withAndWithoutService(async (env, url) => {
    await servers(env, "register", "taken");
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [["register", "taken"], /server taken is registered already/],
      [["register", "no spaces"], /server_id must have 1 to 128/],
      [["register", "x", "--webhook-url", "ftp://x"], /webhook_url must be an http or https URL/],
      [["register", "x", "--rate-limit", "0"], /rate_limit must be a whole number/],
      [["rotate", "nobody"], /Server not found/],
      [["rotate", "taken", "--overlap", "91d"], /out of range/],
      [["secret", "nobody"], /Server not found/],
      [["disable", "nobody"], /Server not found/],
    ];
    // Of the refusals that a service sends, one of each kind will do.
    for (const [args, message] of url === undefined ? cases : cases.filter((_, index) => index % 3 === 0)) {
      const { code, stderr, stdout } = await runCli(["servers", ...args], env);
      assert.is(code, 1, stdout);
      assert.match(stderr, message);
      assert.not.match(stderr, /\n\s+at /);
    }
  }));

test("people are shown lines to export, and a table", async () => {
  const { env } = freshEnvironment();
  const { stdout, stderr } = await runCli(["servers", "register", "one", "--signed"], env);
  assert.match(
    stdout,
    /^export MCP_DIRECTORY_API_KEY=mcp_metrics_\S+\nexport MCP_DIRECTORY_WEBHOOK_SECRET=whsec_\S+\n$/,
  );
  assert.match(stderr, /only time/);
  const listed = await runCli(["servers", "list"], env);
  assert.match(
    listed.stdout,
    /^ID +NAME +METRICS +FIGURES +SIGNED +LAST RECEIVED\none +one +enabled +private +yes +never\n$/,
  );
  const help = await runCli(["servers", "register", "--help"], env);
  assert.match(help.stdout, /--signed/);
});

test.run();
