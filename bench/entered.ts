/**
 * Which files and functions of src/ one request enters: `npm run bench:entered [-- --functions]`.
 *
 * The service runs in this process, on real ports and a real database. Each kind of request is warmed up and
 * then sent three times, with V8's precise coverage taken around each; what all three entered is counted, so
 * that a timer or a maintenance job that happened to run does not count as the request's. The threads of the
 * storage are counted apart. With `--functions` they are listed by file.
 */
import { mkdtempSync, rmSync } from "node:fs";
import * as http2 from "node:http2";
import { Session } from "node:inspector/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { SubmitRequestSchema } from "../gen/mcp/metrics/v1/metrics_service_pb.js";
import { readConfig } from "../src/config.ts";
import { systemClock } from "../src/lib/clock.ts";
import { createLogger } from "../src/lib/logger.ts";
import { startService } from "../src/main.ts";

const RUNS = 3;
const WARM_UP_RUNS = 20;
/** After the answer: what a request leaves to be done behind it is part of it. */
const SETTLE_MS = 60;
const WRITER_KEY = "writer-key-of-the-bench-01";
const ADMIN_KEY = "admin-key-of-the-bench-001";
const SRC = new URL("../src/", import.meta.url).href;

/** Functions by file, both as they are called in src/. */
type Entered = ReadonlyMap<string, ReadonlySet<string>>;

/** One thread whose coverage can be taken. */
interface Thread {
  readonly name: string;
  /** What it has entered since the last time. */
  take(): Promise<Entered>;
}

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly functionName: string;
      readonly ranges: readonly { readonly count: number; readonly startOffset: number }[];
    }[];
  }[];
}

function enteredIn({ result }: Coverage): Entered {
  const entered = new Map<string, Set<string>>();
  for (const { url, functions } of result) {
    if (!url.startsWith(SRC)) continue;
    // What begins at 0 is the module itself, which is entered when it is loaded.
    const isCalled = ({ count, startOffset }: { count: number; startOffset: number }) =>
      count > 0 && startOffset > 0;
    const called = functions.filter(({ ranges: [whole] }) => whole !== undefined && isCalled(whole));
    const names = called.map(
      ({ functionName, ranges }) => `${functionName || "=>"}@${ranges[0]?.startOffset}`,
    );
    if (names.length > 0) entered.set(url.slice(SRC.length), new Set(names));
  }
  return entered;
}

function intersection(runs: readonly Entered[]): Entered {
  const [first = new Map<string, ReadonlySet<string>>(), ...others] = runs;
  const common = [...first].map(([file, names]) => {
    const inAll = [...names].filter((name) => others.every((run) => run.get(file)?.has(name)));
    return [file, new Set(inAll)] as const;
  });
  return new Map(common.filter(([, names]) => names.size > 0));
}

const START = { callCount: true, detailed: false };

async function openMainThread(session: Session): Promise<Thread> {
  await session.post("Profiler.enable");
  await session.post("Profiler.startPreciseCoverage", START);
  const take = async () => enteredIn((await session.post("Profiler.takePreciseCoverage")) as Coverage);
  return { name: "main thread", take };
}

