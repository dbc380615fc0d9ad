/** What is being done, how far it is, and when it will be over. */
export interface Progress {
  show(done: number, total: number): void;
  /** Leave nothing of it on the terminal. */
  clear(): void;
}

export interface ProgressOptions {
  readonly write: (text: string) => void;
  /** A terminal shows one line that changes; elsewhere a line every few seconds is enough. */
  readonly isTerminal: boolean;
  readonly monotonicMs: () => number;
  /** What is counted: `rows`. */
  readonly unit: string;
}

const TERMINAL_INTERVAL_MS = 100;
const LINE_INTERVAL_MS = 5000;
const BAR_WIDTH = 24;

/** A progress bar with rate and time left. */
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

function bar(done: number, total: number): string {
  const filled = total === 0 ? BAR_WIDTH : Math.floor((done / total) * BAR_WIDTH);
  return `[${"#".repeat(filled)}${"-".repeat(BAR_WIDTH - filled)}]`;
}

function describe(done: number, total: number, seconds: number, unit: string): string {
  const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
  const rate = seconds > 0 ? done / seconds : 0;
  const left = rate > 0 ? `, ${duration((total - done) / rate)} left` : "";
  return `${percent} %, ${done} of ${total} ${unit}, ${Math.round(rate)} ${unit}/s${left}`;
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes} min ${whole % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
