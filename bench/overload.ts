/**
 * What a service does that is asked for more than it can do: `npm run bench:overload [-- options]`.
 *
 * First the most it does (64 connections, each with its next request once it has the answer), then an open loop: requests
 * are sent when they are due, at so many times that rate, whatever became of those before. Beside them a polite client of
 * another key sends one metric ten times a second, and somebody asks whether the service is ready. Latencies of the open
 * loop count from when a request was due; where the load itself cannot keep up, it says how many were never sent.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { Connection } from "./connection.ts";
import { createHistogram, type Histogram } from "./histogram.ts";
import { openHttp1 } from "./http1-connection.ts";
import { runRound } from "./load.ts";
import { pinLoad } from "./pinning.ts";
import { type PreparedRequest, prepareRequest, stamp } from "./requests.ts";
import { peakMemoryBytes, type ServiceProcess, startService } from "./service-process.ts";
import { createWorkload } from "./workload.ts";

const HELP = `Usage: npm run bench:overload -- [options]
  --metrics N      metrics a request (default 100)
  --times N        how many times the most that the service does (default 10)
  --seconds S      length of the overload (default 20)
  --settle S       pause before memory is read again (default 60)
  --dir DIR        where the database goes (default: the system's temporary directory)
  --service FILE   measure this program instead of src/cli.ts
`;

const { values: options } = parseArgs({
  options: {
    metrics: { type: "string", default: "100" },
    times: { type: "string", default: "10" },
    seconds: { type: "string", default: "20" },
    settle: { type: "string", default: "60" },
    dir: { type: "string", default: tmpdir() },
    service: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

const KEYS = { flood: "bench-key-of-flood-012345678", polite: "bench-key-of-polite-01234567" };
const CLOSED_LOOP_CONNECTIONS = 64;
const CLOSED_LOOP_MS = 5000;
/** Below what the listener grants, so that the polite client finds a place. */
const OPEN_LOOP_CONNECTIONS = 900;
const MEBIBYTE = 1024 * 1024;

interface Outcomes {
  stored: number;
  refused: number;
  failed: number;
  /** Due while every connection waited for an answer. */
  notSent: number;
  readonly storedMs: Histogram;
  readonly refusedMs: Histogram;
}

const createOutcomes = (): Outcomes => ({
  stored: 0,
  refused: 0,
  failed: 0,
  notSent: 0,
  storedMs: createHistogram(),
  refusedMs: createHistogram(),
});

function count(outcomes: Outcomes, status: number, ms: number): void {
  if (status === 200) {
    outcomes.stored += 1;
    outcomes.storedMs.record(ms);
  } else if (status === 503) {
    outcomes.refused += 1;
    outcomes.refusedMs.record(ms);
  } else outcomes.failed += 1;
}

function requestsOf(name: keyof typeof KEYS, metricsPerRequest: number): readonly PreparedRequest[] {
  const workload = createWorkload(7);
  const of = { protocol: "rest", workload, service: `bench-${name}`, apiKey: KEYS[name] } as const;
  return Array.from({ length: 200 }, () => prepareRequest({ ...of, metricsPerRequest, numbered: false }));
}

/** As many as the service answers, in requests a second. */
async function closedLoop(
  port: number,
  requests: readonly PreparedRequest[],
  durationMs: number,
): Promise<number> {
  const round = {
    port,
    protocol: "rest",
    connections: CLOSED_LOOP_CONNECTIONS,
    durationMs,
    requests,
  } as const;
  return (await runRound(round)).requestsPerSecond;
}

/** Requests when they are due, on whichever connection is free. */
async function openLoop(
  port: number,
  requests: readonly PreparedRequest[],
  perSecond: number,
  ms: number,
): Promise<Outcomes> {
  const outcomes = createOutcomes();
  const free: Connection[] = await Promise.all(
    Array.from({ length: OPEN_LOOP_CONNECTIONS }, () => openHttp1(port)),
  );
  const startMs = performance.now();
  let sent = 0;
  let underWay = 0;
  const send = (connection: Connection, dueMs: number) => {
    underWay += 1;
    const request = requests[sent % requests.length] as PreparedRequest;
    stamp(request, Date.now());
    connection.send(request, ({ status }) => {
      underWay -= 1;
      count(outcomes, status, performance.now() - dueMs);
      if (connection.isOpen()) free.push(connection);
      else void openHttp1(port).then((opened) => free.push(opened));
    });
  };
  for (let nowMs = startMs; nowMs - startMs < ms; nowMs = performance.now()) {
    for (const due = ((nowMs - startMs) / 1000) * perSecond; sent < due; sent += 1) {
      const connection = free.pop();
      if (connection === undefined) outcomes.notSent += 1;
      else send(connection, startMs + (sent / perSecond) * 1000);
    }
    await pause(1);
  }
  for (let left = 100; underWay > 0 && left > 0; left -= 1) await pause(100);
  for (const connection of free) connection.close();
  return outcomes;
}

