/**
 * Runs `work` after all earlier work under the same key has settled, and settles as it does. A failure does
 * not stop what waits behind it; work under other keys is not waited for.
 */
export type RunExclusive = <Result>(key: string, work: () => Promise<Result>) => Promise<Result>;

/**
 * A mutex for each key, first come, first served. Memory is bounded by what runs or waits: a key is forgotten
 * with its last work. Not reentrant: work that waits for more work under its own key never ends.
 */
export function createKeyedMutex(): RunExclusive {
  const lastByKey = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    const result = (lastByKey.get(key) ?? Promise.resolve()).then(work);
    // What follows waits for the end of this work, whichever it is.
    const settled = result.catch(() => undefined);
    lastByKey.set(key, settled);
    try {
      return await result;
    } finally {
      if (lastByKey.get(key) === settled) lastByKey.delete(key);
    }
  };
}
