/**
 * What has been opened, closed in reverse.
 *
 * The order of closing is the order of opening read backwards, so that nothing outlives what it
 * stands on. `close` may be called at any time and more than once.
 */
export interface Lifecycle {
  /** Take over `close` of something that was just opened. */
  own(name: string, close: () => void | Promise<void>): void;
  /** Close everything, newest first. A failing close is reported and does not stop the others. */
  close(): Promise<void>;
}

export function createLifecycle(onError: (name: string, error: unknown) => void): Lifecycle {
  const owned: { name: string; close: () => void | Promise<void> }[] = [];
  let closing: Promise<void> | undefined;
  async function closeAll(): Promise<void> {
    for (let entry = owned.pop(); entry !== undefined; entry = owned.pop()) {
      try {
        await entry.close();
      } catch (error) {
        // Reported rather than thrown: the rest, the database above all, must still be closed.
        onError(entry.name, error);
      }
    }
  }
  return {
    own: (name, close) => void owned.push({ name, close }),
    close: () => {
      closing ??= closeAll();
      return closing;
    },
  };
}
