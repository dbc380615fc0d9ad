/**
 * The nearest rank of a plain sort, to the letter: the smallest value that at least this share of the values
 * do not exceed. NaN without any. A share is rounded as whole percents and their fractions are meant.
 */
export function plainQuantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const wanted = Number((share * values.length).toFixed(9));
  return sorted.find((_, index) => index + 1 >= wanted) ?? Number.NaN;
}
