import { setImmediate } from "node:timers/promises";

/**
 * Have callers share the runs of `make`, of which there is one at a time. A caller gets the first run that
 * starts after the call, and none starts within the turn of the event loop in which it was asked for, so
 * that it sees what all callers of that turn did. However many ask during a run, one run serves them.
 *
 * Callers get the result one a turn. Fifty scrapers that all wrote 14 MB into their sockets in the same
 * turn kept everybody else waiting for two seconds.
 */
export function shareRuns<T>(make: () => Promise<T>): () => Promise<T> {
  let next: Promise<T> | undefined;
  // Without the value, which would stay in memory until somebody asks again.
  let lastIsOver = Promise.resolve();
  let turn = Promise.resolve();

  async function startAfter(previousIsOver: Promise<void>): Promise<T> {
    await previousIsOver;
    await setImmediate();
    next = undefined;
    return make();
  }
  function joinNext(): Promise<T> {
    if (next === undefined) {
      next = startAfter(lastIsOver);
      // A run that failed is its callers' affair.
      lastIsOver = next.then(
        () => {},
        () => {},
      );
    }
    return next;
  }
  return async () => {
    const result = await joinNext();
    turn = turn.then(() => setImmediate());
    await turn;
    return result;
  };
}
