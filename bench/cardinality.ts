/**
 * What a flood of values costs in memory: one service sends metrics each of whose dimensions has a value that no
 * other has, and what the service holds before and after, once garbage was collected, is printed. V8 gives the
 * pages of its garbage back when a thread was idle for two minutes; the probe has it do so at once. What was
 * resident until then stands in brackets.
 *
 * `npm run bench:cardinality -- [shape …]`; without shapes all shapes, each on a service of its own. `honest` sends
 * as many metrics with a thousand combinations, to tell what is the load's and not the flood's.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, get, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { METRIC_TYPES } from "../src/catalogue/catalogue.ts";
import type { ThreadHeap } from "./heap-probe.ts";
import { type ServiceProcess, startService } from "./service-process.ts";

const FLOOD_KEY = "mcp_flooder_0123456789abcdefghijklmnopqrstuvwxyz";
const METRICS_PER_REQUEST = 100;
const CONNECTIONS = 8;
const MEGABYTE = 1e6;
const RSS_ADDED_MAX = 50 * MEGABYTE;
const TEXT_ADDED_MAX = 5 * MEGABYTE;

interface Shape {
  readonly metrics: number;
  /** The text of value `index`, of those that a dimension has. */
  readonly value: (index: number) => string;
  /** Whether each request is of another instance and version. */
  readonly manySources?: true;
  /** Whether each metric has keys of its own beside the catalogue's. */
  readonly manyKeys?: true;
}

const SHAPES: Readonly<Record<string, Shape>> = {
  honest: { metrics: 250_000, value: (index) => `value-${index % 40}` },
  short: { metrics: 250_000, value: (index) => `value-${index}` },
  long: { metrics: 60_000, value: (index) => `${index}`.padEnd(200, "x") },
  wide: { metrics: 60_000, value: (index) => `${index}`.padEnd(200, "€") },
  sources: { metrics: 250_000, value: (index) => `value-${index}`, manySources: true },
  keys: { metrics: 100_000, value: (index) => `value-${index % 40}`, manyKeys: true },
};

const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

function bodyOf({ value, manySources, manyKeys }: Shape, start: number): string {
  const metrics = Array.from({ length: METRICS_PER_REQUEST }, (_, offset) => {
    const index = start + offset;
    const type = METRIC_TYPES[index % METRIC_TYPES.length];
    if (type === undefined) throw new Error("the catalogue is empty");
    const named = type.dimensions.map((name) => [name, type.choices?.[name]?.[0] ?? value(index)]);
    const key = `${manyKeys ? index : ""}`.padEnd(40, "k");
    const others = manyKeys ? Array.from({ length: 10 }, (_, at) => [`o${at}_${key}`, at]) : [];
    const metadata = manyKeys ? Array.from({ length: 30 }, (_, at) => [`m${at}_${key}`, at]) : [];
    return {
      type: type.name,
      value: 1,
      duration_ms: 5,
      dimensions: Object.fromEntries([...named, ...others]),
      metadata: { input_size_bytes: 10, output_size_bytes: 10, ...Object.fromEntries(metadata.slice(2)) },
    };
  });
  const source = manySources
    ? { instance_id: `${start}`.padEnd(100, "i"), version: `1.0.0-${start}`.padEnd(100, "v") }
    : {};
  return JSON.stringify({ service: "flooder", ...source, metrics });
}

function submit(port: number, body: string): Promise<void> {
  const headers = { "content-type": "application/json", "x-api-key": FLOOD_KEY };
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: "127.0.0.1", path: "/metrics", method: "POST", agent, headers });
    sent.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => {
        text += part;
      });
      response.on("end", () =>
        response.statusCode === 200 ? resolve() : reject(new Error(`${response.statusCode} ${text}`)),
      );
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

async function flood(port: number, shape: Shape): Promise<void> {
  let next = 0;
  const send = async () => {
    while (next < shape.metrics) {
      const start = next;
      next += METRICS_PER_REQUEST;
      await submit(port, bodyOf(shape, start));
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, send));
}

