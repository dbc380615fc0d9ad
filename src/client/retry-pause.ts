import type { Clock } from "../lib/clock.ts";

const FIRST_MS = 200;
/** Short enough that metrics flow soon after an outage of any length. */
const LONGEST_MS = 10_000;

/** How long to leave the service alone: as long as it asks, and longer with every failure in a row. */
export class RetryPause {
  readonly #clock: Pick<Clock, "monotonicMs">;
  #failures = 0;
  #untilMs = 0;
  /** Until when the service itself has asked to wait. */
  #askedUntilMs = 0;

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  /** Whether the last call failed, so that the next one is a try. */
  get isTrying(): boolean {
    return this.#failures > 0;
  }

  remainingMs(): number {
    return Math.max(0, this.#untilMs - this.#clock.monotonicMs());
  }

  succeeded(): void {
    this.#failures = 0;
    this.#untilMs = 0;
    this.#askedUntilMs = 0;
  }

  /**
   * Half of the pause is left to chance, or clients that failed together would come back together.
   * Returns what remains.
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

  /** Try as soon as the service allows: somebody waits. */
  hurry(): void {
    this.#untilMs = Math.min(this.#untilMs, this.#askedUntilMs);
  }
}
