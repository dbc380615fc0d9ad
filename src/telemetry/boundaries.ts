import type { InstrumentDefinition } from "../catalogue/definition.ts";

/**
 * Upper bounds of histogram buckets, in seconds, from a cached lookup to a tool that takes minutes.
 * The default of HISTOGRAM_BUCKET_BOUNDARIES.
 */
export const SECONDS_BOUNDARIES: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300,
];

/** Of sizes in bytes, and of anything else that is counted rather than timed. */
export const SIZE_BOUNDARIES: readonly number[] = [10, 100, 1e3, 1e4, 1e5, 1e6, 1e7];

/** The bounds for an instrument of that unit. */
export function boundariesFor(
  unit: InstrumentDefinition["unit"],
  secondsBoundaries: readonly number[],
): readonly number[] {
  return unit === "s" ? secondsBoundaries : SIZE_BOUNDARIES;
}
