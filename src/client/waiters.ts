interface Waiter {
  readonly sequence: number;
  readonly resolve: () => void;
}

/** Those who wait until every metric before a certain one has its outcome. */
export class Waiters {
  #waiters: readonly Waiter[] = [];

  /** Resolves once `settle` is told of this number or a higher one. */
  wait(sequence: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters = [...this.#waiters, { sequence, resolve }];
    });
  }

  /** `oldest` is a function, because it takes a search that is for nothing when nobody waits. */
  settle(oldest: () => number): void {
    if (this.#waiters.length === 0) return;
    const sequence = oldest();
    const isSettled = (waiter: Waiter) => waiter.sequence <= sequence;
    for (const waiter of this.#waiters.filter(isSettled)) waiter.resolve();
    this.#waiters = this.#waiters.filter((waiter) => !isSettled(waiter));
  }
}
