/** The page's only source of time, so that a test can hold it still. */
export interface PageClock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  nowMs(): number;
  /** Call `job` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, job: () => void): () => void;
}

export const browserClock: PageClock = {
  nowMs: () => Date.now(),
  after(delayMs, job) {
    const timer = setTimeout(job, delayMs);
    return () => clearTimeout(timer);
  },
};