/** The worker threads, through the session of the main thread. */
async function openWorkers(session: Session): Promise<readonly Thread[]> {
  const waiting = new Map<number, (result: Coverage) => void>();
  const attached: { readonly id: string; readonly title: string }[] = [];
  session.on("NodeWorker.receivedMessageFromWorker", ({ params }) => {
    const { id, result } = JSON.parse(params.message) as { id: number; result: Coverage };
    waiting.get(id)?.(result);
  });
  session.on("NodeWorker.attachedToWorker", ({ params }) => {
    attached.push({ id: params.sessionId, title: params.workerInfo.url });
  });
  await session.post("NodeWorker.enable", { waitForDebuggerOnStart: false });
  let lastId = 0;
  const post = (sessionId: string, method: string, params = {}) =>
    new Promise<Coverage>((resolve, reject) => {
      lastId += 1;
      waiting.set(lastId, resolve);
      const message = JSON.stringify({ id: lastId, method, params });
      session.post("NodeWorker.sendMessageToWorker", { message, sessionId }).catch(reject);
    });
  for (const { id } of attached) {
    await post(id, "Profiler.enable");
    await post(id, "Profiler.startPreciseCoverage", START);
  }
  return attached.map(({ id, title }) => ({
    name: title.replace(/^.*\//, ""),
    take: async () => enteredIn(await post(id, "Profiler.takePreciseCoverage")),
  }));
}

const folder = mkdtempSync(join(tmpdir(), "mcp-metrics-entered-"));
const config = readConfig({
  METRICS_SERVICE_HOST: "127.0.0.1",
  METRICS_SERVICE_PORT: "0",
  OTEL_PROMETHEUS_HOST: "127.0.0.1",
  OTEL_PROMETHEUS_PORT: "0",
  METRICS_API_KEY_BENCH: WRITER_KEY,
  METRICS_ADMIN_API_KEY: ADMIN_KEY,
  METRICS_RATE_LIMIT: "1000000",
  SQLITE_DB_PATH: join(folder, "metrics.db"),
});
const logger = createLogger({ level: "error", write: () => undefined, wallMs: systemClock.wallMs });
const onFatal = (error: Error) => {
  throw error;
};
const service = await startService({ config, clock: systemClock, logger, version: "0.0.0", onFatal });
const url = `http://127.0.0.1:${service.port}`;
const session = http2.connect(url);

const METRIC = { type: "tool_execution", value: 1, duration_ms: 12.5, dimensions: { tool_name: "search" } };
const OTLP = {
  resourceMetrics: [
    {
      resource: { attributes: [{ key: "service.name", value: { stringValue: "bench" } }] },
      scopeMetrics: [{ metrics: [{ name: "active_sessions", gauge: { dataPoints: [{ asInt: "12" }] } }] }],
    },
  ],
};
const json = (path: string, key: string, body: object) => async () => {
  const headers = { "content-type": "application/json", "x-api-key": key };
  const answer = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
  await answer.arrayBuffer();
};

async function submitOverGrpc(): Promise<void> {
  const { type, value } = METRIC;
  const message = toBinary(
    SubmitRequestSchema,
    create(SubmitRequestSchema, {
      service: "bench",
      metrics: [{ type, value, durationMs: METRIC.duration_ms }],
    }),
  );
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  const stream = session.request({
    ":method": "POST",
    ":path": "/mcp.metrics.v1.MetricsService/Submit",
    "content-type": "application/grpc",
    te: "trailers",
    "x-api-key": WRITER_KEY,
  });
  const status = new Promise((resolve) => {
    stream.once("trailers", (trailers) => resolve(trailers["grpc-status"]));
  });
  stream.end(Buffer.concat([head, message]));
  stream.resume();
  if ((await status) !== "0") throw new Error(`gRPC status ${await status}`);
}

async function scrape(): Promise<void> {
  await (await fetch(`http://127.0.0.1:${service.prometheusPort}/metrics`)).arrayBuffer();
}

const QUERY = { types: ["tool_execution"], step: "60s", groupBy: ["tool"], statistics: ["count", "p95"] };
const NEW_KEY = { service: "bench", role: "KEY_ROLE_READER" };
const REQUESTS: Readonly<Record<string, () => Promise<void>>> = {
  "REST Submit": json("/metrics", WRITER_KEY, { service: "bench", metrics: [METRIC] }),
  "gRPC Submit": submitOverGrpc,
  "OTLP over HTTP": json("/v1/metrics", WRITER_KEY, OTLP),
  QuerySeries: json("/mcp.metrics.v1.QueryService/QuerySeries", WRITER_KEY, QUERY),
  CreateKey: json("/mcp.metrics.v1.AdminService/CreateKey", ADMIN_KEY, NEW_KEY),
  scrape,
};

const pause = (ms: number) => new Promise<void>((resolve) => void systemClock.after(ms, resolve));
const inspector = new Session();
inspector.connect();
const threads = [await openMainThread(inspector), ...(await openWorkers(inspector))];
const isListing = process.argv.includes("--functions");

for (const [name, send] of Object.entries(REQUESTS)) {
  for (let run = 0; run < WARM_UP_RUNS; run += 1) await send();
  await pause(SETTLE_MS);
  const runs: Entered[][] = threads.map(() => []);
  for (let run = 0; run < RUNS; run += 1) {
    for (const thread of threads) await thread.take();
    await send();
    await pause(SETTLE_MS);
    for (const [index, thread] of threads.entries()) runs[index]?.push(await thread.take());
  }
  for (const [index, { name: thread }] of threads.entries()) {
    const entered = intersection(runs[index] ?? []);
    const functions = [...entered.values()].reduce((sum, names) => sum + names.size, 0);
    if (functions === 0) continue;
    process.stdout.write(`${name}, ${thread}: ${entered.size} files, ${functions} functions\n`);
    if (!isListing) continue;
    for (const [file, names] of [...entered].sort())
      process.stdout.write(`  ${file}: ${[...names].map((each) => each.replace(/@\d+$/, "")).join(", ")}\n`);
  }
}

inspector.disconnect();
session.destroy();
await service.close();
rmSync(folder, { recursive: true, force: true });
