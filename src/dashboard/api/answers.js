/** @param max answers kept; beyond, the one longest unused goes. */
export function createAnswers(max = 100) {
  const kept = new Map();
  return {
    find(key) {
      const found = kept.get(key);
      if (found === undefined) return undefined;
      // A Map keeps the order of insertion: used again means youngest again.
      kept.delete(key);
      kept.set(key, found);
      return found;
    },
    keep(key, value, atMs) {
      kept.delete(key);
      kept.set(key, { value, atMs });
      const [oldest] = kept.keys();
      if (kept.size > max && oldest !== undefined) kept.delete(oldest);
    },
    clear: () => kept.clear(),
  };
}
