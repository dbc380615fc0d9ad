import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { until } from "./wait.ts";

/** A sample of an instant query. */
export interface QueriedSample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [seconds: number, value: string];
}

/** A Prometheus server of the test's own, with its database in a folder that goes with it. */
export interface TestPrometheus {
  /** An instant query. @throws with Prometheus' words when it is none. */
  query(expression: string): Promise<readonly QueriedSample[]>;
  /** Anything else of its HTTP API, below `/api/v1/`. */
  api(path: string): Promise<unknown>;
  close(): Promise<void>;
}

const START_TIMEOUT_MS = 60_000;
/** How long a test waits for what comes by scrapes. */
export const DATA_TIMEOUT_MS = 60_000;

/** Start Debian's `prometheus` with a configuration in YAML; JSON is YAML as well. */
export async function startPrometheus(configuration: string): Promise<TestPrometheus> {
  const folder = mkdtempSync(join(tmpdir(), "mcp-metrics-prometheus-"));
  const configFile = join(folder, "prometheus.yml");
  writeFileSync(configFile, configuration);
  const port = await freePort();
  const child = spawn(
    "prometheus",
    [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=warn",
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let log = "";
  child.stderr.on("data", (chunk) => (log += chunk));
  const url = `http://127.0.0.1:${port}`;

  async function api(path: string): Promise<unknown> {
    const answer = (await (await fetch(`${url}/api/v1/${path}`)).json()) as {
      data?: unknown;
      error?: string;
    };
    if (answer.error !== undefined) throw new Error(`${path}: ${answer.error}`);
    return answer.data;
  }
  const prometheus: TestPrometheus = {
    api,
    async query(expression) {
      const data = await api(`query?query=${encodeURIComponent(expression)}`);
      return (data as { result: QueriedSample[] }).result;
    },
    async close() {
      await end(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    await until(
      "Prometheus is ready",
      async () => {
        if (child.exitCode !== null) throw new Error(`prometheus ended: ${log}`);
        return (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok === true;
      },
      START_TIMEOUT_MS,
      100,
    );
  } catch (error) {
    await prometheus.close();
    throw error;
  }
  return prometheus;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}
