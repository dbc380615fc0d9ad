import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs, type ValueSchema } from "@bufbuild/protobuf/wkt";
import { type SubmitRequest, SubmitRequestSchema } from "../../gen/mcp/metrics/v1/metrics_service_pb.js";
import { randomKey } from "./random-key.ts";
import type { Fields, PendingMetric } from "./read-metric.ts";

/** Who measured. */
export interface Source {
  readonly service: string;
  readonly version: string;
  readonly instanceId: string;
}

/** Metrics that are sent together. */
export interface BatchContent {
  readonly metrics: readonly PendingMetric[];
  /** The number of its first metric; lower ones were emitted before. */
  readonly firstSequence: number;
  /** When it was first sent, by both clocks: one may stand still while the machine sleeps, the other jumps. */
  readonly startedMs: readonly [wallMs: number, monotonicMs: number];
}

/** … again and again unchanged, until the service has answered. */
export interface Batch extends BatchContent {
  readonly request: SubmitRequest;
}

/**
 * The key makes every repetition of the request one submission to the service, so that a batch whose answer
 * was lost is stored once.
 */
export function createBatch(source: Source, content: BatchContent): Batch {
  const metrics = content.metrics.map(toMessage);
  const request = create(SubmitRequestSchema, { ...source, idempotencyKey: randomKey(), metrics });
  return { ...content, request };
}

/** The same metrics as two submissions, where one was too large. */
export function halve(batch: Batch, source: Source): readonly [Batch, Batch] {
  const { metrics, firstSequence, startedMs } = batch;
  const middle = Math.ceil(metrics.length / 2);
  const second = { metrics: metrics.slice(middle), firstSequence: firstSequence + middle, startedMs };
  return [
    createBatch(source, { metrics: metrics.slice(0, middle), firstSequence, startedMs }),
    createBatch(source, second),
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