/** Ask now and then, for as long as `isOver` says; one question after the other. */
async function askRegularly(
  everyMs: number,
  isOver: () => boolean,
  ask: () => Promise<number>,
): Promise<Outcomes> {
  const outcomes = createOutcomes();
  while (!isOver()) {
    const dueMs = performance.now();
    count(outcomes, await ask().catch(() => 0), performance.now() - dueMs);
    await pause(Math.max(0, everyMs - (performance.now() - dueMs)));
  }
  return outcomes;
}

function residentBytes({ pid }: ServiceProcess): number {
  const [, kilobytes = "0"] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "latin1")) ?? [];
  return Number(kilobytes) * 1024;
}

async function statusOf(url: string, init: RequestInit = {}): Promise<number> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(10_000) });
  await response.arrayBuffer();
  return response.status;
}

async function measureOverload(service: ServiceProcess): Promise<void> {
  const { port } = service;
  const url = `http://127.0.0.1:${port}`;
  const metrics = Number(options.metrics);
  const requests = requestsOf("flood", metrics);
  const [polite] = requestsOf("polite", 1) as [PreparedRequest];
  const politeBody = polite.bytes.subarray(polite.bytes.indexOf("\r\n\r\n") + 4);
  await closedLoop(port, requests, CLOSED_LOOP_MS / 2);
  const most = await closedLoop(port, requests, CLOSED_LOOP_MS);
  print("the most", `${rate(most * metrics)} metrics/s, ${mebibytes(residentBytes(service))} MiB`);
  const perSecond = most * Number(options.times);
  const ms = Number(options.seconds) * 1000;
  let isOver = false;
  const beside = Promise.all([
    askRegularly(
      100,
      () => isOver,
      () =>
        statusOf(`${url}/metrics`, {
          method: "POST",
          headers: { "x-api-key": KEYS.polite, "content-type": "application/json" },
          body: new Uint8Array(politeBody),
        }),
    ),
    askRegularly(
      100,
      () => isOver,
      () => statusOf(`${url}/health/ready`),
    ),
  ]);
  const flood = await openLoop(port, requests, perSecond, ms);
  isOver = true;
  const [client, ready] = await beside;
  const goodput = (flood.stored / (ms / 1000)) * metrics;
  const { stored, refused, failed, notSent } = flood;
  print(
    `at ${options.times} times it`,
    `${stored} stored, ${refused} refused, ${failed} failed, ${notSent} never sent`,
  );
  print(
    "goodput",
    `${rate(goodput)} metrics/s, ${Math.round((100 * goodput) / (most * metrics))} % of the most`,
  );
  print("stored after", quantiles(flood.storedMs));
  print("refused after", quantiles(flood.refusedMs));
  print("a polite client", `${quantiles(client.storedMs)}, ${client.refused + client.failed} not stored`);
  print("/health/ready", `${quantiles(ready.storedMs)}, ${ready.refused + ready.failed} not ready`);
  print("memory, the most", `${mebibytes(peakMemoryBytes(service.pid) ?? 0)} MiB`);
  const again = await closedLoop(port, requests, CLOSED_LOOP_MS);
  print("the most, again", `${rate(again * metrics)} metrics/s`);
  await pause(Number(options.settle) * 1000);
  print(`memory after ${options.settle} s`, `${mebibytes(residentBytes(service))} MiB`);
}

const rate = (perSecond: number) => Math.round(perSecond).toLocaleString("en-US");
const mebibytes = (bytes: number) => Math.round(bytes / MEBIBYTE);
const quantiles = (histogram: Histogram) =>
  `p50 ${histogram.quantile(0.5).toFixed(1)} ms, p99 ${histogram.quantile(0.99).toFixed(1)} ms`;

function print(what: string, found: string): void {
  process.stdout.write(`${what.padEnd(22)}${found}\n`);
}

async function main(): Promise<void> {
  if (options.help) {
    process.stdout.write(HELP);
    return;
  }
  const pinning = pinLoad();
  print("", pinning.description);
  const directory = mkdtempSync(join(options.dir, "metrics-overload-"));
  const service = await startService({
    databasePath: join(directory, "metrics.db"),
    keys: { "bench-flood": KEYS.flood, "bench-polite": KEYS.polite },
    program: options.service,
    wrap: pinning.onServerCore,
  });
  try {
    await measureOverload(service);
  } finally {
    await service.stop("SIGTERM");
    rmSync(directory, { recursive: true, force: true });
  }
}

await main();
