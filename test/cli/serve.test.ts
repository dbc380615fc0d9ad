import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { startService } from "../../bench/service-process.ts";
import { digestOf, openMigrated, untilQuiet } from "../sqlite/databases.ts";
import { until } from "../support/wait.ts";
import { AT_ONCE_MS_MAX, cleanEnvironment, type Env, freshEnvironment, PROGRAM, runCli } from "./run-cli.ts";

/** Start a service that must not come up; what it says on standard error. */
async function refusal(env: Env, exitCode = 1): Promise<string> {
  const { code, stderr, ms } = await runCli(["serve"], env);
  assert.is(code, exitCode, stderr);
  assert.ok(ms < AT_ONCE_MS_MAX, `${ms} ms`);
  return stderr;
}

function oneLine(stderr: string): string {
  assert.match(stderr, /^mcp-metrics: .*\n$/);
  assert.is(stderr.trim().split("\n").length, 1, stderr);
  return stderr;
}

const DAMAGES: readonly { name: string; damage: (intact: Buffer) => Uint8Array; message: RegExp }[] = [
  { name: "no database", damage: () => Buffer.from("hello ".repeat(1000)), message: /not a database/ },
  { name: "a zeroed database", damage: (intact) => Buffer.alloc(intact.length), message: /not a database/ },
  { name: "cut off", damage: (intact) => intact.subarray(0, 6000), message: /malformed/ },
  {
    name: "damaged in its header",
    damage: (intact) => Buffer.concat([Buffer.from("SQLite format 4\0"), intact.subarray(16)]),
    message: /not a database/,
  },
];

for (const { name, damage, message } of DAMAGES) {
  test(`a file that is ${name} is rejected in one line that names it, and left byte for byte`, async () => {
    const { env, path } = freshEnvironment();
    const database = openMigrated(`${path}.intact`);
    database.script("PRAGMA wal_checkpoint(TRUNCATE)");
    writeFileSync(path, damage(readFileSync(`${path}.intact`)));
    database.close();
    const before = await digestOf(path);
    const stderr = oneLine(await refusal(env, 65));
    assert.match(stderr, message);
    assert.match(stderr, path);
    assert.match(stderr, /restore a backup/);
    assert.is(await digestOf(path), before);
  });
}

test("a port in use is reported in one line, whichever of the two it is; the database is free afterwards", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  for (const name of ["METRICS_SERVICE_PORT", "OTEL_PROMETHEUS_PORT"]) {
    const { env } = freshEnvironment({ [name]: `${port}` });
    assert.match(oneLine(await refusal(env)), new RegExp(`: ${name}: .*EADDRINUSE.*${port}`));
    assert.is((await runCli(["migrate", "up"], env)).code, 0);
  }
  other.close();
  await once(other, "close");
});

test("an address that is not this machine's is reported with the setting that has it", async () => {
  for (const name of ["METRICS_SERVICE_HOST", "OTEL_PROMETHEUS_HOST"]) {
    const { env } = freshEnvironment({ [name]: "192.0.2.1" });
    assert.match(
      oneLine(await refusal(env)),
      new RegExp(`: ${name}: .*EADDRNOTAVAIL.*an address of this machine`),
    );
  }
});

test("every problem of a bad configuration is reported at once, and nothing is made", async () => {
  const bad = {
    METRICS_SERVICE_PORT: "http",
    METRICS_RATE_LIMIT: "-1",
    METRICS_ACK: "maybe",
    LOG_LEVEL: "loud",
  };
  const { env } = freshEnvironment(bad);
  const stderr = await refusal(env);
  for (const name of Object.keys(bad)) assert.match(stderr, name);
  assert.not.match(stderr, /\n\s+at /);
});

test("a second service on the same file is rejected at once, and the first does not notice", async () => {
  const { env, path } = freshEnvironment();
  // With a key: without one the first start would still be making its own.
  const first = await startService({ databasePath: path, keys: { gateway: "a-key-of-the-gateway" } });
  await untilQuiet(path);
  const before = await digestOf(path);
  assert.match(oneLine(await refusal(env)), /in use by another mcp-metrics process/);
  assert.is(await digestOf(path), before);
  assert.is((await fetch(`http://127.0.0.1:${first.port}/health/ready`)).status, 200);
  assert.is((await first.stop("SIGTERM")).code, 0);
});

