/** One submission, and how each protocol spells it: what every door must understand alike. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { MetricSchema } from "../../gen/mcp/metrics/v1/metric_pb.js";
import type { SubmitRequestSchema } from "../../gen/mcp/metrics/v1/metrics_service_pb.js";

/** In the names of REST. A Date is written as each door writes times; null means that the client says nothing. */
export interface TestSubmission {
  readonly service?: string | null;
  readonly version?: string | null;
  readonly instance_id?: string | null;
  readonly idempotency_key?: string | null;
  readonly metrics?: readonly TestMetric[] | null;
}

export interface TestMetric {
  readonly type?: string | null;
  readonly value?: number | null;
  readonly duration_ms?: number | null;
  readonly timestamp?: Date | null;
  readonly dimensions?: Fields | null;
  readonly metadata?: Fields | null;
}

export type Fields = Readonly<Record<string, unknown>>;

const INFINITY = "a number that JSON cannot write";

/** JSON as a lenient client writes it: nulls stay, and infinity is a number too large. Other values need no care. */
export function toRestJson(body: unknown): string {
  const text = JSON.stringify(body, (_key, value) =>
    value === Infinity ? INFINITY : value === -Infinity ? `-${INFINITY}` : value,
  );
  return text.replaceAll(JSON.stringify(INFINITY), "1e999").replaceAll(`"-${INFINITY}"`, "-1e999");
}

/** The same as a protobuf message: what is null in JSON is left out. */
export function toMessage(submission: TestSubmission): MessageInitShape<typeof SubmitRequestSchema> {
  return {
    service: submission.service ?? "",
    version: submission.version ?? "",
    instanceId: submission.instance_id ?? "",
    idempotencyKey: submission.idempotency_key ?? "",
    metrics: (submission.metrics ?? []).map(toMetric),
  };
}

type MetricInit = MessageInitShape<typeof MetricSchema>;
type ValueInit = NonNullable<MetricInit["dimensions"]>[string];

function toMetric(metric: TestMetric): MetricInit {
  const { timestamp } = metric;
  return {
    type: metric.type ?? "",
    ...(typeof metric.value === "number" && { value: metric.value }),
    ...(typeof metric.duration_ms === "number" && { durationMs: metric.duration_ms }),
    ...(timestamp && { timestamp: timestampFromMs(timestamp.getTime()) }),
    dimensions: toValues(metric.dimensions ?? {}),
    metadata: toValues(metric.metadata ?? {}),
  };
}

function toValues(fields: Fields): Record<string, ValueInit> {
  const values: Record<string, ValueInit> = {};
  for (const [key, value] of Object.entries(fields)) {
    // `__proto__` is a name like any other here.
    Object.defineProperty(values, key, { value: toValue(value), enumerable: true });
  }
  return values;
}

function toValue(value: unknown): ValueInit {
  if (value === null) return { kind: { case: "nullValue", value: 0 } };
  if (typeof value === "number") return { kind: { case: "numberValue", value } };
  if (typeof value === "string") return { kind: { case: "stringValue", value } };
  if (typeof value === "boolean") return { kind: { case: "boolValue", value } };
  if (Array.isArray(value)) return { kind: { case: "listValue", value: { values: value.map(toValue) } } };
  return { kind: { case: "structValue", value: { fields: toValues(value as Fields) } } };
}
