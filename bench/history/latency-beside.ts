import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RoundResult, runRound } from "../load.ts";
import { median } from "../measure.ts";
import { prepareRequest } from "../requests.ts";
import { startService } from "../service-process.ts";
import { createWorkload } from "../workload.ts";
import { fill } from "./fill.ts";

const SERVICE = "bench";
const API_KEY = "beside-writer-key-0123456789";
const ADMIN_KEY = "beside-admin-key-0123456789";
const CONNECTIONS = 4;
const METRICS_PER_REQUEST = 10;
const ROUND_MS = 2_000;
const ROUNDS_ALONE = 3;
const P99_FACTOR_MAX = 2;

/** A service under load, and what it is asked to do meanwhile. */
export interface Beside {
  /** A folder of its own, with the database in it; gone at the end. */
  readonly directory: string;
  readonly databasePath: string;
  /** A request of an administrator; resolves to the text of the answer, rejects when it is no success. */
  readonly admin: (method: string, path: string, body?: object) => Promise<string>;
}

export interface LatencyBesideOptions {
  /** What the database holds before: metrics evenly over days. */
  readonly metrics: number;
  readonly days: number;
  /** Made ready before anything is measured. */
  readonly prepare: (beside: Beside) => Promise<void>;
  /** Do it; resolves to what was done, in words. */
  readonly work: (beside: Beside) => Promise<string>;
}

/**
 * Print the latency of ingest before, while and after something is done, over the same connections. Resolves to
 * whether its p99 stays within twice what it is alone.
 */
export async function latencyBeside({
  metrics,
  days,
  prepare,
  work,
}: LatencyBesideOptions): Promise<boolean> {
  const directory = mkdtempSync(join(tmpdir(), "metrics-beside-"));
  const databasePath = join(directory, "metrics.db");
  try {
    fill({ path: databasePath, metrics, days, endMs: Date.now(), withRollups: true, onProgress() {} });
    const service = await startService({
      databasePath,
      keys: { [SERVICE]: API_KEY },
      env: {
        METRICS_ADMIN_API_KEY: ADMIN_KEY,
        METRICS_RETENTION_DAYS: "36500",
        METRICS_RATE_LIMIT: "1000000000",
      },
    });
    const beside: Beside = { directory, databasePath, admin: createAdmin(service.port) };
    const round = createRound(service.port);
    await prepare(beside);
    await round();
    const before = await rounds(round, ROUNDS_ALONE);
    const startedMs = performance.now();
    let isOver = false;
    const done = work(beside).finally(() => {
      isOver = true;
    });
    const during: RoundResult[] = [];
    while (!isOver) during.push(await round());
    const seconds = (performance.now() - startedMs) / 1000;
    const after = await rounds(round, ROUNDS_ALONE);
    print(
      `${await done} in ${seconds.toFixed(0)} s, under ${before[0]?.requestsPerSecond.toFixed(0)} requests/s`,
    );
    await service.stop("SIGTERM");
    return judge(before, during, after);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function judge(...[before, during, after]: readonly (readonly RoundResult[])[]): boolean {
  const p99s = (results: readonly RoundResult[] = []) => results.map(({ p99Ms }) => p99Ms);
  const worst = Math.max(...p99s(during));
  const [alone = Number.NaN, beside = Number.NaN, afterwards = Number.NaN] = [before, during, after].map(
    (each) => median(p99s(each)),
  );
  print(
    `ingest p99, ms: ${alone.toFixed(1)} before, ${beside.toFixed(1)} during (median of ${during?.length} rounds, ` +
      `worst ${worst.toFixed(1)}), ${afterwards.toFixed(1)} after`,
  );
  const isMet = beside <= P99_FACTOR_MAX * alone;
  print(
    `${isMet ? "ok    " : "MISSED"} during / before: ${(beside / alone).toFixed(2)} (target ${P99_FACTOR_MAX})`,
  );
  return isMet;
}

async function rounds(round: () => Promise<RoundResult>, count: number): Promise<RoundResult[]> {
  const results: RoundResult[] = [];
  while (results.length < count) results.push(await round());
  return results;
}

function createAdmin(port: number): Beside["admin"] {
  return async (method, path, body) => {
    const headers = { "x-api-key": ADMIN_KEY, "content-type": "application/json" };
    const sent = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
    const response = await fetch(`http://127.0.0.1:${port}${path}`, sent);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${text}`);
    return text;
  };
}

function createRound(port: number): () => Promise<RoundResult> {
  const workload = createWorkload(3);
  const prepared = { protocol: "rest", service: SERVICE, apiKey: API_KEY, workload } as const;
  const requests = Array.from({ length: CONNECTIONS * 8 }, () =>
    prepareRequest({ ...prepared, metricsPerRequest: METRICS_PER_REQUEST, numbered: false }),
  );
  return () => runRound({ port, protocol: "rest", connections: CONNECTIONS, durationMs: ROUND_MS, requests });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
