/**
 * The standard Python packages as an independent opinion: what grpcio decodes was not encoded with the
 * same mistake.
 */
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Test } from "uvu";
import { missingProgram, unlessMissing } from "./needs.ts";
import { preparedFolder } from "./prepared-folder.ts";

export interface PythonClient {
  /** The interpreter of a virtualenv with the packages below. */
  readonly python: string;
  /** A folder for PYTHONPATH: `mcp.metrics.v1.metrics_service_pb2_grpc` and so on. */
  readonly stubs: string;
}

/** With everything they need, so that a new release of a dependency changes nothing here. */
export const PACKAGES = [
  "anyio==4.16.0",
  "certifi==2026.10.19.post1",
  "charset-normalizer==3.5.3",
  "googleapis-common-protos==1.76.0",
  "grpcio==1.85.1",
  "grpcio-health-checking==1.85.1",
  "grpcio-reflection==1.85.1",
  "grpcio-status==1.85.1",
  "grpcio-tools==1.85.1",
  "h11==0.16.0",
  "httpcore==1.0.9",
  "httpx==0.28.1",
  "idna==3.20",
  "opentelemetry-api==1.45.2",
  "opentelemetry-exporter-http-transport==0.66b2",
  "opentelemetry-exporter-otlp-common==0.66b2",
  "opentelemetry-exporter-otlp-proto-common==1.45.2",
  "opentelemetry-exporter-otlp-proto-grpc==1.45.2",
  "opentelemetry-exporter-otlp-proto-http==1.45.2",
  "opentelemetry-proto==1.45.2",
  "opentelemetry-sdk==1.45.2",
  "opentelemetry-semantic-conventions==0.66b2",
  "protobuf==7.36.2",
  "requests==2.34.2",
  "setuptools==84.2.1",
  "typing-extensions==4.16.0",
  "urllib3==2.8.0",
];

const PROTO = join(import.meta.dirname, "../../proto");
const SCRIPTS = join(import.meta.dirname, "../python");
const INSTALL_MS_MAX = 300_000;
const SCRIPT_MS_MAX = 30_000;

const execute = promisify(execFile);
let client: Promise<PythonClient> | undefined;

/**
 * The virtualenv and the stubs, made at the first call on a machine and kept in the temporary folder
 * under a hash of what is in them.
 *
 * @throws without python3 or when pip reaches no registry.
 */
export function pythonClient(): Promise<PythonClient> {
  client ??= makeClient();
  return client;
}

/** A `test` for what needs Python. Where that cannot be had, the tests are declared as skipped. */
export async function pythonTests(test: Test) {
  type PythonTest = (name: string, body: (python: PythonClient) => Promise<void>) => void;
  const missing = (why: string): PythonTest => {
    const declare = unlessMissing(test, { why, install: "python3-venv" });
    return (name) => declare(name, () => undefined);
  };
  const absent = missingProgram("python3");
  if (absent !== undefined) return missing(absent.why);
  try {
    const found = await pythonClient();
    return ((name, body) => test(name, () => body(found))) satisfies PythonTest;
  } catch (error) {
    return missing(`Python has no packages: ${lastLine(error)}`);
  }
}

/** Runs test/python/`script` and reads the one JSON value it prints. */
export async function runPython({ python, stubs }: PythonClient, script: string, ...args: string[]) {
  const environment = { PATH: process.env.PATH, PYTHONPATH: stubs, GRPC_VERBOSITY: "NONE" };
  const options = { env: environment, timeout: SCRIPT_MS_MAX };
  const { stdout } = await execute(python, [join(SCRIPTS, script), ...args], options);
  return JSON.parse(stdout);
}

async function makeClient(): Promise<PythonClient> {
  const versions = await execute("python3", ["--version"]);
  const environment = await preparedFolder("python", [versions.stdout, ...PACKAGES], async (folder) => {
    const options = { timeout: INSTALL_MS_MAX };
    await execute("python3", ["-m", "venv", folder], options);
    // Wheels only: compiling grpcio takes longer than anybody waits for a test.
    const install = ["-m", "pip", "install", "--quiet", "--retries", "1", "--only-binary", ":all:"];
    await execute(join(folder, "bin/python"), [...install, ...PACKAGES], options);
  });
  const python = join(environment, "bin/python");
  // The standard interfaces come with the packages; stubs of ours would shadow them.
  const names = (await readdir(join(PROTO, "mcp"), { recursive: true }))
    .filter((name) => name.endsWith(".proto"))
    .map((name) => join("mcp", name))
    .sort();
  const texts = await Promise.all(names.map((name) => readFile(join(PROTO, name), "utf8")));
  const stubs = await preparedFolder("stubs", [...PACKAGES, ...names, ...texts], async (folder) => {
    await mkdir(folder);
    const out = [`--python_out=${folder}`, `--grpc_python_out=${folder}`];
    await execute(python, ["-m", "grpc_tools.protoc", `-I${PROTO}`, ...out, ...names]);
  });
  return { python, stubs };
}

/** pip says last what went wrong. */
function lastLine(error: unknown): string {
  const output = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
  return (output || String(error)).split("\n").at(-1) ?? "";
}
