/**
 * The data points of an OTLP request, decoded and nothing validated yet: the model of
 * https://opentelemetry.io/docs/specs/otel/metrics/data-model/ in plain objects, free of protobuf.
 */

import type { Violation } from "../errors.ts";

/** What attributes can hold once they are decoded; lists and bytes among it. */
export type Attributes = ReadonlyMap<string, unknown>;

/** Text that is the same for the same attributes in any order, and for no others. */
export function canonical(attributes: Attributes): string {
  return JSON.stringify([...attributes].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The points of a request, before anything is made of them. */
export interface SentPoints {
  readonly count: number;
  /** What could not be decoded, and is not among them. */
  readonly leftOut: readonly Violation[];
  /** Yields to the event loop now and then, as there may be many; to be called once. */
  readonly read: () => Promise<readonly ResourcePoints[]>;
}

/** What one resource sent in one request: at least a point. */
export interface ResourcePoints {
  readonly attributes: Attributes;
  readonly points: readonly DataPoint[];
  /** Equal for the same points sent again as they were; different for any others. */
  readonly fingerprint: string;
}

/** What points have in common. One object for all points of an instrument in a request. */
export interface Instrument {
  readonly name: string;
  /** UCUM (https://ucum.org), as it was sent. */
  readonly unit: string;
  /** The instrumentation scope, as text that no other one has. */
  readonly scope: string;
}

/** One point. Times are in ns since 1970 UTC, 0 where they are unknown. */
export interface DataPoint {
  readonly instrument: Instrument;
  readonly attributes: Attributes;
  /** Since when a cumulative point counts. */
  readonly startNs: bigint;
  /** When its values were true. */
  readonly timeNs: bigint;
  readonly data: PointData;
}

/** Whether values are those since the last point or since the start (AggregationTemporality). */
export type Temporality = "delta" | "cumulative" | "unspecified";

/** What a point says. Numbers beyond 2^53 have lost their last digits here, and are rejected later. */
export type PointData =
  | { readonly kind: "gauge"; readonly value: number }
  | SumData
  | ExplicitHistogramData
  | ExponentialHistogramData
  /** Nothing that could be stored, and which way. */
  | { readonly kind: "summary" | "no recorded value" | "no value" };

export interface SumData {
  readonly kind: "sum";
  readonly temporality: Temporality;
  /** Whether it can only grow. */
  readonly isMonotonic: boolean;
  readonly value: number;
}

interface AnyHistogramData {
  readonly temporality: Temporality;
  /** Values in all buckets together. */
  readonly count: number;
  /** Of the values; absent where some may be negative, as OTLP asks for, or where it was no number. */
  readonly sum: number | undefined;
  readonly min: number | undefined;
  readonly max: number | undefined;
}

/** A histogram whose sender chose the bounds. */
export interface ExplicitHistogramData extends AnyHistogramData {
  readonly kind: "histogram";
  /** Upper bounds, inclusive; `counts` has one more for what is above, or both are empty. */
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
}

/** A histogram whose bounds are the powers of base = 2^(2^-scale). */
export interface ExponentialHistogramData extends AnyHistogramData {
  readonly kind: "exponential histogram";
  readonly scale: number;
  /** Values from -zeroThreshold to zeroThreshold are in `zeroCount`. */
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly positive: Buckets;
  /** Of the absolute values. */
  readonly negative: Buckets;
}

/** Consecutive buckets from index `offset` on; bucket i holds what is above base^i, up to base^(i+1). */
export interface Buckets {
  readonly offset: number;
  readonly counts: readonly number[];
}

/** The lower bound of bucket `index` of an exponential histogram. */
export function lowerBound(scale: number, index: number): number {
  return 2 ** (index * 2 ** -scale);
}

export type HistogramData = ExplicitHistogramData | ExponentialHistogramData;

/** A histogram of which no more is known than its totals. */
export function withoutBuckets(
  { temporality }: Pick<HistogramData, "temporality">,
  { count, sum, min, max }: Pick<HistogramData, "count" | "sum" | "min" | "max">,
): ExplicitHistogramData {
  return { kind: "histogram", temporality, count, sum, min, max, bounds: [], counts: [] };
}
