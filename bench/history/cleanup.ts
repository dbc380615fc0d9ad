/**
 * What a cleanup costs those who send metrics: the latency of ingest before, while and after a million expired
 * rows are deleted, over the same connections.
 *
 * Usage: node bench/history/cleanup.ts [EXPIRED]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RoundResult, runRound } from "../load.ts";
import { prepareRequest } from "../requests.ts";
import { startService } from "../service-process.ts";
import { createWorkload } from "../workload.ts";
import { fill } from "./fill.ts";

const SERVICE = "bench";
const API_KEY = "cleanup-writer-key-0123456789";
const ADMIN_KEY = "cleanup-admin-key-0123456789";
const CONNECTIONS = 4;
const METRICS_PER_REQUEST = 10;
const ROUND_MS = 5_000;
/** Half of the history is expired, once the policy says 90 days. */
const HISTORY_DAYS = 180;
const RETENTION_DAYS = 90;
const P99_FACTOR_MAX = 2;

const expired = Number(process.argv[2] ?? 1_000_000);
const directory = mkdtempSync(join(tmpdir(), "metrics-cleanup-bench-"));
try {
  process.exitCode = (await bench(join(directory, "metrics.db"))) ? 0 : 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}

async function bench(databasePath: string): Promise<boolean> {
  const history = { path: databasePath, metrics: expired * 2, days: HISTORY_DAYS, endMs: Date.now() };
  fill({ ...history, withRollups: true, onProgress() {} });
  const service = await startService({
    databasePath,
    keys: { [SERVICE]: API_KEY },
    env: {
      METRICS_ADMIN_API_KEY: ADMIN_KEY,
      METRICS_RETENTION_DAYS: "36500",
      METRICS_RATE_LIMIT: "1000000000",
    },
  });
  const admin = (method: string, path: string) =>
    fetch(`http://127.0.0.1:${service.port}${path}`, { method, headers: { "x-api-key": ADMIN_KEY } });
  const round = createRound(service.port);
  await round();
  const before = await round();
  for (const table of ["metrics", "auth_metrics", "discovery_metrics", "tool_metrics"]) {
    await admin("PUT", `/admin/retention/policies/${table}?retention_days=${RETENTION_DAYS}`);
  }
  const startedMs = performance.now();
  let isOver = false;
  const cleanup = admin("POST", "/admin/retention/cleanup?dry_run=false").then(async (response) => {
    isOver = true;
    return response.text();
  });
  const during: RoundResult[] = [];
  while (!isOver) during.push(await round());
  const seconds = (performance.now() - startedMs) / 1000;
  const after = await round();
  await service.stop("SIGTERM");
  const worst = Math.max(...during.map(({ p99Ms }) => p99Ms));
  const typical = during.map(({ p99Ms }) => p99Ms).sort((a, b) => a - b)[during.length >> 1] ?? Number.NaN;
  const deleted = /"total_records_processed":(\d+)/.exec(await cleanup)?.[1];
  print(
    `${deleted} rows deleted in ${seconds.toFixed(0)} s, under ${before.requestsPerSecond.toFixed(0)} requests/s`,
  );
  print(
    `ingest p99, ms: ${before.p99Ms.toFixed(1)} before, ${typical.toFixed(1)} during (median of ${during.length} ` +
      `rounds, worst ${worst.toFixed(1)}), ${after.p99Ms.toFixed(1)} after`,
  );
  const factor = typical / before.p99Ms;
  print(`${factor <= P99_FACTOR_MAX ? "ok    " : "MISSED"} during / before: ${factor.toFixed(2)} (target 2)`);
  return factor <= P99_FACTOR_MAX;
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
