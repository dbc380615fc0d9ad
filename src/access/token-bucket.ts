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

export function createBucket(limitPerMinute: number, nowMs: number): Bucket {
  return { tokens: limitPerMinute, updatedMs: nowMs };
}

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

/** What a caller may be told of its bucket. */
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
  const secondsFor = (tokens: number) => Math.ceil((Math.max(0, tokens) * 60) / limitPerMinute - EPSILON);
  return {
    limit: limitPerMinute,
    remaining: Math.floor(bucket.tokens + EPSILON),
    resetSeconds: Math.max(0, secondsFor(limitPerMinute - bucket.tokens)),
    retryAfterSeconds: Math.max(1, secondsFor(1 - bucket.tokens)),
  };
}
