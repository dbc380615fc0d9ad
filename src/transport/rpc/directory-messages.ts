import type { JsonObject, MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import type {
  CollectRequest,
  CollectResponseSchema,
  FetchMetricsResponseSchema,
  PointSchema,
  ServerEventSchema,
  ServerSchema,
  ServerUseSchema,
} from "../../../gen/mcp/directory/v1/directory_service_pb.js";
import type { CollectAnswer, SubmittedCollect } from "../../api/directory/collect.ts";
import type { ServerEvents } from "../../api/directory/events.ts";
import type { FetchMetrics } from "../../api/directory/fetch-metrics.ts";
import type { ServerAnswer } from "../../api/directory/servers.ts";
import { fromValues } from "./submit-messages.ts";
import { toDate } from "./times.ts";
import { collectFromJson } from "./webhook-body.ts";

/** A server's figures. */
type ServerMetrics = Awaited<ReturnType<FetchMetrics>>;
/** A stored event. */
type Event = Awaited<ReturnType<ServerEvents["record"]>>;
/** A stored use. */
type Use = Awaited<ReturnType<ServerEvents["listUses"]>>["rows"][number];

/** The message → the form that every door decodes into. What was signed stands in the place of the fields. */
export async function fromCollectRequest(
  request: CollectRequest,
  idempotencyHeader: string | undefined,
): Promise<SubmittedCollect> {
  const { serverId, signedPayload, signature, metrics, timestamp } = request;
  const idempotencyKey = request.idempotencyKey || idempotencyHeader;
  if (signedPayload.length > 0) {
    return collectFromJson(Buffer.from(signedPayload), { serverId, signature, idempotencyKey });
  }
  return {
    serverIds: [serverId],
    metrics: metrics.map((metric) => ({
      name: metric.name,
      value: metric.value,
      type: metric.type,
      tags: fromValues(metric.tags),
      timestamp: toDate(metric.timestamp),
    })),
    timestamp: toDate(timestamp),
    idempotencyKey,
    signed: undefined,
  };
}

/** What became of the metrics of a Collect. */
export function toCollectResponse(answer: CollectAnswer): MessageInitShape<typeof CollectResponseSchema> {
  return {
    serverId: answer.serverId,
    metricsProcessed: answer.processed,
    metricsInserted: answer.inserted,
    rejected: answer.rejected,
    errors: [...answer.errors],
    rejections: [...answer.rejections],
    warnings: [...answer.warnings],
    timestamp: timestampFromMs(answer.timestampMs),
    duplicate: answer.isDuplicate,
  };
}

/** A server as it is shown: without its secret. */
export function toServer(record: ServerAnswer["server"]): MessageInitShape<typeof ServerSchema> {
  const { lastReceivedMs } = record;
  return {
    serverId: record.id,
    name: record.name,
    metricsEnabled: record.metricsEnabled,
    isPublic: record.isPublic,
    webhookUrl: record.webhookUrl ?? "",
    tools: [...record.tools],
    hasWebhookSecret: record.sealedSecret !== undefined,
    ...(lastReceivedMs !== undefined && { metricsLastReceived: timestampFromMs(lastReceivedMs) }),
    createdAt: timestampFromMs(record.createdMs),
  };
}

/** A server's figures. */
export function toFetchMetricsResponse(
  metrics: ServerMetrics,
): MessageInitShape<typeof FetchMetricsResponseSchema> {
  const { serverId, serverName, period, stepMs, otherMetrics } = metrics;
  return {
    serverId,
    serverName,
    period: period.name,
    step: durationFromMs(stepMs),
    uptime: metrics.uptime.map(toPoint),
    latency: metrics.latency.map(toPoint),
    requests: metrics.requests.map(toPoint),
    memory: metrics.memory.map(toPoint),
    views: metrics.views.map(toPoint),
    installs: metrics.installs.map(toPoint),
    otherMetrics: Object.fromEntries(
      [...otherMetrics].map(([name, series]) => [name, { points: series.map(toPoint) }]),
    ),
    totals: metrics.totals,
  };
}

/** One step of a series. */
function toPoint({
  timestampMs,
  value,
  percentiles,
}: ServerMetrics["uptime"][number]): MessageInitShape<typeof PointSchema> {
  return { timestamp: timestampFromMs(timestampMs), value, percentiles: { ...percentiles } };
}

/** A stored event. */
export function toServerEvent(event: Event): MessageInitShape<typeof ServerEventSchema> {
  return {
    serverId: event.serverId,
    eventType: event.type,
    previousValue: event.previousValue ?? "",
    newValue: event.newValue ?? "",
    details: JSON.parse(event.details) as JsonObject,
    timestamp: timestampFromMs(event.timestampMs),
    recordedBy: event.recordedBy,
  };
}

/** A stored use; whoever used the server stays a pseudonym. */
export function toUse(use: Use): MessageInitShape<typeof ServerUseSchema> {
  return {
    action: use.action,
    userId: use.userId ?? "",
    toolId: use.toolId ?? "",
    details: JSON.parse(use.details) as JsonObject,
    clientInfo: JSON.parse(use.clientInfo) as JsonObject,
    timestamp: timestampFromMs(use.timestampMs),
  };
}
