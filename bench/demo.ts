/**
 * `npm run demo`: realistic MCP traffic to the service on this machine, until stopped.
 *
 *   npm run demo -- --rate 200        metrics a second (50)
 *   npm run demo -- --for 30          stop after so many seconds
 *   npm run demo -- --url http://host:8890 --key mcp_metrics_…     another service
 *
 * Goes through the generated client over gRPC, as a gateway's own emitter would. Without --key it makes
 * one and revokes it at the end.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Client, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { MetricsService } from "../gen/mcp/metrics/v1/metrics_service_pb.js";
import { withAdministration } from "../src/cli/administration.ts";
import { readConfig } from "../src/config.ts";
import { findService } from "../src/local-service.ts";
import { createRandom } from "./random.ts";
import { createWorkload, type Scalar } from "./workload.ts";

const { values: options } = parseArgs({
  options: {
    rate: { type: "string", default: "50" },
    for: { type: "string", default: "Infinity" },
    url: { type: "string" },
    key: { type: "string" },
  },
});

const TICK_MS = 200;
const METRICS_PER_REQUEST_MAX = 100;
/** Which gateway parts send, and in which version; the registry is being rolled out. */
const SENDERS = [
  { service: "auth-server", version: "1.4.0", instances: 2 },
  { service: "registry", version: "1.4.0", instances: 2 },
  { service: "registry", version: "1.5.0-rc.1", instances: 1 },
  { service: "mcpgw", version: "2.1.3", instances: 3 },
];

function fail(message: string): never {
  process.stderr.write(`demo: ${message}\n`);
  process.exit(1);
}

const config = readConfig(process.env);
const rate = Number(options.rate);
const seconds = Number(options.for);
if (!(rate > 0 && rate <= 100_000)) fail("--rate is a number of metrics a second, up to 100000");
if (!(seconds > 0)) fail("--for is a number of seconds");
const url = options.url ?? findService(config.database.path)?.url;
if (url === undefined) fail("no service runs on this database; start one with: npm start");

const made =
  options.key === undefined
    ? await withAdministration(config, ({ keys }) => keys.create(demoKey()))
    : undefined;
const key = options.key ?? made?.secret ?? "";

function demoKey() {
  return {
    service: "demo",
    role: "writer" as const,
    rateLimit: 1_000_000,
    allowedServices: ["*"],
    expiresMs: Date.now() + 7 * 86_400_000,
    description: "npm run demo",
  };
}

const transport = createGrpcTransport({
  baseUrl: url,
  interceptors: [
    (next) => (request) => {
      request.header.set("x-api-key", key);
      return next(request);
    },
  ],
});
const client: Client<typeof MetricsService> = createClient(MetricsService, transport);

const random = createRandom(Date.now() >>> 0);
const workload = createWorkload(Date.now() >>> 0);
const counts = { sent: 0, accepted: 0, failed: 0, lastError: "" };

function toValues(fields: Readonly<Record<string, Scalar>>) {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, { kind: toKind(value) }]));
}

function toKind(value: Scalar) {
  if (value === null) return { case: "nullValue", value: 0 } as const;
  if (typeof value === "string") return { case: "stringValue", value } as const;
  return typeof value === "number"
    ? ({ case: "numberValue", value } as const)
    : ({ case: "boolValue", value } as const);
}

async function send(metrics: number): Promise<void> {
  const { service, version, instances } = random.pick(SENDERS);
  counts.sent += metrics;
  try {
    const answer = await client.submit({
      service,
      version,
      instanceId: `${service}-${1 + random.below(instances)}`,
      idempotencyKey: crypto.randomUUID(),
      metrics: Array.from({ length: metrics }, () => {
        const { duration_ms, dimensions, metadata, ...metric } = workload.next();
        return {
          ...metric,
          ...(duration_ms !== undefined && { durationMs: duration_ms }),
          timestamp: timestampFromMs(Date.now() - random.below(1000)),
          dimensions: toValues(dimensions),
          metadata: toValues(metadata),
        };
      }),
    });
    counts.accepted += answer.accepted;
  } catch (error) {
    counts.failed += metrics;
    counts.lastError = ConnectError.from(error).rawMessage;
  }
}

const startedMs = performance.now();
let stopped = false;
process.once("SIGINT", () => {
  stopped = true;
});
process.once("SIGTERM", () => {
  stopped = true;
});
process.stderr.write(`Sending about ${rate} metrics a second to ${url}. Stop with Ctrl-C.\n`);

function showProgress(): void {
  const elapsed = (performance.now() - startedMs) / 1000;
  const perSecond = Math.round(counts.accepted / elapsed);
  const failures = counts.failed === 0 ? "" : `, ${counts.failed} failed (${counts.lastError.slice(0, 60)})`;
  const line = `${Math.round(elapsed)} s: ${counts.accepted} metrics stored, ${perSecond}/s${failures}`;
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line}` : "");
}

const pending = new Set<Promise<void>>();
while (!stopped && performance.now() - startedMs < seconds * 1000) {
  // Traffic comes in waves: half as much to one and a half times the rate, over two minutes.
  const wave = 1 + 0.5 * Math.sin(((performance.now() - startedMs) / 120_000) * 2 * Math.PI);
  const due = ((performance.now() - startedMs) / 1000) * rate * wave - counts.sent;
  for (let left = Math.round(due); left > 0 && pending.size < 64; left -= METRICS_PER_REQUEST_MAX) {
    const sending = send(Math.min(left, METRICS_PER_REQUEST_MAX)).finally(() => pending.delete(sending));
    pending.add(sending);
  }
  showProgress();
  await sleep(TICK_MS);
}
await Promise.all(pending);
if (made !== undefined) await withAdministration(config, ({ keys }) => keys.revoke(made.record.id));
process.stderr.write(`\nSent ${counts.sent} metrics; ${counts.accepted} stored, ${counts.failed} failed.\n`);
process.exit(counts.failed > 0 ? 1 : 0);
