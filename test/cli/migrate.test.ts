import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { startService } from "../../bench/service-process.ts";
import {
  digestOf,
  MIGRATIONS,
  MIGRATIONS_FOLDER,
  openMigrated,
  openUnmigrated,
  untilQuiet,
} from "../sqlite/databases.ts";
import { AT_ONCE_MS_MAX, freshEnvironment, runCli, temporaryFolder } from "./run-cli.ts";

const NAMES = MIGRATIONS.map(({ version, name }) => ({ version, name }));

test("list shows what the program has, without a database", async () => {
  const { env, path } = freshEnvironment();
  const { code, stdout } = await runCli(["migrate", "list", "--json"], env);
  assert.is(code, 0);
  assert.equal(JSON.parse(stdout), NAMES);
  assert.not(existsSync(path));
});

test("status looks and makes nothing: what is not applied is pending", async () => {
  const { env, path } = freshEnvironment();
  const { code, stdout } = await runCli(["migrate", "status"], env);
  assert.is(code, 0);
  assert.is(stdout.match(/pending/g)?.length, MIGRATIONS.length);
  assert.not(existsSync(path));
});

test("up, down and up again, in steps, with status in between", async () => {
  const { env } = freshEnvironment();
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await runCli(["migrate", ...args, "--json"], env);
    assert.is(code, 0, stderr);
    return JSON.parse(stdout) as { version: number; applied_at?: string | null }[];
  };
  const versions = (rows: { version: number }[]) => rows.map(({ version }) => version);
  assert.equal(versions(await run("up", "--to", "2")), [1, 2]);
  const applied = (await run("status")).filter(({ applied_at }) => applied_at !== null);
  assert.equal(versions(applied), [1, 2]);
  assert.equal(versions(await run("up")), versions(NAMES).slice(2));
  assert.equal(await run("up"), []);
  assert.equal(versions(await run("down", "0", "--yes")), versions(NAMES).reverse());
  assert.equal(versions(await run("up")), versions(NAMES));
});

test("down without --yes says what it would undo and undoes nothing", async () => {
  const { env } = freshEnvironment();
  await runCli(["migrate", "up"], env);
  const { code, stdout, stderr } = await runCli(["migrate", "down", "3"], env);
  assert.is(code, 0);
  assert.match(stdout, /would undo 0005 idempotency_keys\nwould undo 0004 /);
  assert.match(stderr, /--yes/);
  assert.not.match((await runCli(["migrate", "status"], env)).stdout, /pending/);
});

test("up after a data-bearing down works: nothing of the rows' statements is left open", async () => {
  const { env, path } = freshEnvironment();
  openMigrated(path).close();
  await runCli(["keys", "create", "gateway"], env);
  for (const args of [["down", "3", "--yes"], ["up"], ["down", "0", "--yes"], ["up"]]) {
    const { code, stderr } = await runCli(["migrate", ...args], env);
    assert.is(code, 0, stderr);
  }
});

test("while a service holds the database, also through a link, changes are rejected at once and it is untouched", async () => {
  const { env, path } = freshEnvironment();
  // With a key: without one the first start would still be making its own.
  const service = await startService({ databasePath: path, keys: { gateway: "a-key-of-the-gateway" } });
  const link = join(temporaryFolder(), "link.db");
  symlinkSync(path, link);
  await untilQuiet(path);
  const before = await digestOf(path);
  for (const databasePath of [path, link]) {
    for (const args of [["migrate", "up"], ["migrate", "down", "0", "--yes"], ["serve"]]) {
      const { code, stdout, stderr, ms } = await runCli(args, { ...env, SQLITE_DB_PATH: databasePath });
      assert.is(code, 1);
      assert.is(stdout, "");
      assert.match(stderr, /^mcp-metrics: \S+ is in use by another mcp-metrics process; .*\n$/);
      assert.ok(ms < AT_ONCE_MS_MAX, `${ms} ms`);
    }
    assert.is((await runCli(["migrate", "status"], { ...env, SQLITE_DB_PATH: databasePath })).code, 0);
  }
  assert.is(await digestOf(path), before);
  await service.stop("SIGTERM");
});

test("what cannot be opened is reported in one line that names the file, and left as it is", async () => {
  const cases: readonly { make: (path: string) => void; message: RegExp }[] = [
    { make: (path) => writeFileSync(path, "no database ".repeat(500)), message: /not a database/ },
    { make: (path) => mkdirSync(path), message: /is a folder|not a database/ },
    {
      make: (path) => {
        const database = openUnmigrated(path);
        database.script(
          "PRAGMA journal_mode = DELETE; CREATE TABLE notes (text); INSERT INTO notes VALUES (1)",
        );
        database.close();
      },
      message: /database of something else/,
    },
  ];
  for (const { make, message } of cases) {
    const { env, path } = freshEnvironment();
    make(path);
    const isFile = existsSync(path) && !readdirSafely(path);
    const before = isFile ? await digestOf(path) : "";
    for (const args of [
      ["migrate", "status"],
      ["migrate", "up"],
      ["keys", "list"],
    ]) {
      const { code, stderr } = await runCli(args, env);
      assert.is(code, 1);
      assert.match(stderr, message);
      assert.match(stderr, path);
      assert.is(stderr.trim().split("\n").length, 1, stderr);
    }
    if (isFile) assert.is(await digestOf(path), before);
  }
});

function readdirSafely(path: string): boolean {
  try {
    readdirSync(path);
    return true;
  } catch {
    return false;
  }
}

test("create rejects a name that is no file name and makes nothing", async () => {
  const before = readdirSync(MIGRATIONS_FOLDER);
  for (const name of ["../evil", "With-Dash", "x".repeat(61)]) {
    const { code, stderr } = await runCli(["migrate", "create", name], {});
    assert.is(code, 1);
    assert.match(stderr, /a name has 1 to 60/);
  }
  assert.equal(readdirSync(MIGRATIONS_FOLDER), before);
});

test("a wrong command line is exit code 2 and names the way to help", async () => {
  for (const args of [
    ["migrate", "down"],
    ["migrate", "up", "--to", "x"],
    ["migrate", "sideways"],
  ]) {
    const { code, stderr } = await runCli(args, {});
    assert.is(code, 2);
    assert.match(stderr, /Try: mcp-metrics migrate/);
  }
});

test.run();
