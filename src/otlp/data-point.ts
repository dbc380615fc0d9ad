import type { Attributes } from "./attributes.ts";

/** The points of a request, before anything is made of them. */
export interface SentPoints {
  readonly count: number;
  /** In slices, as there may be many; to be called once. */
  readonly read: () => Promise<readonly ResourcePoints[]>;
}

/** What one resource sent in one request: at least a point. */
export interface ResourcePoints {
  readonly attributes: Attributes;
  readonly points: readonly DataPoint[];
  /** Equal for the same points sent again, in whichever encoding; different for any others. */
  readonly fingerprint: string;
}

/** What points have in common. One object for all points of an instrument in a request. */
export interface Instrument {
  readonly name: string;
  /** UCUM, as it was sent. */
  readonly unit: string;
  /** The library that measured, as text that no other one has. */
  readonly scope: string;
}

/** One point. Times are in ns since 1970 UTC, 0 where they are unknown. */
export interface DataPoint {
  readonly instrument: Instrument;
  readonly attributes: Attributes;
  readonly startNs: bigint;
  readonly timeNs: bigint;
  readonly reading: Reading;
}

export type Temporality = "delta" | "cumulative" | "unspecified";

/** What a point says. Numbers beyond 2^53 have lost their last digits here, and are refused later. */
export type Reading =
  | { readonly kind: "gauge"; readonly value: number }
  | SumReading
  | ExplicitReading
  | ExponentialReading
  /** Nothing that could be stored, and which way. */
  | { readonly kind: "summary" | "no recorded value" | "no value" };

export interface SumReading {
  readonly kind: "sum";
  readonly temporality: Temporality;
  readonly isMonotonic: boolean;
  readonly value: number;
}

interface DistributionReading {
  readonly temporality: Temporality;
  readonly count: number;
  readonly sum: number | undefined;
  readonly min: number | undefined;
  readonly max: number | undefined;
}

export interface ExplicitReading extends DistributionReading {
  readonly kind: "histogram";
  /** Upper bounds; `counts` has one more for what is above, or both are empty. */
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
}

export interface ExponentialReading extends DistributionReading {
  readonly kind: "exponential histogram";
  readonly scale: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly positive: Buckets;
  readonly negative: Buckets;
}

/** Consecutive buckets; bucket i holds what is above base^i, up to base^(i+1). */
export interface Buckets {
  readonly offset: number;
  readonly counts: readonly number[];
}

export type HistogramReading = ExplicitReading | ExponentialReading;

/** Why a point is not stored. */
export interface Refusal {
  readonly field: string;
  /** The stable name of the broken rule. */
  readonly reason: string;
  readonly message: string;
}
