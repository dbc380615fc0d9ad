import { setImmediate } from "node:timers/promises";

/**
 * Have callers share the runs of `make`, of which there is one at a time (as Go's singleflight, with fresh
 * results): a caller gets the first run that starts after the call, so that it sees all that was recorded
 * before. None starts within the turn of the event loop in which it was asked for. However many ask during a
 * run, one run serves them all.
 *
 * The result is handed out to one caller a turn of the event loop. Fifty scrapers that all wrote 14 MB into
 * their sockets in the same turn kept everybody else waiting for two seconds.
 */
export function singleFlight<T>(make: () => Promise<T>): () => Promise<T> {
  let next: Promise<T> | undefined;
  // The end of the last run, without its value, which would stay in memory until somebody asks again.
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
      // A failed run rejects its callers; the next one starts all the same.
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
