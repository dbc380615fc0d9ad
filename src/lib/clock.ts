/**
 * The source of time, passed to whatever needs it so that tests can set it.
 *
 * Two clocks: the wall clock may jump and stamps rows; the monotonic clock never goes back and measures
 * durations, rate limits and timeouts.
 */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  wallMs(): number;
  /**
   * Milliseconds since some fixed instant; fractional. Only differences mean something, within one process.
   */
  monotonicMs(): number;
  /**
   * Call `job` once after `delayMs`, at most 2^31 ms; the returned function cancels it, also after the call.
   * Does not keep the process alive.
   */
  after(delayMs: number, job: () => void): () => void;
}

/** The clocks of the machine. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, job) {
    const timer = setTimeout(job, delayMs);
    // A browser, where the client library runs too, returns a number.
    if (typeof timer === "object") timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Keep the process alive, which no timer of a Clock does, until the returned function is called. */
export function keepProcessAlive(): () => void {
  const timer = setInterval(() => {}, 2 ** 30);
  return () => clearInterval(timer);
}
