/**
 * What history costs and how fast it answers.
 *
 * Fills 90 days of metrics, with and without rollups in turns, then asks a dashboard's ten questions: of
 * the service, over HTTP, and as plain SQL of the predecessor's schema filled with the same metrics.
 * Exit code 1 when a target is missed.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { median } from "../measure.ts";
import { createProgress, type Progress } from "../progress.ts";
import { startService } from "../service-process.ts";
import { DAYS, fill } from "./fill.ts";
import { type DashboardQuery, QUERIES } from "./queries.ts";
import { fillPredecessor, timeSql } from "./raw-sql.ts";

const HELP = `Usage: npm run bench:history -- [options]
  --metrics N      metrics over ${DAYS} days (default 10000000)
  --dir DIR        where the databases go; some 800 bytes a metric (default: the temporary directory)
  --rounds N       times each query is asked (default 21)
  --skip-sql       leave the predecessor's schema out
`;

const { values: options } = parseArgs({
  options: {
    metrics: { type: "string", default: "10000000" },
    dir: { type: "string", default: tmpdir() },
    rounds: { type: "string", default: "21" },
    "skip-sql": { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const API_KEY = "history-admin-key-0123456789abcdef";
/** Metrics of each fill that shows what rollups cost. */
const COST_METRICS = 1_000_000;
const COST_ROUNDS = 5;
/** Asked so often before it counts: dashboards ask again and again, of a service that has run for long. */
const WARM_UP_ROUNDS = 10;
const ARRIVING_PER_SECOND = 100_000;
const print = (line: string) => void process.stdout.write(`${line}\n`);
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

let missed = 0;
function target(what: string, value: number, limit: number, isMet: boolean): void {
  if (!isMet) missed += 1;
  print(`${isMet ? "ok    " : "MISSED"} ${what}: ${value.toFixed(2)} (target ${limit})`);
}

if (options.help) process.stdout.write(HELP);
else {
  const directory = mkdtempSync(join(options.dir, "metrics-history-"));
  try {
    await bench(directory, createProgress());
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  process.exitCode = missed === 0 ? 0 : 1;
}

async function bench(directory: string, progress: Progress): Promise<void> {
  const metrics = Number(options.metrics);
  const endMs = Date.now();
  rollupCost(directory, metrics, endMs, progress);

  const path = join(directory, "metrics.db");
  const millions = fill({
    path,
    metrics,
    days: DAYS,
    endMs,
    withRollups: true,
    onProgress: (done, perSecond) =>
      progress.show(`filled ${done} of ${metrics}, ${Math.round(perSecond)}/s`),
  });
  progress.clear();
  const bytes = statSync(path).size / metrics;
  print(`${metrics} metrics over ${DAYS} days, ${Math.round(metrics / sum(millions))} a second with rollups`);
  target("bytes a metric, with rollups", bytes, 150, bytes <= 150);
  const first = millions[0] ?? Number.NaN;
  const last = millions.at(-1) ?? Number.NaN;
  target("insert rate, last part against first", first / last, 0.9, first / last >= 0.9);

  const rawPath = join(directory, "predecessor.db");
  if (!options["skip-sql"]) {
    const rawBytes = fillPredecessor(rawPath, metrics, endMs, (done) =>
      progress.show(`filled ${done} of ${metrics} in the predecessor's schema`),
    );
    progress.clear();
    print(`the predecessor's schema: ${(rawBytes / metrics).toFixed(0)} bytes a metric`);
  }
  await askAll(path, options["skip-sql"] ? undefined : rawPath, endMs);
}

/** With rollups and without, in turns: of metrics as they arrive, and of the history, where hours rush by. */
function rollupCost(directory: string, metrics: number, endMs: number, progress: Progress): void {
  const arriving = costOf(COST_METRICS / ARRIVING_PER_SECOND / 86_400, directory, endMs, progress);
  target("share of the ingest rate that rollups take", arriving, 0.25, arriving <= 0.25);
  const history = costOf((DAYS * COST_METRICS) / metrics, directory, endMs, progress);
  print(`       and of the rate at which history is filled: ${history.toFixed(2)}`);
}

function costOf(days: number, directory: string, endMs: number, progress: Progress): number {
  const times = { true: [] as number[], false: [] as number[] };
  for (let round = 0; round < COST_ROUNDS * 2; round += 1) {
    const withRollups = round % 2 === 0;
    progress.show(`what rollups cost, ${round + 1} of ${COST_ROUNDS * 2}`);
    const path = join(directory, `cost-${round}.db`);
    const options = { path, metrics: COST_METRICS, days, endMs, withRollups, onProgress() {} };
    times[`${withRollups}`].push(sum(fill(options)));
    rmSync(path);
  }
  progress.clear();
  return 1 - median(times.false) / median(times.true);
}

async function askAll(path: string, rawPath: string | undefined, endMs: number): Promise<void> {
  const service = await startService({
    databasePath: path,
    keys: {},
    env: { METRICS_ADMIN_API_KEY: API_KEY },
  });
  for (const query of QUERIES) {
    const first = await ask(service.port, query, endMs);
    const times: number[] = [];
    for (let round = 1; round < WARM_UP_ROUNDS + Number(options.rounds); round += 1) {
      const ms = await ask(service.port, query, endMs);
      if (round >= WARM_UP_ROUNDS) times.push(ms);
    }
    const ours = median(times);
    const sql = rawPath === undefined ? undefined : median(timeSql(rawPath, query, endMs));
    const factor =
      sql === undefined ? "" : `, SQL ${sql.toFixed(0)} ms: ${(sql / ours).toFixed(0)} times as long`;
    const limit = query.days <= 1 ? 10 : 60;
    target(`${query.name}, ms (the first time ${first.toFixed(0)})${factor}`, ours, limit, ours <= limit);
    if (sql !== undefined && query.days >= 1) {
      target("  times faster than SQL", sql / ours, 20, sql / ours >= 20);
    }
  }
  await service.stop("SIGTERM");
}

/** Milliseconds from the request to the whole answer. */
async function ask(port: number, { method, request, days }: DashboardQuery, endMs: number): Promise<number> {
  const range = {
    start: new Date(endMs - days * 86_400_000).toISOString(),
    end: new Date(endMs).toISOString(),
  };
  const startedMs = performance.now();
  const response = await fetch(`http://127.0.0.1:${port}/mcp.metrics.v1.QueryService/${method}`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": API_KEY },
    body: JSON.stringify({ ...request, range }),
  });
  const answer = await response.text();
  if (!response.ok) throw new Error(`${method}: ${answer}`);
  return performance.now() - startedMs;
}
