import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Value } from "@bufbuild/protobuf/wkt";
import type { Metric } from "../../../gen/mcp/metrics/v1/metric_pb.js";
import type { SubmitRequest, SubmitResponseSchema } from "../../../gen/mcp/metrics/v1/metrics_service_pb.js";
import type { SubmitAnswer } from "../../api/submit.ts";
import type { SubmittedMetric, SubmittedMetrics } from "../../ingest/submission.ts";
import { toDate } from "./times.ts";

/** The message → the form that every door decodes into. The field wins over the header. */
export function fromSubmitRequest(
  request: SubmitRequest,
  idempotencyHeader: string | undefined,
): SubmittedMetrics {
  return {
    service: request.service,
    version: request.version,
    instance_id: request.instanceId,
    idempotency_key: request.idempotencyKey || idempotencyHeader,
    metrics: request.metrics.map(fromMetric),
  };
}

/** What became of a submission. */
export function toSubmitResponse(answer: SubmitAnswer): MessageInitShape<typeof SubmitResponseSchema> {
  return {
    status: answer.status,
    accepted: answer.accepted,
    rejected: answer.rejected,
    errors: [...answer.errors],
    requestId: answer.request_id,
    duplicate: answer.duplicate ?? false,
    warnings: [...(answer.warnings ?? [])],
    rejections: [...(answer.rejections ?? [])],
  };
}

/** A metric, nothing of which has been checked. */
function fromMetric(metric: Metric): SubmittedMetric {
  return {
    type: metric.type,
    value: metric.value,
    duration_ms: metric.durationMs,
    timestamp: toDate(metric.timestamp),
    dimensions: fromValues(metric.dimensions),
    metadata: fromValues(metric.metadata),
  };
}

/** A Struct as plain values; null for what has none. */
export function fromValues(values: Readonly<Record<string, Value>>): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(values)) {
    // Assigning to `__proto__` would set the prototype and lose the entry.
    if (key === "__proto__") Object.defineProperty(plain, key, { value: fromValue(value), enumerable: true });
    else plain[key] = fromValue(value);
  }
  return plain;
}

/** A Value as a plain one. Recursion is bounded: the decoder refuses messages nested deeper than 100. */
export function fromValue({ kind }: Value): unknown {
  switch (kind.case) {
    case "structValue":
      return fromValues(kind.value.fields);
    case "listValue":
      return kind.value.values.map(fromValue);
    case "nullValue":
    case undefined:
      return null;
    default:
      return kind.value;
  }
}
