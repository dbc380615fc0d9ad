import { type ChildProcess, spawn } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { unlessMissing } from "../support/needs.ts";
import { WRITER_KEY } from "../support/service.ts";
import { findNodes, installInto, OLDEST_NODE, packCopy, run, tool } from "./packed-library.ts";

const folder = mkdtempSync(join(tmpdir(), "mcp-metrics-package-"));
const project = await installInto(folder, await packCopy(folder));
const nodes = await findNodes();
let service: ChildProcess | undefined;
let url = "";

test.before(async () => {
  copyFileSync(new URL("host.ts", import.meta.url), join(project, "host.ts"));
  service = spawn(process.execPath, [join(project, "node_modules/mcp-metrics/src/mcp-metrics.js"), "serve"], {
    cwd: project,
    env: {
      PATH: process.env.PATH,
      METRICS_SERVICE_HOST: "127.0.0.1",
      METRICS_SERVICE_PORT: "0",
      OTEL_PROMETHEUS_ENABLED: "false",
      METRICS_API_KEY_HOST: WRITER_KEY,
    },
    stdio: ["ignore", "pipe", "ignore"],
  });
  for await (const line of createInterface({ input: service.stdout ?? process.stdin })) {
    const port = /"message":"listening".*"port":(\d+)/.exec(line)?.[1];
    if (port === undefined) continue;
    url = `http://127.0.0.1:${port}`;
    break;
  }
  service.stdout?.resume();
});

test.after(async () => {
  if (service !== undefined && service.exitCode === null) {
    const ended = new Promise((resolve) => service?.once("exit", resolve));
    service.kill("SIGTERM");
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a module of the project with what it is to know. */
async function runHost(node: string, module: string, transport: string): Promise<void> {
  const settings = JSON.stringify({ url, apiKey: WRITER_KEY, transport });
  const program = `globalThis.settings = ${settings}; await import("./${module}");`;
  await run(node, ["--input-type=module", "-e", program], project);
}

test("the service of an installed package starts, also its threads", () => {
  assert.match(url, /^http:/);
});

test("the command of an installed package says what it can do", async () => {
  assert.match(await run("npm", ["exec", "--offline", "mcp-metrics", "--", "--help"], project), "serve");
});

test("installing it brings the host no other Node", () => {
  assert.not.ok(existsSync(join(project, "node_modules/.bin/node")));
  const manifest = readFileSync(join(project, "node_modules/mcp-metrics/package.json"), "utf8");
  assert.equal(JSON.parse(manifest).optionalDependencies, undefined);
});

test("packing leaves the checkout's manifest as it was, also after one that failed", () => {
  const [packed, original] = [
    join(folder, "checkout/package.json"),
    new URL("../../package.json", import.meta.url),
  ];
  assert.is(readFileSync(packed, "utf8"), readFileSync(original, "utf8"));
});

test("the library compiles under strict rules, without the types of Node", async () => {
  const strict = ["--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess", "--types", ""];
  const target = ["--target", "es2022", "--lib", "es2022,dom", "--module", "nodenext", "--outDir", "."];
  await run(tool("tsc"), [...strict, ...target, "--ignoreConfig", "host.ts"], project);
  assert.ok(existsSync(join(project, "host.js")));
});

for (const transport of ["connect", "grpc"]) {
  for (const [major, node] of nodes) {
    test(`the library sends from Node ${major}, over ${transport}`, () =>
      runHost(node, "host.js", transport));
  }
}

if (!nodes.has(OLDEST_NODE)) {
  const why = `there is no Node ${OLDEST_NODE} here, only ${[...nodes.keys()].join(", ")}`;
  unlessMissing(test, { why })(`the library sends from Node ${OLDEST_NODE}`, () => undefined);
}

test("what only looks like a Node, or is older than the library, is not tried", async () => {
  const { PATH } = process.env;
  const fakes = { broken: "exit 3", old: "echo v18.20.0", new: "echo v99.1.0" };
  const folders = Object.entries(fakes).map(([name, script]) => {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "node"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return join(folder, name);
  });
  process.env.PATH = [...folders, PATH].join(delimiter);
  try {
    const found = await findNodes();
    assert.is(found.get(99), join(folder, "new", "node"));
    assert.not.ok(found.has(18));
  } finally {
    process.env.PATH = PATH;
  }
});

test("the library bundles for browsers, and the bundle sends", async () => {
  const bundle = join(project, "bundle.js");
  const options = [
    "--bundle",
    "--platform=browser",
    "--format=esm",
    "--log-level=warning",
    `--outfile=${bundle}`,
  ];
  assert.is(await run(tool("esbuild"), ["host.ts", ...options], project), "");
  assert.not.match(readFileSync(bundle, "utf8"), /from "node:|require\(/);
  await runHost(process.execPath, "bundle.js", "connect");
});

test("what is not the library cannot be imported", async () => {
  writeFileSync(join(project, "inner.js"), 'await import("mcp-metrics/dist/main.js");');
  await run(process.execPath, ["inner.js"], project).then(
    () => assert.unreachable(),
    (error: Error) => assert.match(error.message, "ERR_PACKAGE_PATH_NOT_EXPORTED"),
  );
});

test.run();
