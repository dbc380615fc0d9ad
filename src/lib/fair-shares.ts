/**
 * Fairness between callers of a scarce worker, by the time that each has used of it: fair queueing with
 * virtual time, as Linux schedules processes (https://docs.kernel.org/scheduler/sched-design-CFS.html).
 */

/** One caller's part, while it has something under way. */
export interface Share {
  readonly caller: string;
  /** Time used, ms, counted from where the others stood when it came. */
  usedMs: number;
  /** What it has under way, waiting or running. */
  places: number;
}

export interface FairSharesOptions {
  /** What all callers together may have under way. */
  readonly placesMax: number;
  /** What one caller may. */
  readonly placesPerCallerMax: number;
}

/** The shares of all callers that have something under way; the others are forgotten. */
export class FairShares {
  readonly #options: FairSharesOptions;
  readonly #shares = new Map<string, Share>();
  #places = 0;
  /** Where a newcomer begins: as far as who was served last. So it neither waits for the past nor profits from it. */
  #virtualMs = 0;

  constructor(options: FairSharesOptions) {
    this.#options = options;
  }

  /** Take a place for a caller; or say whose places are all taken, its own or everybody's. */
  enter(caller: string): Share | "caller full" | "all full" {
    if (this.#places >= this.#options.placesMax) return "all full";
    const share = this.#shares.get(caller) ?? { caller, usedMs: this.#virtualMs, places: 0 };
    if (share.places >= this.#options.placesPerCallerMax) return "caller full";
    this.#shares.set(caller, share);
    share.places += 1;
    this.#places += 1;
    return share;
  }

  /** Give a place back. */
  leave(share: Share): void {
    share.places -= 1;
    this.#places -= 1;
    if (share.places === 0) this.#shares.delete(share.caller);
  }

  /** Take out of `waiting` what is next: the oldest of the caller that has used least. */
  takeNext<Item extends { readonly share: Share }>(waiting: Item[]): Item | undefined {
    const least = Math.min(...waiting.map(({ share }) => share.usedMs));
    const index = waiting.findIndex(({ share }) => share.usedMs === least);
    if (index < 0) return undefined;
    this.#virtualMs = Math.max(this.#virtualMs, least);
    return waiting.splice(index, 1)[0];
  }
}
