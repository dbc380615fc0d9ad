/** A line that says what is going on. */
export interface Progress {
  show(what: string): void;
  clear(): void;
}

/** Rewrites one line of stderr on a terminal; elsewhere writes nothing, so that logs stay readable. */
export function createProgress(): Progress {
  const startMs = performance.now();
  const write = (text: string) => void (process.stderr.isTTY && process.stderr.write(`\r\x1b[K${text}`));
  return {
    show: (what) => write(`[${Math.round((performance.now() - startMs) / 1000)} s] ${what}`.slice(0, 110)),
    clear: () => write(""),
  };
}
