import { type Clock, systemClock } from "../../src/lib/clock.ts";

/** 2026-03-01T12:00:00Z: the present of tests whose clock stands still. */
export const NOW_MS = Date.UTC(2026, 2, 1, 12);

interface Timer {
  readonly atMs: number;
  readonly job: () => void;
}

/**
 * Time that passes only when a test says so. Timers run inside `advance`, in the order they are due, each at
 * the instant it was set for; what they set in turn runs too when it is due in time.
 */
export class TestClock implements Clock {
  #wallMs: number;
  #monotonicMs = 0;
  readonly #timers = new Set<Timer>();

  constructor(wallMs = Date.UTC(2026, 0, 1)) {
    this.#wallMs = wallMs;
  }

  // Properties, because a clock's functions are also handed around without their clock.
  readonly wallMs = (): number => this.#wallMs;
  readonly monotonicMs = (): number => this.#monotonicMs;

  readonly after = (delayMs: number, job: () => void): (() => void) => {
    const timer = { atMs: this.#monotonicMs + delayMs, job };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  };

  /** Timers that have neither run nor been cancelled. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Let `ms` pass on both clocks. */
  advance(ms: number): void {
    const endMs = this.#monotonicMs + ms;
    for (let timer = this.#nextUntil(endMs); timer !== undefined; timer = this.#nextUntil(endMs)) {
      this.#timers.delete(timer);
      this.#pass(timer.atMs - this.#monotonicMs);
      timer.job();
    }
    this.#pass(endMs - this.#monotonicMs);
  }

  /** Set the wall clock forwards or backwards, as NTP does; the monotonic clock and timers stay. */
  jumpWall(ms: number): void {
    this.#wallMs += ms;
  }

  #pass(ms: number): void {
    this.#monotonicMs += ms;
    this.#wallMs += ms;
  }

  #nextUntil(endMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.atMs <= endMs && (next === undefined || timer.atMs < next.atMs)) next = timer;
    }
    return next;
  }
}

/** The system's clock, whose monotonic time a test can move on over what passes anyway. */
export function createMovedClock(): { readonly clock: Clock; moveOn(ms: number): void } {
  let aheadMs = 0;
  const monotonicMs = () => systemClock.monotonicMs() + aheadMs;
  return {
    clock: { ...systemClock, monotonicMs },
    moveOn(ms) {
      aheadMs += ms;
    },
  };
}

/** Let everything that is ready to run run: promises, and jobs set for the next turns of the event loop. */
export async function turn(turns = 6): Promise<void> {
  for (let left = turns; left > 0; left -= 1)
    await new Promise<void>((resolve) => void setImmediate(resolve));
}

/** How many turns others have while `work` is done. */
export async function countTurns(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  const count = () => {
    turns += 1;
    next = setImmediate(count);
  };
  let next = setImmediate(count);
  await work();
  clearImmediate(next);
  return turns;
}
