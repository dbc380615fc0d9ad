import { ServiceError } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import { networkOf } from "../lib/network.ts";
import { NamedBuckets } from "./token-bucket.ts";

export interface FailedAttemptsOptions {
  readonly clock: Clock;
  /** Failures a minute and address, and as many at once. */
  readonly limitPerMinute: number;
  /**
   * Called at most once a minute: how many were refused since the last call, and from which network the last
   * one. More of an address is told to nobody.
   */
  readonly onLimited: (refused: number, network: string) => void;
}

const REPORT_INTERVAL_MS = 60_000;

/**
 * Limits by address how often a wrong key is answered 401: beyond, it is 429 until a token is there again.
 *
 * Valid keys pass all the same. A limit that refused them too would let one misconfigured client silence
 * everybody behind the same proxy, and against guessing there are the keys' lengths.
 */
export class FailedAttempts {
  readonly #options: FailedAttemptsOptions;
  readonly #buckets: NamedBuckets;
  #reportedMs = Number.NEGATIVE_INFINITY;
  #refused = 0;

  constructor(options: FailedAttemptsOptions) {
    this.#options = options;
    this.#buckets = new NamedBuckets(options.clock, options.limitPerMinute);
  }

  /** Count a failure from `address` (undefined: the peer has gone), and say what to answer it with. */
  count(failure: ServiceError, address = "unknown"): ServiceError {
    const retryAfterSeconds = this.#buckets.take(subscriberOf(address));
    if (retryAfterSeconds === undefined) return failure;
    const { clock, limitPerMinute } = this.#options;
    this.#report(address, clock.monotonicMs());
    const message = `${failure.message}. Too many failed authentications. Limit: ${limitPerMinute}/minute`;
    return new ServiceError("rate_limited", message, { retryAfterSeconds });
  }

  #report(address: string, nowMs: number): void {
    this.#refused += 1;
    if (nowMs - this.#reportedMs < REPORT_INTERVAL_MS) return;
    this.#options.onLimited(this.#refused, networkOf(address) ?? "unknown");
    this.#reportedMs = nowMs;
    this.#refused = 0;
  }
}

/**
 * An IPv4 address is one subscriber's; of IPv6 each has a network of 64 bits at least to take addresses from.
 */
function subscriberOf(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const groups = head.split(":").filter((group) => group !== "");
  const zeros =
    tail === undefined ? 0 : 8 - groups.length - tail.split(":").filter((group) => group !== "").length;
  return [...groups, ...Array<string>(zeros).fill("0"), ...(tail ?? "").split(":")].slice(0, 4).join(":");
}
