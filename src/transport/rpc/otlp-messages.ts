import { createHash, hash } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import {
  ExportMetricsServiceRequestSchema,
  type ExportMetricsServiceResponse,
  ExportMetricsServiceResponseSchema,
} from "../../../gen/opentelemetry/proto/collector/metrics/v1/metrics_service_pb.js";
import type {
  AnyValue,
  InstrumentationScope,
  KeyValue,
} from "../../../gen/opentelemetry/proto/common/v1/common_pb.js";
import {
  type Metric,
  MetricSchema,
  type ResourceMetrics,
  ResourceMetricsSchema,
  ScopeMetricsSchema,
} from "../../../gen/opentelemetry/proto/metrics/v1/metrics_pb.js";
import type { ExportAnswer } from "../../api/export-metrics.ts";
import type { Violation } from "../../errors.ts";
import { YieldingLoop } from "../../lib/yielding-loop.ts";
import {
  type Attributes,
  canonical,
  type DataPoint,
  type ResourcePoints,
  type SentPoints,
} from "../../otlp/data-point.ts";
import { readingsOf } from "./otlp-readings.ts";

/** The message of a request. */
export const EXPORT_REQUEST = ExportMetricsServiceRequestSchema;

/** … of an answer. */
export const EXPORT_RESPONSE = ExportMetricsServiceResponseSchema;

/** The messages of a request → the points of each resource that has some, nothing validated yet. */
export function decodeResources(
  resources: readonly ResourceMetrics[],
  leftOut: readonly Violation[] = [],
): SentPoints {
  return { count: countPoints(resources), leftOut, read: () => readResources(resources) };
}

/** Known before anything is read, so that too many can be rejected at once. */
function countPoints(resources: readonly ResourceMetrics[]): number {
  let count = 0;
  for (const { scopeMetrics } of resources)
    for (const { metrics } of scopeMetrics)
      for (const { data } of metrics) count += data.value?.dataPoints.length ?? 0;
  return count;
}

/** Reads in slices of the event loop: other requests are answered in between. */
async function readResources(resources: readonly ResourceMetrics[]): Promise<readonly ResourcePoints[]> {
  const read: ResourcePoints[] = [];
  const loop = new YieldingLoop();
  for (const resource of resources) {
    const points: DataPoint[] = [];
    await loop.each(pointsOf(resource), (point) => points.push(point));
    if (points.length === 0) continue;
    const attributes = readAttributes(resource.resource?.attributes ?? []);
    const fingerprint = await fingerprintOf(resource, points.length, loop);
    read.push({ attributes, points, fingerprint });
  }
  return read;
}

/** Points whose bytes are made in one turn: more than a request of 64 KiB has, which is read from its bytes. */
const POINTS_AT_ONCE = 4000;
/** Of a metric, at a time: each names its instrument again. */
const POINTS_PER_PART = 10;

/** Tells the points of a resource from others, however they were sent: of many in turns, as no other bytes would. */
async function fingerprintOf(resource: ResourceMetrics, points: number, loop: YieldingLoop): Promise<string> {
  if (points <= POINTS_AT_ONCE) return hash("sha256", toBinary(ResourceMetricsSchema, resource), "base64url");
  const sum = createHash("sha256").update(toBinary(ResourceMetricsSchema, { ...resource, scopeMetrics: [] }));
  for (const scope of resource.scopeMetrics) {
    sum.update(toBinary(ScopeMetricsSchema, { ...scope, metrics: [] }));
    for (const metric of scope.metrics)
      await loop.each(partsOf(metric), (part) => sum.update(toBinary(MetricSchema, part)));
  }
  return sum.digest("base64url");
}

/** The metric with some of its points at a time. */
function* partsOf(metric: Metric): Generator<Metric> {
  const { value } = metric.data;
  const points = value?.dataPoints ?? [];
  for (let at = 0; at === 0 || at < points.length; at += POINTS_PER_PART) {
    const dataPoints = points.slice(at, at + POINTS_PER_PART);
    yield { ...metric, data: { ...metric.data, value: { ...value, dataPoints } } as Metric["data"] };
  }
}

/** Every point of a resource, whatever its scope and metric. */
function* pointsOf({ scopeMetrics }: ResourceMetrics): Generator<DataPoint> {
  for (const { scope, metrics } of scopeMetrics) {
    const text = scopeText(scope);
    for (const metric of metrics) yield* pointsOfMetric(metric, text);
  }
}

/** Every point of a metric, with what names its instrument. */
function* pointsOfMetric(metric: Metric, scope: string): Generator<DataPoint> {
  const { name, unit } = metric;
  const instrument = { name, unit, scope };
  for (const { attributes, startNs, timeNs, data } of readingsOf(metric))
    yield { instrument, attributes: readAttributes(attributes), startNs, timeNs, data };
}

/** Names an instrumentation scope: two scopes may have instruments of one name. */
export function scopeText(scope: InstrumentationScope | undefined): string {
  if (scope === undefined) return "";
  return JSON.stringify([scope.name, scope.version, canonical(readAttributes(scope.attributes))]);
}

/** Of an attribute that is there twice, which breaks the protocol, the last counts. */
function readAttributes(attributes: readonly KeyValue[]): Attributes {
  return new Map(attributes.map(({ key, value }) => [key, readAnyValue(value)]));
}

/** Recursion is bounded: the decoder refuses messages nested deeper than 100. */
export function readAnyValue(any: AnyValue | undefined): unknown {
  const value = any?.value ?? { case: undefined };
  switch (value.case) {
    case undefined:
      return null;
    case "intValue":
      // As text where a double would make another number of it.
      return Number.isSafeInteger(Number(value.value)) ? Number(value.value) : String(value.value);
    case "arrayValue":
      return value.value.values.map(readAnyValue);
    case "kvlistValue":
      return value.value.values.map(({ key, value: inner }) => [key, readAnyValue(inner)]);
    case "bytesValue":
      return { bytes: Buffer.from(value.value).toString("base64") };
    default:
      return value.value;
  }
}

/** A partial success only where something was rejected: exporters warn about any. */
export function toExportResponse({ rejected, message }: ExportAnswer): ExportMetricsServiceResponse {
  const partialSuccess = { rejectedDataPoints: BigInt(rejected), errorMessage: message };
  return create(ExportMetricsServiceResponseSchema, rejected > 0 ? { partialSuccess } : {});
}
