/**
 * Clients that ask for much and take nothing: fifty scrapes and ten exports, half of those over HTTP/2 with a
 * window of nothing, beside ingest. They must hold neither memory nor the log, and are cut in the end.
 */

import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { fill } from "../../bench/history/fill.ts";
import { runRound } from "../../bench/load.ts";
import { prepareRequest } from "../../bench/requests.ts";
import { type ServiceProcess, startService } from "../../bench/service-process.ts";
import { createWorkload } from "../../bench/workload.ts";
import { API_KEY, printChecks } from "./promises.ts";

const HELP = `Usage: npm run chaos:readers -- [options]
  --metrics N   that the database holds to be exported (default 500000)
  --seconds N   how long they take nothing (default 45)
`;

const { values: options } = parseArgs({
  options: {
    metrics: { type: "string", default: "500000" },
    seconds: { type: "string", default: "45" },
    help: { type: "boolean", default: false },
  },
});

const SERVICE = "chaos";
const ADMIN_KEY = "chaos-admin-key-0123456789";
const SCRAPES = 50;
const EXPORTS = 10;
const CONNECTIONS = 4;
const LOOK_INTERVAL_MS = 100;
const WARM_UP_MS = 10_000;
/** To take what the kernel holds of a cut export, and find its end. */
const CUT_WITHIN_MS = 5_000;
const LOG_BYTES_MAX = 64 * 1024 * 1024;
const GROWN_BYTES_MAX = 50_000_000;

if (options.help) process.stdout.write(HELP);
else process.exitCode = (await run()) ? 0 : 1;

async function run(): Promise<boolean> {
  const directory = mkdtempSync(join(tmpdir(), "metrics-slow-"));
  const databasePath = join(directory, "metrics.db");
  const history = { path: databasePath, metrics: Number(options.metrics), days: 1, endMs: Date.now() };
  fill({ ...history, withRollups: true, onProgress() {} });
  const service = await startService({
    databasePath,
    keys: { [SERVICE]: API_KEY },
    env: { METRICS_ADMIN_API_KEY: ADMIN_KEY, METRICS_RATE_LIMIT: "1000000000" },
  });
  try {
    const ingest = createIngest(service.port);
    const look = () => ({ memory: memoryOf(service.pid), log: statSync(`${databasePath}-wal`).size });
    // With readers that take all there is: what is compared is what slow ones hold beyond that.
    const alone = await watch(look, () =>
      Promise.all([ingest(WARM_UP_MS), ...Array.from({ length: EXPORTS }, () => exportAll(service))]),
    );
    const slow = openSlowReaders(service);
    const beside = await watch(look, () => ingest(Number(options.seconds) * 1000));
    const held = await slow.countHeld();
    const promise = "slow-readers";
    const counted = { promise, limit: 0 };
    return printChecks([
      { promise, what: "bytes of the log at most", value: beside.log, limit: LOG_BYTES_MAX },
      { promise, what: "bytes of memory more", value: beside.memory - alone.memory, limit: GROWN_BYTES_MAX },
      { ...counted, what: "requests of others that failed", value: beside.result + alone.result[0] },
      { ...counted, what: "exports that are still held", value: held },
    ]);
  } finally {
    await service.stop("SIGKILL");
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The most there was of everything while `work` went on. */
async function watch<Result>(
  look: () => { readonly memory: number; readonly log: number },
  work: () => Promise<Result>,
) {
  const most = { ...look() };
  const timer = setInterval(() => {
    const now = look();
    most.memory = Math.max(most.memory, now.memory);
    most.log = Math.max(most.log, now.log);
  }, LOOK_INTERVAL_MS);
  try {
    return { result: await work(), ...most };
  } finally {
    clearInterval(timer);
  }
}

/** Send metrics for a while; resolves to how many requests failed. */
function createIngest(port: number): (durationMs: number) => Promise<number> {
  const prepared = {
    protocol: "rest",
    service: SERVICE,
    apiKey: API_KEY,
    workload: createWorkload(7),
  } as const;
  const requests = Array.from({ length: CONNECTIONS * 8 }, () =>
    prepareRequest({ ...prepared, metricsPerRequest: 10, numbered: false }),
  );
  const round = { port, protocol: "rest", connections: CONNECTIONS, requests } as const;
  return async (durationMs) => (await runRound({ ...round, durationMs })).failures;
}

function exportPath(): string {
  return `/api/export.csv?start=${new Date(Date.now() - 86_400_000).toISOString()}`;
}

async function exportAll({ port }: ServiceProcess): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}${exportPath()}`, {
    headers: { "x-api-key": ADMIN_KEY },
  });
  for await (const _ of response.body ?? []);
}

function openSlowReaders({ port, prometheusPort }: ServiceProcess) {
  const path = exportPath();
  for (let each = 0; each < SCRAPES; each += 1) openUnread(prometheusPort, "/metrics");
  const exports = Array.from({ length: EXPORTS }, (_, index) =>
    index % 2 === 0 ? openUnread(port, path) : openWithoutWindow(port, path),
  );
  const closed = exports.map(
    (each) => new Promise<boolean>((resolve) => each.once("close", () => resolve(true))),
  );
  return {
    /** How many exports are not cut: they go on once what has arrived is read. */
    async countHeld(): Promise<number> {
      for (const each of exports) each.resume();
      const outcomes = await Promise.all(
        closed.map((each) => Promise.race([each, sleep(CUT_WITHIN_MS, false)])),
      );
      return outcomes.filter((isCut) => !isCut).length;
    },
  };
}

/** Asks over HTTP/1.1, and takes nothing off the socket. */
function openUnread(port: number, path: string) {
  const socket = connect({ host: "127.0.0.1", port });
  // The end of one that is cut is seen although nothing is read.
  socket.on("error", () => {});
  socket.pause();
  socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\nx-api-key: ${ADMIN_KEY}\r\n\r\n`);
  return socket;
}

/** Asks over HTTP/2, and allows no byte of the answer's body. */
function openWithoutWindow(port: number, path: string) {
  const session = connectHttp2(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: 0 } });
  session.on("error", () => {});
  const stream = session.request({ ":path": path, "x-api-key": ADMIN_KEY });
  stream.on("error", () => {});
  stream.pause();
  return stream;
}

/** Resident bytes of a process. */
function memoryOf(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kilobytes) * 1024;
}
