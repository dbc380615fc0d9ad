import { setImmediate } from "node:timers/promises";

/** Items worked on without a break: some milliseconds of what is done to a metric. */
const ITEMS_PER_SLICE = 200;

/** Long work in slices: everything else has its turn in between, so that nobody waits for one request. */
export class Slices {
  #left = ITEMS_PER_SLICE;

  /** Do `work` on every item, in order. Several short lists count as a long one. */
  async each<Item>(items: Iterable<Item>, work: (item: Item) => void): Promise<void> {
    for (const item of items) {
      work(item);
      this.#left -= 1;
      if (this.#left > 0) continue;
      this.#left = ITEMS_PER_SLICE;
      await setImmediate();
    }
  }

  /** … on parts of the list, in order, for work that takes lists. */
  async eachList<Item>(items: readonly Item[], work: (part: readonly Item[]) => void): Promise<void> {
    for (let at = 0; at < items.length; at += ITEMS_PER_SLICE) {
      if (at > 0) await setImmediate();
      work(items.slice(at, at + ITEMS_PER_SLICE));
    }
  }
}
