/**
 * The conformance suite of Connect (https://github.com/connectrpc/conformance) against our listener,
 * router and RPC handlers: thousands of calls of its reference client over every protocol, HTTP version,
 * codec and compression that is served, with and without TLS.
 *
 * It needs Go. The suite is built once on a machine, out of the module at the version below, and kept in
 * the temporary folder.
 */
import { execFile, spawnSync } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { missingProgram } from "../support/needs.ts";
import { preparedFolder } from "../support/prepared-folder.ts";

const MODULE = "connectrpc.com/conformance@v1.0.7";
const PROGRAM = "connectconformance";
const SCHEMA = "schema.binpb";

const execute = promisify(execFile);
const here = (name: string) => join(import.meta.dirname, name);

/** Fills `folder` with the suite's program and the descriptors of its schema. */
async function build(folder: string): Promise<void> {
  const [path, version] = MODULE.split("@");
  await execute("go", ["install", `${path}/cmd/${PROGRAM}@${version}`], {
    env: { ...process.env, GOBIN: folder },
  });
  const { stdout } = await execute("go", ["mod", "download", "-json", MODULE]);
  const { Dir: source } = JSON.parse(stdout) as { readonly Dir: string };
  const out = join(folder, SCHEMA);
  await execute("buf", ["build", join(source, "proto"), "--as-file-descriptor-set", "-o", out]);
}

/** What the suite makes of the service: its exit code. Everything it says goes to standard output. */
async function run(more: readonly string[]): Promise<number> {
  const folder = await preparedFolder("conformance", [MODULE], build);
  const options = ["--mode", "server", "--conf", here("features.yaml")];
  const excluded = ["--known-failing", `@${here("known-failing.txt")}`];
  const server = [process.execPath, here("server.ts"), join(folder, SCHEMA)];
  const command = [...options, ...excluded, ...more, "--", ...server];
  return spawnSync(join(folder, PROGRAM), command, { stdio: "inherit" }).status ?? 1;
}

// A failure without Go: this program is asked for by name, and there is nothing else that it could do.
const missing = missingProgram("go");
if (missing !== undefined) process.stderr.write(`${missing.why}: install ${missing.install}\n`);
process.exitCode = missing === undefined ? await run(process.argv.slice(2)) : 1;
