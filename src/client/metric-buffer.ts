import type { PendingMetric } from "./read-emitted-metric.ts";

/**
 * A FIFO queue in a ring of fixed size: adding and dropping take the same time however much waits.
 *
 * Metrics are numbered from 0 in the order of their adding, and the numbers are never used again, so that
 * "everything before number n" stays meaningful after those metrics have left.
 */
export class MetricBuffer {
  readonly #slots: (PendingMetric | undefined)[];
  #size = 0;
  /** How many have left, which is the number of the oldest one here. */
  #firstSequence = 0;

  /** `metricsMax` is the most that fit, and what memory is reserved for (a reference each). */
  constructor(metricsMax: number) {
    this.#slots = new Array(metricsMax);
  }

  /** How many metrics wait. */
  get size(): number {
    return this.#size;
  }

  /** The number of the oldest metric; that of the next one to be added when the buffer is empty. */
  get firstSequence(): number {
    return this.#firstSequence;
  }

  /** The number of the metric that is added next. */
  get nextSequence(): number {
    return this.#firstSequence + this.#size;
  }

  /** Appends a metric. Only while there is room (`size` below the maximum): it would overwrite the oldest. */
  add(metric: PendingMetric): void {
    this.#slots[this.nextSequence % this.#slots.length] = metric;
    this.#size += 1;
  }

  /** Removes and returns the oldest `count`, or all if there are fewer, in order. */
  take(count: number): readonly PendingMetric[] {
    const taken: PendingMetric[] = [];
    while (taken.length < count && this.#size > 0) {
      const metric = this.dropOldest();
      if (metric !== undefined) taken.push(metric);
    }
    return taken;
  }

  /** Removes and returns the oldest; undefined when the buffer is empty. */
  dropOldest(): PendingMetric | undefined {
    if (this.#size === 0) return undefined;
    const slot = this.#firstSequence % this.#slots.length;
    const metric = this.#slots[slot];
    this.#slots[slot] = undefined;
    this.#firstSequence += 1;
    this.#size -= 1;
    return metric;
  }
}

interface Waiter {
  readonly sequence: number;
  readonly resolve: () => void;
}

/** Flushes under way: each waits until every metric with a number below its own has its outcome. */
export class FlushWaiters {
  #waiters: readonly Waiter[] = [];

  /** Resolves once `settle` reports this number or a higher one as the oldest without an outcome. */
  wait(sequence: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters = [...this.#waiters, { sequence, resolve }];
    });
  }

  /**
   * Resolves whom the oldest metric without an outcome no longer concerns. A function, because finding that
   * number takes a search, which is in vain while nobody waits.
   */
  settle(oldestSequence: () => number): void {
    if (this.#waiters.length === 0) return;
    const sequence = oldestSequence();
    const isSettled = (waiter: Waiter) => waiter.sequence <= sequence;
    for (const waiter of this.#waiters.filter(isSettled)) waiter.resolve();
    this.#waiters = this.#waiters.filter((waiter) => !isSettled(waiter));
  }
}
