/** A seeded source of randomness: the same seed gives the same run on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  unit(): number;
  /** A whole number in [0, end). */
  below(end: number): number;
  /** One of the items; an empty list is the caller's error. */
  pick<T>(items: readonly T[]): T;
  /** True with the given probability. */
  chance(probability: number): boolean;
  /** Log-normal with this median; `spread` 1 puts the 99th percentile at ten times the median. */
  logNormal(median: number, spread: number): number;
}

/** Mulberry32 (public domain): 32 bits of state are plenty for a workload, and it costs 3 ns a number. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  function unit(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }
  const below = (end: number) => Math.floor(unit() * end);
  return {
    unit,
    below,
    pick: (items) => {
      const item = items[below(items.length)];
      if (item === undefined) throw new Error("picked from an empty list");
      return item;
    },
    chance: (probability) => unit() < probability,
    logNormal: (median, spread) => {
      // Box and Muller; 1 - unit() keeps the logarithm away from 0.
      const normal = Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit());
      return median * Math.exp(normal * spread);
    },
  };
}

/** Draws ranks in [0, size) with probability proportional to 1 / (rank + 1) ^ exponent. */
export function createZipf(random: Random, size: number, exponent: number): () => number {
  const cumulative = new Float64Array(size);
  let sum = 0;
  for (let rank = 0; rank < size; rank++) {
    sum += 1 / (rank + 1) ** exponent;
    cumulative[rank] = sum;
  }
  return () => {
    const drawn = random.unit() * sum;
    let low = 0;
    let high = size - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((cumulative[middle] ?? sum) > drawn) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
