interface Flushable {
  flush(options: { readonly timeoutMs: number }): Promise<unknown>;
}

interface ExitingProcess {
  on?(event: "beforeExit", listener: () => void): unknown;
}

/** Longest delay of the end of a process. */
const EXIT_MS = 5000;

const flushables = new Set<Flushable>();
let isListening = false;

/**
 * Flush when the process has nothing else to do and would end. Signals stay the host's: its own SIGTERM
 * handler closes the client. In a browser nothing happens.
 */
export function flushBeforeExit(flushable: Flushable): void {
  flushables.add(flushable);
  if (isListening) return;
  isListening = true;
  const { process } = globalThis as { process?: ExitingProcess };
  process?.on?.("beforeExit", () => {
    const due = [...flushables];
    // Tried once: what fails within its time would be tried for ever, because the event comes again.
    flushables.clear();
    for (const flushable of due) void flushable.flush({ timeoutMs: EXIT_MS });
  });
}

export function forgetAtExit(flushable: Flushable): void {
  flushables.delete(flushable);
}
