/** Something that went wrong with metrics, told to the host instead of thrown at it. */
export interface Problem {
  /**
   * - `rejected`: these metrics cannot be stored, as the service or this client says.
   * - `dropped`: they were given up: the buffer was full, the client closed, or too much time had passed.
   * - `retrying`: nothing is lost; they are sent again.
   * - `misconfigured`: an option is invalid, and this client will send nothing.
   */
  readonly kind: "rejected" | "dropped" | "retrying" | "misconfigured";
  /** Stable name of the cause, such as `buffer_full`, or a reason of the service such as `api_key_invalid`. */
  readonly reason: string;
  /** The same for people. */
  readonly message: string;
  /** How many metrics this is about. */
  readonly metrics: number;
}

export type ProblemListener = (problem: Problem) => void;

interface WarningProcess {
  emitWarning?(message: string, type: string): void;
}

/**
 * What listens when the host does not: one Node warning for each kind and reason, so that a wrong key is
 * noticed and an outage does not flood the log. A retry warns of nothing.
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

const WARNINGS_MAX = 50;

/** A listener whose own failures stay its own, also those of an async one. */
export function guarded(listener: ProblemListener): ProblemListener {
  return (problem) => {
    try {
      const result: unknown = listener(problem);
      if (result instanceof Promise) result.catch(() => {});
    } catch {
      // Metrics must not take their host down, and there is nobody left to tell.
    }
  };
}
