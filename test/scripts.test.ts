/** The scripts of package.json as a newcomer calls them: `npm start`, `npm run demo`, and a signal to npm. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { QueryService, SummaryGroup } from "../gen/mcp/metrics/v1/query_service_pb.js";
import { findService } from "../src/sqlite/file/announcement.ts";
import { isDatabaseInUse } from "../src/sqlite/file/lock.ts";
import { cleanEnvironment } from "./cli/run-cli.ts";
import { until } from "./support/wait.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
const execute = promisify(execFile);

interface Running {
  readonly npm: ChildProcess;
  /** Both outputs so far. */
  readonly output: () => string;
}

interface Context {
  /** A checkout whose .env no developer has written. */
  readonly folder: string;
  readonly databasePath: string;
  readonly service: Running;
}

const test = suite<Context>("npm scripts");
/** Wins over .env. */
const environment = cleanEnvironment({ LOG_LEVEL: "info" });
const started: ChildProcess[] = [];

function startScript(folder: string, ...args: readonly string[]): Running {
  const npm = spawn("npm", args, { cwd: folder, env: environment, stdio: ["ignore", "pipe", "pipe"] });
  started.push(npm);
  let output = "";
  for (const stream of [npm.stdout, npm.stderr])
    stream.setEncoding("utf8").on("data", (text) => (output += text));
  return { npm, output: () => output };
}

test.before(async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "mcp-metrics-scripts-"));
  for (const name of ["package.json", "node_modules", "src", "gen", "migrations", "bench"])
    symlinkSync(join(ROOT, name), join(folder, name));
  const databasePath = join(folder, "named-in-env-file.db");
  const settings = {
    SQLITE_DB_PATH: databasePath,
    METRICS_SERVICE_HOST: "127.0.0.1",
    METRICS_SERVICE_PORT: "0",
    OTEL_PROMETHEUS_HOST: "127.0.0.1",
    OTEL_PROMETHEUS_PORT: "0",
    LOG_LEVEL: "silent",
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(join(folder, ".env"), lines.join(""));
  const service = startScript(folder, "start");
  Object.assign(context, { folder, databasePath, service });
  await until("the end of what is printed", () => service.output().includes("Then see it at"), 60_000);
});
test.after(({ folder }) => {
  for (const npm of started) npm.kill("SIGKILL");
  // What a test that failed has left running is still announced.
  for (const name of readdirSync(folder).filter((file) => file.endsWith("-service.json")))
    process.kill(JSON.parse(readFileSync(join(folder, name), "utf8")).pid, "SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

test("npm start reads .env, and what the environment has wins over it", ({ databasePath, service }) => {
  assert.ok(existsSync(databasePath));
  assert.match(service.output(), '"message":"listening"');
});

test("the key that a first start prints shows what npm run demo sends, of every kind", async (context) => {
  const { folder, databasePath, service } = context;
  const [, key = ""] = /^ {2}(mcp_metrics_\S+)$/m.exec(service.output()) ?? [];
  await execute("npm", ["run", "demo", "--", "--history", "5", "--for", "1"], {
    cwd: folder,
    env: environment,
  });
  const transport = createConnectTransport({
    baseUrl: findService(databasePath)?.url ?? "",
    httpVersion: "1.1",
    interceptors: [
      (next) => (call) => {
        call.header.set("x-api-key", key);
        return next(call);
      },
    ],
  });
  // As the numbers at the top of the dashboard's first page are asked for.
  const { rows } = await createClient(QueryService, transport).summary({
    group: SummaryGroup.TYPE,
    types: ["auth_request", "tool_execution", "tool_discovery", "protocol_latency"],
    statistics: ["count"],
  });
  assert.is(rows.length, 4);
  for (const { name, statistics } of rows) assert.ok((statistics.count ?? 0) > 0, name);
});

test("npm run mcp-metrics works on the database that .env names", async ({ folder }) => {
  const options = { cwd: folder, env: environment };
  const { stdout } = await execute("npm", ["run", "-s", "mcp-metrics", "keys", "list"], options);
  assert.match(stdout, "made at the first start");
});

test("a signal to npm ends the demo, which revokes its key", async ({ folder }) => {
  const { npm, output } = startScript(folder, "run", "demo", "--", "--history", "0");
  await until("the demo", () => output().includes("Sending about"), 60_000);
  npm.kill("SIGTERM");
  await once(npm, "close");
  assert.match(output(), /\d+ stored, 0 failed/);
  const options = { cwd: folder, env: environment };
  const { stdout } = await execute(
    "npm",
    ["run", "-s", "mcp-metrics", "--", "keys", "list", "--json"],
    options,
  );
  const keys = JSON.parse(stdout) as { readonly description: string; readonly is_active: boolean }[];
  const demo = keys.filter(({ description }) => description === "npm run demo");
  assert.ok(demo.length > 0 && demo.every(({ is_active }) => !is_active), stdout);
});

test("Ctrl-C, which comes from the terminal and once more from npm, ends the service in its own way", async ({
  folder,
}) => {
  const settings = { ...environment, SQLITE_DB_PATH: join(folder, "another.db") };
  // Below a terminal all of them are one group, which gets the signal.
  const npm = spawn("npm", ["start"], { cwd: folder, env: settings, detached: true });
  started.push(npm);
  let output = "";
  npm.stdout.setEncoding("utf8").on("data", (text) => (output += text));
  await until("the service", () => output.includes('"message":"listening"'), 60_000);
  process.kill(-(npm.pid ?? 0), "SIGINT");
  const [code] = await once(npm, "close");
  assert.is(code, 0);
  assert.match(output, '"message":"stopped"');
  assert.not.match(output, "second signal");
});

test("a signal to npm ends the service, in its own way: no process, port or lock is left", async (context) => {
  const { databasePath, service } = context;
  const { pid = 0, url = "" } = findService(databasePath) ?? {};
  assert.is((await fetch(`${url}/health`)).status, 200);
  assert.ok(isDatabaseInUse(databasePath));
  service.npm.kill("SIGTERM");
  // Of npm and of all that holds its outputs.
  const [code] = await once(service.npm, "close");
  assert.is(code, 0);
  assert.match(service.output(), '"message":"stopped"');
  assert.throws(() => process.kill(pid, 0), /ESRCH/);
  assert.is(await fetch(url).catch(() => "refused"), "refused");
  assert.not(isDatabaseInUse(databasePath));
});

test("what runs until it is stopped is one process below npm", () => {
  for (const name of ["start", "dev", "demo", "mcp-metrics", "test"])
    assert.match(scripts[name], /^exec /, name);
});

test.run();
