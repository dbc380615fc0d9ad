import { setImmediate } from "node:timers/promises";

/** Items between two yields to the event loop: a few milliseconds, at what is done to one metric. */
const ITEMS_PER_YIELD = 200;

/**
 * A loop that yields to the event loop every 200 items, so that one long request does not delay all others.
 *
 * An instance counts over all its calls: many short lists yield like one long list, and a short list alone
 * never yields. Other work may run in between, so what is shared can change while a call is under way.
 */
export class YieldingLoop {
  #left = ITEMS_PER_YIELD;

  /** Calls `work` for every item, in order. Rejects with what `work` throws, and does no more then. */
  async each<Item>(items: Iterable<Item>, work: (item: Item) => void): Promise<void> {
    for (const item of items) {
      work(item);
      this.#left -= 1;
      if (this.#left > 0) continue;
      this.#left = ITEMS_PER_YIELD;
      await setImmediate();
    }
  }

  /**
   * As `each`, for work that takes lists: in order, parts of at most 200 items, a yield between two parts.
   */
  async eachList<Item>(items: readonly Item[], work: (part: readonly Item[]) => void): Promise<void> {
    for (let at = 0; at < items.length; at += ITEMS_PER_YIELD) {
      if (at > 0) await setImmediate();
      work(items.slice(at, at + ITEMS_PER_YIELD));
    }
  }
}
