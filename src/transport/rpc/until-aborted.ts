/**
 * Give up waiting when the caller's deadline passes or the caller leaves. What was submitted is stored
 * all the same, or not: a caller who wants to know sends an idempotency key and asks again.
 */
export function untilAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
