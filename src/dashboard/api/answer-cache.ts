/**
 * The last answers of each panel, in memory only. A view that was seen before is drawn from them at once
 * while the service is asked again, so that going back and forth between pages shows no spinner.
 */
export interface AnswerCache {
  /** What was stored under the key; marks it as recently used. Undefined when there is nothing (any more). */
  find(key: string): CachedAnswer | undefined;
  /** Replaces what the key had. `atMs` is when the answer arrived, in milliseconds since 1970. */
  store(key: string, value: unknown, atMs: number): void;
  /** Forgets everything: called on sign-out, because the answers belong to the key that asked. */
  clear(): void;
}

/** An answer and its age, so that what could not be renewed can say from when it is. */
export interface CachedAnswer {
  /** Whatever the panel's query resolved to; only the panel that stored it knows the type. */
  readonly value: unknown;
  readonly atMs: number;
}

/**
 * An LRU cache.
 *
 * @param max answers kept; beyond that, the least recently used one is dropped. A page has about ten panels.
 */
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
