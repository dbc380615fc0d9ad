interface Flushable {
  flush(options: { readonly timeoutMs: number }): Promise<boolean>;
}

interface ExitingProcess {
  on?(event: "beforeExit", listener: () => void): unknown;
}

/** Longest delay of the end of a process. */
const EXIT_MS = 5000;
/** The event comes again after each flush, and with it what a host emits in a listener of its own. */
const ROUNDS_MAX = 2;

const flushables = new Set<Flushable>();
let isListening = false;
let rounds = 0;

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
    flushables.clear();
    if (due.length === 0 || rounds >= ROUNDS_MAX) return;
    rounds += 1;
    for (const flushable of due) void flushForExit(flushable);
  });
}

/** What fails within its time ends the rounds: the process has waited as long as it may. */
async function flushForExit(flushable: Flushable): Promise<void> {
  if (!(await flushable.flush({ timeoutMs: EXIT_MS }))) rounds = ROUNDS_MAX;
}

export function forgetAtExit(flushable: Flushable): void {
  flushables.delete(flushable);
}
