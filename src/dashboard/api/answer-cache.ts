/** AnswerCache that were had, so that a page seen before is there at once while it is asked for anew. */
export interface AnswerCache {
  find(key: string): CachedAnswer | undefined;
  store(key: string, value: unknown, atMs: number): void;
  clear(): void;
}

export interface CachedAnswer {
  readonly value: unknown;
  readonly atMs: number;
}

/** @param max answers kept; beyond, the one longest unused goes. */
export function createAnswerCache(max = 100): AnswerCache {
  const kept = new Map<string, CachedAnswer>();
  return {
    find(key) {
      const found = kept.get(key);
      if (found === undefined) return undefined;
      // A Map keeps the order of insertion: used again means youngest again.
      kept.delete(key);
      kept.set(key, found);
      return found;
    },
    store(key, value, atMs) {
      kept.delete(key);
      kept.set(key, { value, atMs });
      const [oldest] = kept.keys();
      if (kept.size > max && oldest !== undefined) kept.delete(oldest);
    },
    clear: () => kept.clear(),
  };
}