function scrapeBytes(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    get({ port, host: "127.0.0.1", path: "/metrics" }, (response) => {
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      response.on("end", () => resolve(bytes));
    }).on("error", reject);
  });
}

interface Held {
  readonly heaps: readonly ThreadHeap[];
  readonly rssBytes: number;
  /** Before garbage was collected. */
  readonly rssBeforeBytes: number;
  readonly scrapeBytes: number;
}

async function measure(service: ServiceProcess): Promise<Held> {
  const text = await scrapeBytes(service.prometheusPort);
  const isAnswer = (line: string) => line.startsWith('{"heaps"');
  // The first collection lets go of what finalizers and weak maps held for one more.
  for (let times = 0; times < 2; times += 1) {
    const before = service.log.filter(isAnswer).length;
    process.kill(service.pid, "SIGUSR2");
    while (service.log.filter(isAnswer).length === before) await new Promise((go) => setTimeout(go, 100));
  }
  const lines = service.log.filter(isAnswer).map((line) => JSON.parse(line) as Omit<Held, "scrapeBytes">);
  const [asked, last] = lines.slice(-2);
  if (asked === undefined || last === undefined) throw new Error("the probe did not answer");
  // The stalls are those before the first of the two.
  const heaps = last.heaps.map((heap, index) => ({
    ...heap,
    longestStallMs: asked.heaps[index]?.longestStallMs ?? 0,
  }));
  const { rssBytes } = last;
  return { heaps, rssBytes, rssBeforeBytes: asked.rssBeforeBytes, scrapeBytes: text };
}

function report(title: string, { heaps, rssBytes, rssBeforeBytes, scrapeBytes: text }: Held): void {
  const megabytes = (bytes: number) => (bytes / MEGABYTE).toFixed(1).padStart(6);
  const threads = heaps.map(
    ({ usedBytes, externalBytes, longestStallMs }) =>
      `${megabytes(usedBytes)}+${megabytes(externalBytes).trim()} (${longestStallMs.toFixed(0)} ms)`,
  );
  const figures = `${megabytes(rssBytes)} MB resident (${megabytes(rssBeforeBytes).trim()}) ${megabytes(text)} MB a scrape`;
  process.stdout.write(`${title.padEnd(16)} ${figures}   heap by thread: ${threads.join(" ")}\n`);
}

async function run(name: string, shape: Shape): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), "cardinality-"));
  const probe = new URL("./heap-probe.ts", import.meta.url).href;
  const service = await startService({
    databasePath: join(folder, "metrics.db"),
    keys: { flooder: FLOOD_KEY },
    nodeOptions: ["--expose-gc", "--import", probe],
  });
  try {
    const idle = await measure(service);
    report(`${name}: idle`, idle);
    await flood(service.port, shape);
    const after = await measure(service);
    report(`${name}: after`, after);
    const added = after.rssBytes - idle.rssBytes;
    const isHeld = added <= RSS_ADDED_MAX && after.scrapeBytes - idle.scrapeBytes <= TEXT_ADDED_MAX;
    process.stdout.write(`${name}: +${(added / MEGABYTE).toFixed(1)} MB ${isHeld ? "ok" : "TOO MUCH"}\n`);
    return isHeld;
  } finally {
    await service.stop("SIGTERM");
    rmSync(folder, { recursive: true });
  }
}

const { positionals } = parseArgs({ allowPositionals: true });
let isHeld = true;
for (const name of positionals.length > 0 ? positionals : Object.keys(SHAPES)) {
  const shape = SHAPES[name];
  if (shape === undefined) throw new Error(`no shape ${name}; there are ${Object.keys(SHAPES).join(", ")}`);
  isHeld = (await run(name, shape)) && isHeld;
}
agent.destroy();
process.exitCode = isHeld ? 0 : 1;
