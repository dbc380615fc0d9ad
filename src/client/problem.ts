/** Something that went wrong with metrics: reported to the host, since nothing is ever thrown at it. */
export interface Problem {
  /**
   * - `rejected`: these metrics cannot be stored, as the service or this client says.
   * - `dropped`: they were given up: the buffer was full, the client closed, or too much time had passed.
   * - `retrying`: nothing is lost; they are sent again.
   * - `misconfigured`: an option is invalid, and this client will send nothing.
   */
  readonly kind: "rejected" | "dropped" | "retrying" | "misconfigured";
  /**
   * Stable name of the cause, such as `buffer_full`, or a reason of the service such as `api_key_invalid`.
   */
  readonly reason: string;
  /** The same for people; it may quote the service, but holds no key. */
  readonly message: string;
  /** How many metrics this is about; 0 for `misconfigured`. */
  readonly metrics: number;
}

/** Called on the host's thread as problems arise. What it throws is caught and lost. */
export type ProblemListener = (problem: Problem) => void;

/** As much of Node's `process` as is used; browsers have none. */
interface WarningProcess {
  emitWarning?(message: string, type: string): void;
}

/** Most warnings of one client, whatever reasons a service invents. */
const WARNINGS_MAX = 50;

/**
 * The listener of a host that gives none: one Node warning (`process.emitWarning`) for each kind and reason,
 * so that a wrong key is noticed and an outage does not flood the log. Retries, which lose nothing, are
 * silent, and so is everything in a browser.
 */
export function createWarnOnce(): ProblemListener {
  const seen = new Set<string>();
  return ({ kind, reason, message }) => {
    const name = `${kind} ${reason}`;
    if (kind === "retrying" || seen.has(name) || seen.size >= WARNINGS_MAX) return;
    seen.add(name);
    const { process } = globalThis as { process?: WarningProcess };
    process?.emitWarning?.(`metrics ${kind}: ${message}`, "MetricsWarning");
  };
}

/** The same listener, with its own exceptions and rejections caught and dropped. */
export function guardListener(listener: ProblemListener): ProblemListener {
  return (problem) => {
    try {
      const result: unknown = listener(problem);
      if (result instanceof Promise) result.catch(() => {});
    } catch {
      // Metrics must not take their host down, and there is nobody left to tell.
    }
  };
}