test("killed ten times in a row while starting or running, it starts again each time, and nothing holds the file", async () => {
  const { path } = freshEnvironment();
  for (let round = 0; round < 10; round += 1) {
    const service = await startService({ databasePath: path, keys: {} });
    await service.stop("SIGKILL");
  }
  const last = await startService({ databasePath: path, keys: {} });
  assert.is((await fetch(`http://127.0.0.1:${last.port}/health/ready`)).status, 200);
  assert.is((await last.stop("SIGTERM")).code, 0);
});

test("a signal during the start ends it as one afterwards does", async () => {
  const { env, path } = freshEnvironment();
  // The folder is made at the start; by then signals are listened to.
  const folder = join(path, "..", "new");
  const child = spawn(process.execPath, [PROGRAM, "serve"], {
    env: cleanEnvironment({ ...env, SQLITE_DB_PATH: join(folder, "metrics.db") }),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  const output = text(child.stdout);
  child.stderr.resume();
  await until("the start", () => existsSync(folder));
  child.kill("SIGTERM");
  const [code] = await exited;
  assert.is(code, 0);
  const lines = (await output).trim().split("\n");
  const messages = lines.map((line) => (JSON.parse(line) as { message: string }).message);
  assert.equal(
    messages.filter((message) => message !== "migration applied"),
    ["shutting down", "stopped"],
  );
});

test("the service goes on when nobody reads its log any more, and stops as ever", async () => {
  const { env, path } = freshEnvironment({ LOG_LEVEL: "info" });
  const child = spawn(process.execPath, [PROGRAM, "serve"], {
    env: cleanEnvironment(env),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "exit");
  const complaints = text(child.stderr);
  await once(child.stdout, "data");
  child.stdout.destroy();
  // Announced after its first lines, which nobody has read.
  await until("it is announced", () => existsSync(`${path}-service.json`) || child.exitCode !== null);
  assert.is((await runCli(["keys", "create", "gateway"], env)).code, 0);
  child.kill("SIGTERM");
  assert.equal(await ended, [0, null]);
  assert.match(await complaints, /^mcp-metrics: standard output: write EPIPE\n/m);
});

test("a command whose reader is gone has failed, and says so without a stack", async () => {
  const { env } = freshEnvironment();
  const child = spawn(process.execPath, [PROGRAM, "--help"], {
    env: cleanEnvironment(env),
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.destroy();
  const ended = once(child, "exit");
  assert.is(await text(child.stderr), "mcp-metrics: standard output: write EPIPE\n");
  assert.equal(await ended, [1, null]);
});

test("every line of standard output is one JSON object, also where the first start has a key to show", async () => {
  for (const keys of [{}, { METRICS_API_KEY_GATEWAY: "a-key-of-the-gateway" }]) {
    const { env } = freshEnvironment(keys);
    const child = spawn(process.execPath, [PROGRAM, "serve"], {
      env: cleanEnvironment(env),
      stdio: ["ignore", "pipe", "pipe"],
    });
    const ended = once(child, "exit");
    const lines: string[] = [];
    createInterface({ input: child.stdout }).on("line", (line) => void lines.push(line));
    const said = text(child.stderr);
    await until("the service", () => lines.some((line) => line.includes('"listening"')));
    child.kill("SIGTERM");
    assert.equal(await ended, [0, null]);
    const entries = lines.map((line) => JSON.parse(line) as { message: string; timestamp: string });
    assert.equal(
      entries
        .map(({ message }) => message)
        .filter((message) => !/^(migration applied|administrative act)$/.test(message)),
      ["listening", "shutting down", "stopped"],
    );
    for (const { timestamp } of entries) assert.is(new Date(timestamp).toISOString(), timestamp);
    const [key = "no key"] = /mcp_metrics_\S+/.exec(await said) ?? [];
    assert.not(lines.join("\n").includes(key), "a log keeps no key");
  }
});

test.run();
