import type { PendingMetric } from "./read-metric.ts";

/** First in, first out, in a ring: adding and dropping cost the same however much waits. */
export class MetricBuffer {
  readonly #slots: (PendingMetric | undefined)[];
  #size = 0;
  /** How many have left; so the oldest one's number, counted from 0. */
  #firstSequence = 0;

  constructor(metricsMax: number) {
    this.#slots = new Array(metricsMax);
  }

  get size(): number {
    return this.#size;
  }

  /** The number of the oldest metric; with nothing in it, that of the next. */
  get firstSequence(): number {
    return this.#firstSequence;
  }

  /** The number of the metric that is added next. */
  get nextSequence(): number {
    return this.#firstSequence + this.#size;
  }

  /** To be called with room left. */
  add(metric: PendingMetric): void {
    this.#slots[this.nextSequence % this.#slots.length] = metric;
    this.#size += 1;
  }

  /** The oldest `count`, or all there are; they are no longer in here. */
  take(count: number): readonly PendingMetric[] {
    const taken: PendingMetric[] = [];
    while (taken.length < count && this.#size > 0) {
      const metric = this.dropOldest();
      if (metric !== undefined) taken.push(metric);
    }
    return taken;
  }

  /** Make room for one. */
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
