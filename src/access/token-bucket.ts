import type { Clock } from "../lib/clock.ts";

/**
 * A token bucket: `limit` tokens a minute, at most `limit` at once.
 *
 * Tokens are fractional on purpose. A refill rounded down to whole tokens drops its remainder at every
 * call: at 1000 per minute, a client that calls ten times a second would be given 600.
 */
export interface Bucket {
  tokens: number;
  /** Monotonic ms when `tokens` was true. */
  updatedMs: number;
}

/** Slack for the rounding of fractional tokens: a token that is there but for 1e-9 of it is there. */
const EPSILON = 1e-9;

/** A full bucket. Times are monotonic ms. */
export function createBucket(limitPerMinute: number, nowMs: number): Bucket {
  return { tokens: limitPerMinute, updatedMs: nowMs };
}

/** Add what has come in since the last call. A bucket costs nothing while nobody looks at it. */
function refill(bucket: Bucket, limitPerMinute: number, nowMs: number): void {
  const elapsedMs = Math.max(0, nowMs - bucket.updatedMs);
  bucket.tokens = Math.min(limitPerMinute, bucket.tokens + (elapsedMs * limitPerMinute) / 60_000);
  // A clock that went back would otherwise pay for the same time twice.
  bucket.updatedMs = Math.max(bucket.updatedMs, nowMs);
}

/** Take one token if there is one; whether it was taken. */
export function takeToken(bucket: Bucket, limitPerMinute: number, nowMs: number): boolean {
  refill(bucket, limitPerMinute, nowMs);
  if (bucket.tokens < 1 - EPSILON) return false;
  bucket.tokens = Math.max(0, bucket.tokens - 1);
  return true;
}

/** How a bucket stands, as the headers of every answer say it. */
export interface BucketState {
  readonly limit: number;
  /** Whole tokens that are there now. */
  readonly remaining: number;
  /** Seconds until the bucket is full, rounded up; 0 when it is. */
  readonly resetSeconds: number;
  /** Seconds until one token is there, rounded up, at least 1. */
  readonly retryAfterSeconds: number;
}

export function readBucket(bucket: Bucket, limitPerMinute: number, nowMs: number): BucketState {
  refill(bucket, limitPerMinute, nowMs);
  const { tokens } = bucket;
  return {
    limit: limitPerMinute,
    remaining: Math.floor(tokens + EPSILON),
    resetSeconds: Math.max(0, secondsFor(limitPerMinute - tokens, limitPerMinute)),
    retryAfterSeconds: Math.max(1, secondsFor(1 - tokens, limitPerMinute)),
  };
}

/** Whole seconds in which so many tokens come. */
function secondsFor(tokens: number, limitPerMinute: number): number {
  return Math.ceil((Math.max(0, tokens) * 60) / limitPerMinute - EPSILON);
}

/** Names remembered. Those with a full bucket are forgotten; beyond, the rest share one. */
const NAMES_MAX = 10_000;
const SWEEP_INTERVAL_MS = 1_000;

/**
 * A bucket for each of the names that clients come under (addresses, networks), of which they have any
 * number.
 */
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

  /**
   * Forget names with a full bucket; at most once a second, as a flood would make it look at all for each
   * call.
   */
  #sweep(nowMs: number): void {
    if (nowMs - this.#sweptMs < SWEEP_INTERVAL_MS) return;
    this.#sweptMs = nowMs;
    for (const [name, bucket] of this.#buckets) {
      if (readBucket(bucket, this.#limitPerMinute, nowMs).resetSeconds === 0) this.#buckets.delete(name);
    }
  }
}
