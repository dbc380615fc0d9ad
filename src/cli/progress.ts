/** Shows how far long work is, and how long it will still take: a bar on a terminal, lines in a log. */
export interface Progress {
  /** `done` of `total` are done. Cheap enough to be called for each: most calls write nothing. */
  show(done: number, total: number): void;
  /** Removes the bar from a terminal, where a result or an error follows. */
  clear(): void;
}

export interface ProgressOptions {
  /** Standard error, as a rule: progress is no result. */
  readonly write: (text: string) => void;
  /** A terminal shows one line that changes; elsewhere a line every few seconds is enough. */
  readonly isTerminal: boolean;
  readonly monotonicMs: () => number;
  /** What is counted, in the plural: `rows`. */
  readonly unit: string;
}

// ms between two updates at the least, on a terminal and as lines of a log.
const TERMINAL_INTERVAL_MS = 100;
const LINE_INTERVAL_MS = 5000;
const BAR_WIDTH = 24;

/** A progress bar with rate and remaining time, both by the average since the beginning. */
export function createProgress({ write, isTerminal, monotonicMs, unit }: ProgressOptions): Progress {
  const startMs = monotonicMs();
  const intervalMs = isTerminal ? TERMINAL_INTERVAL_MS : LINE_INTERVAL_MS;
  let shownMs = isTerminal ? Number.NEGATIVE_INFINITY : startMs;
  return {
    show(done, total) {
      const nowMs = monotonicMs();
      if (nowMs - shownMs < intervalMs) return;
      shownMs = nowMs;
      const text = describe(done, total, (nowMs - startMs) / 1000, unit);
      write(isTerminal ? `\r\x1b[K${bar(done, total)} ${text}` : `${text}\n`);
    },
    clear: () => void (isTerminal && write("\r\x1b[K")),
  };
}

/** `[####----]`; full when there is nothing to do. */
function bar(done: number, total: number): string {
  const filled = total === 0 ? BAR_WIDTH : Math.floor((done / total) * BAR_WIDTH);
  return `[${"#".repeat(filled)}${"-".repeat(BAR_WIDTH - filled)}]`;
}

/** `42 %, 420 of 1000 rows, 100 rows/s, 6 s left`. */
function describe(done: number, total: number, seconds: number, unit: string): string {
  const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
  const rate = seconds > 0 ? done / seconds : 0;
  const left = rate > 0 ? `, ${duration((total - done) / rate)} left` : "";
  return `${percent} %, ${done} of ${total} ${unit}, ${Math.round(rate)} ${unit}/s${left}`;
}

/** In the two largest units, rounded up. */
function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes} min ${whole % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
