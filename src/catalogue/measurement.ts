import type { MetricType } from "./definition.ts";

/**
 * What a dimension can hold once it was accepted: JSON's scalars. Text is at most 200 code points
 * (`LIMITS.DIMENSION_VALUE_LENGTH_MAX`), a number is finite.
 */
export type DimensionValue = string | number | boolean | null;

/**
 * One combination of a metric type's catalogued dimensions.
 *
 * Interned: while it is remembered, equal combinations are the same object, so that whoever derives
 * something from it (a row of the dictionary, a series) can keep that by identity.
 */
export interface DimensionSet {
  readonly type: MetricType;
  /** In the order of `type.dimensions`; undefined where the client sent none. */
  readonly values: readonly (DimensionValue | undefined)[];
  /** The dimensions that were sent, as a JSON object. Equal sets have equal text. */
  readonly json: string;
}

/** A metric that passed validation. */
export interface Measurement {
  readonly dimensions: DimensionSet;
  /** When it happened, in ms since 1970 UTC. */
  readonly timestampMs: number;
  /** Finite, within ± `LIMITS.VALUE_ABS_MAX`. */
  readonly value: number;
  /** How long it took, in milliseconds; undefined differs from 0. */
  readonly durationMs: number | undefined;
  /** Dimensions outside the catalogue entry: keys, and their values in the same order. */
  readonly otherKeys: readonly string[];
  readonly otherValues: readonly DimensionValue[];
  /** Metadata: keys, and their values in the same order; objects and lists as they came. */
  readonly metadataKeys: readonly string[];
  readonly metadataValues: readonly unknown[];
  /**
   * Set where it stands for several that their sender has added up, as a point of an OTLP histogram does:
   * `value` and `durationMs` are sums over all of them then. It is the distribution of their durations; where
   * they have none, of their values.
   */
  readonly distribution: Distribution | undefined;
}

/**
 * Several numbers as a histogram knows them: about `counts[i]` of them at `values[i]`, in ascending order.
 */
export interface Distribution {
  /** How many; a whole number above 0, and the sum of `counts`. */
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly values: readonly number[];
  readonly counts: readonly number[];
}
