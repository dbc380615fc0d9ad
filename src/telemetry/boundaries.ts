import type { InstrumentDefinition } from "../catalogue/definition.ts";

/** Upper bounds of buckets of sizes in bytes, and of anything else that is counted rather than timed. */
export const SIZE_BOUNDARIES: readonly number[] = [10, 100, 1e3, 1e4, 1e5, 1e6, 1e7];

/** The bounds for an instrument of that unit; `secondsBoundaries` are HISTOGRAM_BUCKET_BOUNDARIES. */
export function boundariesFor(
  unit: InstrumentDefinition["unit"],
  secondsBoundaries: readonly number[],
): readonly number[] {
  return unit === "s" ? secondsBoundaries : SIZE_BOUNDARIES;
}
