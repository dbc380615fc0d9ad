/** Sends what the demo makes up through the generated client over gRPC, as a gateway's own emitter would. */
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Client, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { MetricsService } from "../gen/mcp/metrics/v1/metrics_service_pb.js";
import { FIRST_SERVICE } from "../src/cli/serve.ts";
import { inItsTime } from "./demo-traffic.ts";
import { createRandom } from "./random.ts";
import { createWorkload, type DimensionValue } from "./workload.ts";

const METRICS_PER_REQUEST_MAX = 100;
const REQUESTS_IN_FLIGHT_MAX = 64;
/**
 * Which gateway parts send, and in which version; the registry is being rolled out. One of them has the name that
 * the key of a first start may see: whoever signs in with that key finds traffic of every kind.
 */
const SENDERS = [
  { service: FIRST_SERVICE, version: "1.0.0", instances: 1 },
  { service: "auth-server", version: "1.4.0", instances: 2 },
  { service: "registry", version: "1.4.0", instances: 2 },
  { service: "registry", version: "1.5.0-rc.1", instances: 1 },
  { service: "mcpgw", version: "2.1.3", instances: 3 },
];

export function createDemoSender(url: string, key: string, seed: number) {
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
  const random = createRandom(seed);
  const workload = createWorkload(seed);
  const counts = { sent: 0, accepted: 0, failed: 0, lastError: "" };
  const pending = new Set<Promise<void>>();

  function makeMetric(atMs: number) {
    const { duration_ms, dimensions, metadata, ...metric } = inItsTime(workload.next(), atMs, random);
    return {
      ...metric,
      ...(duration_ms !== undefined && { durationMs: duration_ms }),
      timestamp: timestampFromMs(atMs),
      dimensions: toValues(dimensions),
      metadata: toValues(metadata),
    };
  }

  async function submit(metrics: number, fromMs: number, spanMs: number): Promise<void> {
    const { service, version, instances } = random.pick(SENDERS);
    counts.sent += metrics;
    try {
      const answer = await client.submit({
        service,
        version,
        instanceId: `${service}-${1 + random.below(instances)}`,
        idempotencyKey: crypto.randomUUID(),
        metrics: Array.from({ length: metrics }, () => makeMetric(fromMs + random.below(spanMs))),
      });
      counts.accepted += answer.accepted;
    } catch (error) {
      counts.failed += metrics;
      counts.lastError = ConnectError.from(error).rawMessage;
    }
  }

  return {
    counts,
    /** Send so many, as having happened within the span. Waits only while too many are on their way. */
    async send(metrics: number, fromMs: number, spanMs: number): Promise<void> {
      for (let left = metrics; left > 0; left -= METRICS_PER_REQUEST_MAX) {
        const count = Math.min(left, METRICS_PER_REQUEST_MAX);
        const sending = submit(count, fromMs, spanMs).finally(() => pending.delete(sending));
        pending.add(sending);
        if (pending.size >= REQUESTS_IN_FLIGHT_MAX) await Promise.race(pending);
      }
    },
    drain: () => Promise.all(pending),
  };
}

function toValues(fields: Readonly<Record<string, DimensionValue>>) {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, { kind: toKind(value) }]));
}

function toKind(value: DimensionValue) {
  if (value === null) return { case: "nullValue", value: 0 } as const;
  if (typeof value === "string") return { case: "stringValue", value } as const;
  return typeof value === "number"
    ? ({ case: "numberValue", value } as const)
    : ({ case: "boolValue", value } as const);
}
