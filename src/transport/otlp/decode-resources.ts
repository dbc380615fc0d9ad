import { hash } from "node:crypto";
import { toBinary } from "@bufbuild/protobuf";
import type {
  AnyValue,
  InstrumentationScope,
  KeyValue,
} from "../../../gen/opentelemetry/proto/common/v1/common_pb.js";
import {
  type Metric,
  type ResourceMetrics,
  ResourceMetricsSchema,
} from "../../../gen/opentelemetry/proto/metrics/v1/metrics_pb.js";
import { type Attributes, canonical } from "../../otlp/attributes.ts";
import type { DataPoint, ResourcePoints } from "../../otlp/data-point.ts";
import { readingsOf } from "./readings.ts";

/** The messages of a request → the points of each resource, nothing judged yet. */
export function decodeResources(resources: readonly ResourceMetrics[]): readonly ResourcePoints[] {
  return resources.map((resource) => ({
    attributes: readAttributes(resource.resource?.attributes ?? []),
    points: readPoints(resource),
    fingerprint: hash("sha256", toBinary(ResourceMetricsSchema, resource), "base64url"),
  }));
}

function readPoints({ scopeMetrics }: ResourceMetrics): readonly DataPoint[] {
  return scopeMetrics.flatMap(({ scope, metrics }) => {
    const text = scopeText(scope);
    return metrics.flatMap((metric) => pointsOf(metric, text));
  });
}

function pointsOf(metric: Metric, scope: string): readonly DataPoint[] {
  const { name, unit } = metric;
  const instrument = { name, unit, scope };
  return readingsOf(metric).map(({ attributes, startNs, timeNs, reading }) => ({
    instrument,
    attributes: readAttributes(attributes),
    startNs,
    timeNs,
    reading,
  }));
}

function scopeText(scope: InstrumentationScope | undefined): string {
  if (scope === undefined) return "";
  return JSON.stringify([scope.name, scope.version, canonical(readAttributes(scope.attributes))]);
}

/** Of an attribute that is there twice, which breaks the protocol, the last counts. */
function readAttributes(attributes: readonly KeyValue[]): Attributes {
  return new Map(attributes.map(({ key, value }) => [key, readValue(value)]));
}

/** Recursion is bounded: the decoder refuses messages nested deeper than 100. */
function readValue(any: AnyValue | undefined): unknown {
  const value = any?.value ?? { case: undefined };
  switch (value.case) {
    case undefined:
      return null;
    case "intValue":
      // As text where a double would make another number of it.
      return Number.isSafeInteger(Number(value.value)) ? Number(value.value) : String(value.value);
    case "arrayValue":
      return value.value.values.map(readValue);
    case "kvlistValue":
      return value.value.values.map(({ key, value: inner }) => [key, readValue(inner)]);
    case "bytesValue":
      return { bytes: Buffer.from(value.value).toString("base64") };
    default:
      return value.value;
  }
}
