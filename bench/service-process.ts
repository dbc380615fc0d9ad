import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

export interface ServiceOptions {
  readonly databasePath: string;
  /** Name → API key: each becomes METRICS_API_KEY_<NAME>, the writer key of the service of that name. */
  readonly keys: Readonly<Record<string, string>>;
  /** The program to start instead of this repository's `src/cli.ts`. */
  readonly program?: string | undefined;
  /** Options of node itself. */
  readonly nodeOptions?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Puts the command on a core. */
  readonly wrap?: (argv: readonly string[]) => readonly [string, ...string[]];
}

export interface Exit {
  /** Exit code; null when a signal ended the process. */
  readonly code: number | null;
  /** From the signal to the end. */
  readonly ms: number;
}

interface Ports {
  readonly port: number;
  /** Of the Prometheus exposition. */
  readonly prometheusPort: number;
}

export interface ServiceProcess extends Ports {
  readonly pid: number;
  /** From the start of the process to readiness. */
  readonly readyMs: number;
  /** The last lines of both outputs, oldest first. */
  readonly log: readonly string[];
  isRunning(): boolean;
  /** Sends the signal and waits for the end. */
  stop(signal: "SIGTERM" | "SIGKILL"): Promise<Exit>;
}

const LOG_LINES_MAX = 100_000;
const READY_TIMEOUT_MS = 60_000;

/** Starts the service on free ports and waits until it listens; throws with its log when it does not. */
export async function startService(options: ServiceOptions): Promise<ServiceProcess> {
  const startMs = performance.now();
  const child = spawnService(options);
  const log: string[] = [];
  const exited = once(child, "exit");
  const ports = await whenListening(child, log);
  const readyMs = performance.now() - startMs;
  return {
    ...ports,
    pid: child.pid ?? 0,
    readyMs,
    log,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    async stop(signal) {
      const stopMs = performance.now();
      child.kill(signal);
      await exited;
      return { code: child.exitCode, ms: performance.now() - stopMs };
    },
  };
}

/** Starts the service and kills it after that time, ready or not. */
export async function killWhileStarting(options: ServiceOptions, afterMs: number): Promise<void> {
  const child = spawnService(options);
  child.stdout?.resume();
  child.stderr?.resume();
  const timer = setTimeout(() => child.kill("SIGKILL"), afterMs);
  await once(child, "exit");
  clearTimeout(timer);
}

function spawnService(options: ServiceOptions): ChildProcess {
  const program = options.program ?? new URL("../src/cli.ts", import.meta.url).pathname;
  const argv = [process.execPath, ...(options.nodeOptions ?? []), program, "serve"];
  const [command = process.execPath, ...args] = options.wrap?.(argv) ?? argv;
  const env = { ...process.env, ...environment(options) };
  return spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] });
}

function environment({ databasePath, keys, env = {} }: ServiceOptions): Record<string, string> {
  const named = Object.entries(keys).map(([name, key]) => [
    `METRICS_API_KEY_${name.toUpperCase().replaceAll("-", "_")}`,
    key,
  ]);
  return {
    METRICS_SERVICE_PORT: "0",
    METRICS_SERVICE_HOST: "127.0.0.1",
    METRICS_RATE_LIMIT: "1000000000",
    OTEL_PROMETHEUS_PORT: "0",
    OTEL_PROMETHEUS_HOST: "127.0.0.1",
    SQLITE_DB_PATH: databasePath,
    ...Object.fromEntries(named),
    ...env,
  };
}

function whenListening(child: ChildProcess, log: string[]): Promise<Ports> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      child.kill("SIGKILL");
      reject(new Error(`the service ${why}\n${log.join("\n")}`));
    };
    const timer = setTimeout(fail, READY_TIMEOUT_MS, "is not ready after a minute");
    child.once("error", (error) => fail(`cannot be started: ${error.message}`));
    const onExit = (code: number | null) => fail(`ended before it was ready (${code ?? child.signalCode})`);
    child.once("exit", onExit);
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on("line", (line) => {
        log.push(line);
        if (log.length > LOG_LINES_MAX) log.splice(0, LOG_LINES_MAX / 2);
        const ports = portsOf(line);
        if (ports === undefined) return;
        clearTimeout(timer);
        child.removeListener("exit", onExit);
        resolve(ports);
      });
    }
  });
}

function portsOf(line: string): Ports | undefined {
  if (!line.includes('"listening"')) return undefined;
  const entry = JSON.parse(line) as { message?: unknown; port?: unknown; prometheus_port?: unknown };
  if (entry.message !== "listening") return undefined;
  return { port: Number(entry.port), prometheusPort: Number(entry.prometheus_port) };
}

/** Highest resident memory of a process so far, in bytes; undefined where /proc does not tell (not Linux). */
export function peakMemoryBytes(pid: number): number | undefined {
  try {
    const found = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "latin1"));
    return found === null ? undefined : Number(found[1]) * 1024;
  } catch {
    return undefined;
  }
}
