/** What the client library costs its host: time on the caller's path, and memory while metrics wait. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createRouterTransport } from "@connectrpc/connect";
import { MetricsService } from "../gen/mcp/metrics/v1/metrics_service_pb.js";
import { MetricsClient } from "../src/client/index.ts";
import { nearestRank } from "../src/store/plan/nearest-rank.ts";

const EMITS = 300_000;
/** Emitted in one turn of the event loop, as by a busy gateway. */
const EMITS_PER_TURN = 20;
const BUFFERED = 100_000;
const TARGET_US = 20;

/** Takes everything, so that requests are built and sent, but no other process is measured. */
const transport = createRouterTransport((router) => {
  router.service(MetricsService, { submit: ({ metrics }) => ({ accepted: metrics.length }) });
});

function emitOne(client: MetricsClient, index: number): void {
  client.emitToolExecution({
    success: index % 10 !== 0,
    toolName: `tool-${index % 50}`,
    serverName: "github",
    method: "tools/call",
    clientName: "claude-desktop",
    durationMs: index % 997,
    inputSizeBytes: 512,
    outputSizeBytes: index,
    metadata: { request_id: `req-${index}` },
  });
}

async function measureEmits(): Promise<Float64Array> {
  const client = new MetricsClient({ service: "bench", transport, bufferMetrics: BUFFERED });
  const microseconds = new Float64Array(EMITS);
  for (let index = 0; index < EMITS; index += 1) {
    const startedMs = performance.now();
    emitOne(client, index);
    microseconds[index] = (performance.now() - startedMs) * 1000;
    if (index % EMITS_PER_TURN === 0) await nextTurn();
  }
  await client.close();
  if (client.counts.accepted !== EMITS) throw new Error(`only ${client.counts.accepted} arrived`);
  // The first tenth is the compiler's.
  return microseconds.subarray(EMITS / 10).sort();
}

function measureBuffer(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const client = new MetricsClient({ service: "bench", transport, bufferMetrics: BUFFERED });
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < BUFFERED; index += 1) emitOne(client, index);
  collect();
  return (process.memoryUsage().heapUsed - before) / client.counts.waiting;
}

const emits = await measureEmits();
const at = (quantile: number) => emits[nearestRank(quantile, emits.length)] ?? Number.NaN;
const p99 = at(0.99);
const row = (name: string, value: string) => process.stdout.write(`${name.padEnd(34)} ${value}\n`);
row("emit, median", `${at(0.5).toFixed(2)} µs`);
row("emit, p99", `${p99.toFixed(2)} µs (target: at most ${TARGET_US})`);
row("emit, p99.9", `${at(0.999).toFixed(2)} µs`);
row("memory of a waiting metric", `${measureBuffer().toFixed(0)} bytes`);
process.exitCode = p99 <= TARGET_US ? 0 : 1;
