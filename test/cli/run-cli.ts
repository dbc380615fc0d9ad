import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

export const PROGRAM = new URL("../../src/mcp-metrics.js", import.meta.url).pathname;

export interface CliResult {
  /** Exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** From the start of the process to its end. */
  readonly ms: number;
}

export type Env = Readonly<Record<string, string>>;

/** The environment of the tests without what the developer's own shell sets for the service. */
export function cleanEnvironment(env: Env): NodeJS.ProcessEnv {
  const names = /^(METRICS_|OTEL_|SQLITE_|DATABASE_URL|DB_)/;
  const inherited = Object.entries(process.env).filter(([name]) => !names.test(name));
  return { ...Object.fromEntries(inherited), ...env };
}

/** Run one command to its end, with `input` as its standard input. */
export async function runCli(args: readonly string[], env: Env, input = ""): Promise<CliResult> {
  const startMs = performance.now();
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env: cleanEnvironment(env),
    stdio: ["pipe", "pipe", "pipe"],
  });
  // Most commands read none of it and may end before it is written.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { code: child.exitCode, stdout, stderr, ms: performance.now() - startMs };
}

const folders: string[] = [];
process.on("exit", () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that is removed when the test process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "mcp-metrics-cli-"));
  folders.push(folder);
  return folder;
}

/** How long a refusal "at once" may take on a busy machine; trying again would take far longer, see `patience`. */
export const AT_ONCE_MS_MAX = 30_000;

/** Where a database may be made, on free ports; nothing is there yet. */
export function freshEnvironment(env: Env = {}): { readonly env: Env; readonly path: string } {
  const path = join(temporaryFolder(), "metrics.db");
  const ports = { METRICS_SERVICE_PORT: "0", OTEL_PROMETHEUS_PORT: "0" };
  const hosts = { METRICS_SERVICE_HOST: "127.0.0.1", OTEL_PROMETHEUS_HOST: "127.0.0.1" };
  const patience = { DB_MAX_RETRIES: "100", DB_CONNECTION_TIMEOUT: "600" };
  return { env: { SQLITE_DB_PATH: path, ...ports, ...hosts, ...patience, ...env }, path };
}
