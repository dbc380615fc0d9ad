import type { Clock } from "../lib/clock.ts";
import { type Bucket, createBucket, readBucket, takeToken } from "./token-bucket.ts";

/** Names remembered. Those that have used up nothing are forgotten; beyond, the rest share one bucket. */
const NAMES_MAX = 10_000;
const SWEEP_INTERVAL_MS = 1_000;

/** A bucket of tokens for each of the names that clients come under, of which they may have any number. */
export class NamedBuckets {
  readonly #clock: Clock;
  readonly #limitPerMinute: number;
  readonly #buckets = new Map<string, Bucket>();
  readonly #shared: Bucket;
  #sweptMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, limitPerMinute: number) {
    this.#clock = clock;
    this.#limitPerMinute = limitPerMinute;
    this.#shared = createBucket(limitPerMinute, clock.monotonicMs());
  }

  /** Take a token of `name`. Returns the seconds until there is one, or undefined when there was. */
  take(name: string): number | undefined {
    const nowMs = this.#clock.monotonicMs();
    const bucket = this.#bucketOf(name, nowMs);
    if (takeToken(bucket, this.#limitPerMinute, nowMs)) return undefined;
    return readBucket(bucket, this.#limitPerMinute, nowMs).retryAfterSeconds;
  }

  #bucketOf(name: string, nowMs: number): Bucket {
    const known = this.#buckets.get(name);
    if (known !== undefined) return known;
    if (this.#buckets.size >= NAMES_MAX) this.#sweep(nowMs);
    if (this.#buckets.size >= NAMES_MAX) return this.#shared;
    const bucket = createBucket(this.#limitPerMinute, nowMs);
    this.#buckets.set(name, bucket);
    return bucket;
  }

  /** Forget who has a full bucket; looking at all of them for every new name would be a gift to floods. */
  #sweep(nowMs: number): void {
    if (nowMs - this.#sweptMs < SWEEP_INTERVAL_MS) return;
    this.#sweptMs = nowMs;
    for (const [name, bucket] of this.#buckets) {
      if (readBucket(bucket, this.#limitPerMinute, nowMs).resetSeconds === 0) this.#buckets.delete(name);
    }
  }
}
