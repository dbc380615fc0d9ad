import type { KeyValue } from "../../../gen/opentelemetry/proto/common/v1/common_pb.js";
import {
  AggregationTemporality,
  DataPointFlags,
  type ExponentialHistogramDataPoint,
  type ExponentialHistogramDataPoint_Buckets,
  type HistogramDataPoint,
  type Metric,
  type NumberDataPoint,
} from "../../../gen/opentelemetry/proto/metrics/v1/metrics_pb.js";
import type { Buckets, DataPoint, PointData, Temporality } from "../../otlp/data-point.ts";

/** A point whose attributes are still messages. */
interface DecodedPoint extends Pick<DataPoint, "startNs" | "timeNs" | "data"> {
  /** Of the point alone. */
  readonly attributes: readonly KeyValue[];
}

/** What the points of a metric say, whatever its kind. */
export function readingsOf({ data }: Metric): readonly DecodedPoint[] {
  switch (data.case) {
    case undefined:
      return [];
    case "gauge":
      return data.value.dataPoints.map((point) =>
        decoded(
          point,
          numberOf(point, (value) => ({ kind: "gauge", value })),
        ),
      );
    case "sum": {
      const { dataPoints, isMonotonic } = data.value;
      const temporality = temporalityOf(data.value.aggregationTemporality);
      return dataPoints.map((point) =>
        decoded(
          point,
          numberOf(point, (value) => ({ kind: "sum", temporality, isMonotonic, value })),
        ),
      );
    }
    case "histogram": {
      const temporality = temporalityOf(data.value.aggregationTemporality);
      return data.value.dataPoints.map((point) => decoded(point, explicitOf(point, temporality)));
    }
    case "exponentialHistogram": {
      const temporality = temporalityOf(data.value.aggregationTemporality);
      return data.value.dataPoints.map((point) => decoded(point, exponentialOf(point, temporality)));
    }
    case "summary":
      return data.value.dataPoints.map((point) =>
        decoded({ ...point, startTimeUnixNano: 0n, timeUnixNano: 0n }, { kind: "summary" }),
      );
  }
}

/** What every kind of data point has. */
interface Point {
  /** Its series within the metric. */
  readonly attributes: readonly KeyValue[];
  /** Since when a sum or histogram counts; 0 where it is not said. */
  readonly startTimeUnixNano: bigint;
  /** When it was measured; 0 where it is not said. */
  readonly timeUnixNano: bigint;
  /** DataPointFlags. */
  readonly flags: number;
}

/** A point with what it says, or that it says nothing was recorded. */
function decoded(point: Point, data: PointData): DecodedPoint {
  const { attributes, startTimeUnixNano: startNs, timeUnixNano: timeNs, flags } = point;
  const isEmpty = (flags & DataPointFlags.NO_RECORDED_VALUE_MASK) !== 0;
  return { attributes, startNs, timeNs, data: isEmpty ? { kind: "no recorded value" } : data };
}

/** The value of a number point, which may be an integer of 64 bits or a double. */
function numberOf({ value }: NumberDataPoint, read: (value: number) => PointData): PointData {
  return value.case === undefined ? { kind: "no value" } : read(Number(value.value));
}

/** Whether points count since the one before, or since their start. */
export function temporalityOf(temporality: AggregationTemporality): Temporality {
  if (temporality === AggregationTemporality.DELTA) return "delta";
  return temporality === AggregationTemporality.CUMULATIVE ? "cumulative" : "unspecified";
}

/** A histogram with bounds of its own. */
function explicitOf(point: HistogramDataPoint, temporality: Temporality): PointData {
  const { count, sum, min, max, bucketCounts, explicitBounds } = point;
  return {
    kind: "histogram",
    temporality,
    count: Number(count),
    sum,
    min,
    max,
    bounds: explicitBounds,
    counts: bucketCounts.map(Number),
  };
}

/** A histogram whose bounds grow by a factor. */
function exponentialOf(point: ExponentialHistogramDataPoint, temporality: Temporality): PointData {
  const { count, sum, min, max, scale, zeroThreshold, zeroCount } = point;
  return {
    kind: "exponential histogram",
    temporality,
    count: Number(count),
    sum,
    min,
    max,
    scale,
    zeroThreshold,
    zeroCount: Number(zeroCount),
    positive: bucketsOf(point.positive),
    negative: bucketsOf(point.negative),
  };
}

/** Absent buckets are none. */
function bucketsOf(buckets: ExponentialHistogramDataPoint_Buckets | undefined): Buckets {
  return { offset: buckets?.offset ?? 0, counts: buckets?.bucketCounts.map(Number) ?? [] };
}
