import type { Clock } from "../lib/clock.ts";

/** The pause after a first failure, in milliseconds; it doubles with every further one … */
const FIRST_MS = 200;
/** … up to this: short enough that metrics flow soon after an outage of any length. */
const LONGEST_MS = 10_000;

/**
 * When a service that failed may be called again: exponential backoff with jitter, in the manner of gRPC's
 * (https://github.com/grpc/grpc/blob/master/doc/connection-backoff.md), but never before the time that the
 * service itself has asked for (`retry-after`, google.rpc.RetryInfo).
 */
export class Backoff {
  readonly #clock: Pick<Clock, "monotonicMs">;
  /** In a row, those that came together counted once. */
  #failures = 0;
  #untilMs = 0;
  /** The end of what the service itself has asked for, without our own backoff. */
  #askedUntilMs = 0;

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  /** Whether the last call failed, so that the next one finds out whether the service is back. */
  get isProbing(): boolean {
    return this.#failures > 0;
  }

  /** Milliseconds until the next call may be made; 0 when it may be made now. */
  remainingMs(): number {
    return Math.max(0, this.#untilMs - this.#clock.monotonicMs());
  }

  /** The service has answered, whatever it said: the next call may be made at once. */
  succeeded(): void {
    this.#failures = 0;
    this.#untilMs = 0;
    this.#askedUntilMs = 0;
  }

  /**
   * A call failed. `retryAfterMs` is what the service asked for, 0 if nothing. Returns the milliseconds until
   * the next call, of which up to half of our own pause is random: clients that failed together would
   * otherwise come back together.
   */
  failed(retryAfterMs: number): number {
    const nowMs = this.#clock.monotonicMs();
    // Calls that were under way together fail together, which says nothing worse than one of them does.
    if (this.#untilMs <= nowMs) this.#failures += 1;
    // A service that says when to come back knows better than doubling does.
    const doublings = retryAfterMs > 0 ? 0 : this.#failures - 1;
    const pauseMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** doublings) * (0.5 + Math.random() / 2);
    this.#askedUntilMs = Math.max(this.#askedUntilMs, nowMs + retryAfterMs);
    this.#untilMs = Math.max(this.#untilMs, nowMs + retryAfterMs + pauseMs);
    return this.remainingMs();
  }

  /** Drop our own pause and keep only what the service asked for: somebody waits for a flush. */
  skipPause(): void {
    this.#untilMs = Math.min(this.#untilMs, this.#askedUntilMs);
  }
}
