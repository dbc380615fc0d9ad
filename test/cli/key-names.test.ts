import { test } from "uvu";
import * as assert from "uvu/assert";
import { hashKey } from "../../src/access/api-key.ts";
import { openUnmigrated } from "../sqlite/databases.ts";
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

type Listed = Readonly<Record<string, unknown>>;

/** What is shown of a key. */
const prefixOf = (key: string) => key.slice("mcp_metrics_".length).slice(0, 8);

test("every command that names a key says its id, role and prefix", () =>
  withAndWithoutService(async (env) => {
    const first = await keys<Created>(env, "create", "gateway", "--role", "reader");
    assert.equal([first.service, first.role, first.prefix], ["gateway", "reader", prefixOf(first.key)]);
    const named = `${first.id} (reader of gateway, ${first.prefix})`;
    const listed = await runCli(["keys", "list"], env);
    assert.match(listed.stdout, new RegExp(`^${first.id} +${first.prefix} +gateway +reader `, "m"));
    const update = await runCli(["keys", "update", `${first.id}`, "--rate-limit", "5"], env);
    assert.ok(update.stdout.startsWith(`API key ${named} is changed:\n`), update.stdout);
    const rotated = await keys<Created>(env, "rotate", `${first.id}`);
    assert.equal(
      [rotated.service, rotated.role, rotated.prefix],
      ["gateway", "reader", prefixOf(rotated.key)],
    );
    const again = await runCli(["keys", "rotate", `${first.id}`], env);
    assert.is(
      again.stderr,
      `mcp-metrics: API key ${named} has expired and cannot be rotated; create a new one\n`,
    );
    const other = `${rotated.id} (reader of gateway, ${rotated.prefix})`;
    const revoked = await runCli(["keys", "revoke", `${rotated.id}`], env);
    assert.is(revoked.stdout, `API key ${other} is revoked\n`);
    const refused = await runCli(["keys", "rotate", `${rotated.id}`], env);
    assert.is(refused.code, 1);
    assert.is(
      refused.stderr,
      `mcp-metrics: API key ${other} is revoked and cannot be rotated; create a new one\n`,
    );
  }));

test("find says which key a text is, as it stands in a leak, and nothing of a text that is none", () =>
  withAndWithoutService(async (env, url) => {
    await keys<Created>(env, "create", "other");
    const { id, key } = await keys<Created>(env, "create", "gateway");
    const find = (input: string) => runCli(["keys", "find", "--json"], env, input);
    const findActive = async (input: string, isActive: boolean) => {
      const { code, stdout, stderr } = await find(input);
      assert.is(code, 0, stderr);
      const found = JSON.parse(stdout) as Listed;
      assert.equal(
        [found.id, found.service, found.role, found.is_active],
        [id, "gateway", "writer", isActive],
      );
      assert.not(stdout.includes(key) || stderr.includes(key));
    };
    await findActive(`  ${key}\r\n`, true);
    await keys(env, "revoke", `${id}`);
    await findActive(`export METRICS_API_KEY=${key}\n`, false);
    await findActive(`KEY='${key}'`, false);
    const wrong = await find(key.slice(0, -1));
    assert.equal(
      [wrong.code, wrong.stdout, wrong.stderr],
      [1, "", "mcp-metrics: this is no API key of this service\n"],
    );
    if (url !== undefined) return;
    for (const [input, message] of [
      [hashKey(key), "this is no API key of this service"],
      [" \n", "standard input holds no key"],
      ["x".repeat(2000), "standard input holds more than a key"],
    ] as const) {
      const { code, stdout, stderr } = await find(input);
      assert.equal([code, stdout, stderr], [1, "", `mcp-metrics: ${message}\n`]);
    }
  }));

test("a key of the environment is found, too, and what was set of it stays over a start", async () => {
  const { env } = freshEnvironment({ METRICS_API_KEY_GATEWAY: "a-key-that-people-chose" });
  const service = await startTestService(env);
  const find = async () => {
    const { stdout } = await runCli(["keys", "find", "--json"], env, "a-key-that-people-chose");
    return JSON.parse(stdout) as Listed;
  };
  const { id, service: owner, prefix } = await find();
  assert.equal([owner, prefix], ["gateway", null]);
  await keys(env, "update", `${id}`, "--rate-limit", "7", "--description", "of the gateway");
  await service.service.close();
  const again = await startTestService(env);
  const { rate_limit, description, is_active } = await find();
  assert.equal([rate_limit, description, is_active], [7, "of the gateway", true]);
  await again.close();
});

test("a key from before prefixes were kept shows its own once it is used", async () => {
  const { env, path } = freshEnvironment();
  const { key } = await keys<Created>(env, "create", "gateway");
  const database = openUnmigrated(path);
  database.script("UPDATE api_keys SET key_prefix = NULL");
  database.close();
  const service = await startTestService(env);
  const shown = async () =>
    (await keys<Listed[]>(env, "list")).find((each) => each.service === "gateway")?.prefix;
  assert.is(await shown(), null);
  const { status } = await send("GET", `${service.url}/rate-limit`, { "x-api-key": key });
  assert.is(status, 200);
  assert.is(await shown(), prefixOf(key));
  await service.service.close();
  const prefixes = readRows(path, "SELECT key_prefix FROM api_keys WHERE service_name = 'gateway'");
  assert.equal(
    prefixes.map(({ key_prefix }) => key_prefix),
    [prefixOf(key)],
  );
});

test.run();
