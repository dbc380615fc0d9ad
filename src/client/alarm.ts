import type { Clock } from "../lib/clock.ts";
import { HOUR_MS } from "../lib/time.ts";

/** A timer for one job: set again, it rings at the earlier of the two times. */
export class Alarm {
  readonly #clock: Pick<Clock, "after" | "monotonicMs">;
  readonly #job: () => void;
  #atMs = Number.POSITIVE_INFINITY;
  #cancel = (): void => {};

  constructor(clock: Pick<Clock, "after" | "monotonicMs">, job: () => void) {
    this.#clock = clock;
    this.#job = job;
  }

  /** Ring within `delayMs`; at the latest in an hour, for timers do not know the months that a quota can ask for. */
  within(delayMs: number): void {
    const shortMs = Math.min(delayMs, HOUR_MS);
    const atMs = this.#clock.monotonicMs() + shortMs;
    if (atMs >= this.#atMs) return;
    this.#cancel();
    this.#atMs = atMs;
    this.#cancel = this.#clock.after(shortMs, () => {
      this.#atMs = Number.POSITIVE_INFINITY;
      this.#job();
    });
  }

  cancel(): void {
    this.#cancel();
    this.#atMs = Number.POSITIVE_INFINITY;
  }
}
