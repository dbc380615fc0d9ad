/** Latencies in buckets 1 % apart, so that recording one costs no memory and no sorting. */
export interface Histogram {
  record(ms: number): void;
  /** The latency in ms below which this share of the records lies; NaN when there are none. */
  quantile(share: number): number;
}

const GROWTH = 1.01;
const SMALLEST_MS = 0.001;
/** 1 µs to 100 s. */
const BUCKETS = Math.ceil(Math.log(1e8) / Math.log(GROWTH)) + 1;

export function createHistogram(): Histogram {
  const counts = new Uint32Array(BUCKETS);
  const perBucket = 1 / Math.log(GROWTH);
  let total = 0;
  return {
    record(ms) {
      const bucket = Math.floor(Math.log(Math.max(ms, SMALLEST_MS) / SMALLEST_MS) * perBucket);
      const index = Math.min(bucket, BUCKETS - 1);
      counts[index] = (counts[index] ?? 0) + 1;
      total++;
    },
    quantile(share) {
      let seen = 0;
      for (let index = 0; index < BUCKETS; index++) {
        seen += counts[index] ?? 0;
        if (seen > 0 && seen >= share * total) return SMALLEST_MS * GROWTH ** (index + 0.5);
      }
      return Number.NaN;
    },
  };
}
