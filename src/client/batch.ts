import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs, type ValueSchema } from "@bufbuild/protobuf/wkt";
import { type SubmitRequest, SubmitRequestSchema } from "../../gen/mcp/metrics/v1/metrics_service_pb.js";
import type { Fields, PendingMetric } from "./read-emitted-metric.ts";
import { randomKey } from "./web-crypto.ts";

/** Who measured, as every request says it. */
export interface ClientIdentity {
  readonly service: string;
  readonly version: string;
  readonly instanceId: string;
}

/** Metrics that are sent together, and what decides when they are given up. */
export interface BatchContent {
  readonly metrics: readonly PendingMetric[];
  /** Number of its first metric (see MetricBuffer); metrics with lower numbers were emitted before. */
  readonly firstSequence: number;
  /**
   * When it was first sent, in ms by both clocks: the monotonic one may stand still while the machine sleeps,
   * the wall clock may jump.
   */
  readonly startedMs: readonly [wallMs: number, monotonicMs: number];
}

/** One Submit request with its metrics. It is repeated unchanged until the service has answered. */
export interface SubmitBatch extends BatchContent {
  readonly request: SubmitRequest;
}

/**
 * Builds the request once, with an idempotency key: the service takes every repetition of it as the same
 * submission, so that a batch whose answer was lost is stored once.
 */
export function createBatch(identity: ClientIdentity, content: BatchContent): SubmitBatch {
  const metrics = content.metrics.map(toMessage);
  const request = create(SubmitRequestSchema, { ...identity, idempotencyKey: randomKey(), metrics });
  return { ...content, request };
}

/**
 * The same metrics as two submissions with keys of their own, where one was too large. Only for a batch that
 * the service has rejected: of one that may be stored, the halves would be stored again.
 */
export function halve(batch: SubmitBatch, identity: ClientIdentity): readonly [SubmitBatch, SubmitBatch] {
  const { metrics, firstSequence, startedMs } = batch;
  const middle = Math.ceil(metrics.length / 2);
  const second = { metrics: metrics.slice(middle), firstSequence: firstSequence + middle, startedMs };
  return [
    createBatch(identity, { metrics: metrics.slice(0, middle), firstSequence, startedMs }),
    createBatch(identity, second),
  ];
}

function toMessage({ type, value, durationMs, timestampMs, dimensions, metadata }: PendingMetric) {
  return {
    type,
    value,
    ...(durationMs !== undefined && { durationMs }),
    timestamp: timestampFromMs(timestampMs),
    dimensions: toValues(dimensions),
    metadata: toValues(metadata),
  };
}

/** As google.protobuf.Value. Objects and lists are JSON text by now, and absent values are left out. */
function toValues(fields: Fields): Record<string, MessageInitShape<typeof ValueSchema>> {
  const values: Record<string, MessageInitShape<typeof ValueSchema>> = {};
  for (const [name, value] of Object.entries(fields)) values[name] = { kind: toKind(value) };
  return values;
}

function toKind(value: string | number | boolean) {
  switch (typeof value) {
    case "string":
      return { case: "stringValue", value } as const;
    case "number":
      return { case: "numberValue", value } as const;
    default:
      return { case: "boolValue", value } as const;
  }
}
