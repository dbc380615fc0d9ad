import { ServiceError } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import { networkOf } from "../lib/network.ts";
import { NamedBuckets } from "./token-bucket.ts";

export interface FailedAttemptsOptions {
  readonly clock: Clock;
  /** Failures a minute from one address, and as many at once. */
  readonly limitPerMinute: number;
  /**
   * Called at most once a minute: how many were limited since the last call, and the network of the last one.
   * No more of an address is logged: see `networkOf`.
   */
  readonly onLimited: (limited: number, network: string) => void;
}

const REPORT_INTERVAL_MS = 60_000;

/**
 * Limits by address how often a wrong key is answered 401: beyond, it is 429 until a token is there again.
 * That keeps log and counters of an attack short.
 *
 * Valid keys pass all the same. A limit that blocked them too would let one misconfigured client silence
 * everybody behind the same proxy; against guessing there are 256 random bits in a key.
 */
export class FailedAttempts {
  readonly #options: FailedAttemptsOptions;
  readonly #buckets: NamedBuckets;
  #reportedMs = Number.NEGATIVE_INFINITY;
  #limited = 0;

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
    this.#limited += 1;
    if (nowMs - this.#reportedMs < REPORT_INTERVAL_MS) return;
    this.#options.onLimited(this.#limited, networkOf(address) ?? "unknown");
    this.#reportedMs = nowMs;
    this.#limited = 0;
  }
}

/**
 * The part of an address that a subscriber cannot choose: all of an IPv4 address, and of an IPv6 address the
 * network of 64 bits, which is the least that a site is given (RFC 6177).
 */
function subscriberOf(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const groups = head.split(":").filter((group) => group !== "");
  const zeros =
    tail === undefined ? 0 : 8 - groups.length - tail.split(":").filter((group) => group !== "").length;
  return [...groups, ...Array<string>(zeros).fill("0"), ...(tail ?? "").split(":")].slice(0, 4).join(":");
}
