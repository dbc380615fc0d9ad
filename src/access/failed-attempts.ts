import { ServiceError } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import { type Bucket, createBucket, readBucket, takeToken } from "./token-bucket.ts";

export interface FailedAttemptsOptions {
  readonly clock: Clock;
  /** Failures a minute and address, and as many at once. */
  readonly limitPerMinute: number;
  /** Called at most once a minute: how many were refused since the last call, and from where the last one. */
  readonly onLimited: (refused: number, address: string) => void;
}

/** Addresses remembered. Those without a failure for a minute are forgotten; beyond, the rest share a bucket. */
const ADDRESSES_MAX = 10_000;
const SWEEP_INTERVAL_MS = 1_000;
const REPORT_INTERVAL_MS = 60_000;

/**
 * Limits by address how often a wrong key is answered 401: beyond, it is 429 until a token is there again.
 *
 * Valid keys pass all the same. A limit that refused them too would let one misconfigured client silence
 * everybody behind the same proxy, and against guessing there are the keys' lengths.
 */
export class FailedAttempts {
  readonly #options: FailedAttemptsOptions;
  readonly #buckets = new Map<string, Bucket>();
  readonly #shared: Bucket;
  #sweptMs = Number.NEGATIVE_INFINITY;
  #reportedMs = Number.NEGATIVE_INFINITY;
  #refused = 0;

  constructor(options: FailedAttemptsOptions) {
    this.#options = options;
    this.#shared = createBucket(options.limitPerMinute, options.clock.monotonicMs());
  }

  /** Count a failure from `address` (undefined: the peer has gone), and say what to answer it with. */
  count(failure: ServiceError, address = "unknown"): ServiceError {
    const { clock, limitPerMinute } = this.#options;
    const nowMs = clock.monotonicMs();
    const bucket = this.#bucketOf(subscriberOf(address), nowMs);
    if (takeToken(bucket, limitPerMinute, nowMs)) return failure;
    this.#report(address, nowMs);
    const { retryAfterSeconds } = readBucket(bucket, limitPerMinute, nowMs);
    const message = `${failure.message}. Too many failed authentications. Limit: ${limitPerMinute}/minute`;
    return new ServiceError("rate_limited", message, { retryAfterSeconds });
  }

  #bucketOf(subscriber: string, nowMs: number): Bucket {
    const known = this.#buckets.get(subscriber);
    if (known !== undefined) return known;
    if (this.#buckets.size >= ADDRESSES_MAX) this.#sweep(nowMs);
    if (this.#buckets.size >= ADDRESSES_MAX) return this.#shared;
    const bucket = createBucket(this.#options.limitPerMinute, nowMs);
    this.#buckets.set(subscriber, bucket);
    return bucket;
  }

  /** Forget who has a full bucket; looking at all of them for every new address would be a gift to floods. */
  #sweep(nowMs: number): void {
    if (nowMs - this.#sweptMs < SWEEP_INTERVAL_MS) return;
    this.#sweptMs = nowMs;
    for (const [subscriber, bucket] of this.#buckets) {
      const { resetSeconds } = readBucket(bucket, this.#options.limitPerMinute, nowMs);
      if (resetSeconds === 0) this.#buckets.delete(subscriber);
    }
  }

  #report(address: string, nowMs: number): void {
    this.#refused += 1;
    if (nowMs - this.#reportedMs < REPORT_INTERVAL_MS) return;
    this.#options.onLimited(this.#refused, address);
    this.#reportedMs = nowMs;
    this.#refused = 0;
  }
}

/** An IPv4 address is one subscriber's; of IPv6 each has a network of 64 bits at least to take addresses from. */
function subscriberOf(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const groups = head.split(":").filter((group) => group !== "");
  const zeros =
    tail === undefined ? 0 : 8 - groups.length - tail.split(":").filter((group) => group !== "").length;
  return [...groups, ...Array<string>(zeros).fill("0"), ...(tail ?? "").split(":")].slice(0, 4).join(":");
}
