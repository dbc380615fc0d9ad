/** The page's only source of time, so that tests can replace it. */
export interface PageClock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  nowMs(): number;
  /** Call `job` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, job: () => void): () => void;
}

/** The browser's own. Timers of hidden tabs are slowed down by browsers, to one a minute at worst. */
export const browserClock: PageClock = {
  nowMs: () => Date.now(),
  after(delayMs, job) {
    const timer = setTimeout(job, delayMs);
    return () => clearTimeout(timer);
  },
};
