/**
 * The candidate that `word` most likely meant, for "did you mean …?"; undefined when none is close.
 *
 * Close is a few typing errors, or words left out: `METRICS_PORT` means `METRICS_SERVICE_PORT`, though
 * eight letters away.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestCost = Math.max(1, Math.floor(word.length / 4)) + 1;
  for (const candidate of candidates) {
    const cost = Math.min(typingErrors(word, candidate), wordsLeftOut(word, candidate));
    if (cost < bestCost) {
      best = candidate;
      bestCost = cost;
    }
  }
  return best;
}

/**
 * How many letters are inserted, left out, replaced, or swapped with their neighbour: the optimal string
 * alignment distance, in O(length²) time, which is nothing for names.
 */
function typingErrors(from: string, to: string): number {
  const columns = to.length + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: columns }, (_, column) => column);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j < columns; j++) {
      const replaced = at(last, j - 1) + (from[i - 1] === to[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      const kept = swapped ? Math.min(replaced, at(beforeLast, j - 2) + 1) : replaced;
      row.push(Math.min(kept, at(last, j) + 1, at(row, j - 1) + 1));
    }
    beforeLast = last;
    last = row;
  }
  return at(last, columns - 1);
}

/** Outside the table no way leads on. */
function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}

/** How many words `to` has beside those of `from`, if it has all of these in their order; else infinite. */
function wordsLeftOut(from: string, to: string): number {
  const wanted = from.split(/[_-]/);
  const words = to.split(/[_-]/);
  let found = 0;
  for (const word of words) if (word === wanted[found]) found++;
  return found === wanted.length && found > 1 ? words.length - found : Number.POSITIVE_INFINITY;
}
