/** So few values are kept as they are: their quantiles are exact, and sorting them costs next to nothing. */
export const EXACT_VALUES_MAX = 256;

/** Keeps a product that is whole but for its rounding, as 0.07 × 100, from being rounded up to the next number. */
const ROUNDING = 1 - 2 ** -50;

/**
 * Where a quantile stands among `count` sorted values, from 0: at the smallest one that at least
 * `rank` × `count` of them do not exceed ("nearest rank"). One that was measured, not one between two; of two
 * values, P50 is the smaller and P95 the larger.
 */
export function nearestRank(rank: number, count: number): number {
  return Math.max(0, Math.ceil(rank * count * ROUNDING) - 1);
}

/** A quantile of some values, which are sorted in place; undefined without any. */
export function exactQuantile(values: number[], rank: number): number | undefined {
  return values.sort((a, b) => a - b)[nearestRank(rank, values.length)];
}
