import { ServiceError } from "../../errors.ts";

/** What a query may take. Looked at between two chunks of rows, each a few milliseconds. */
export interface Budget {
  /** Note that `rows` were read. @throws {ServiceError} `deadline_exceeded` when the time is over. */
  spend(rows: number): void;
}

export interface BudgetOptions {
  /** How long a query may take in all, with the time it waited: what its caller is told. */
  readonly timeoutMs: number;
  /** How much of that is left. */
  readonly runMs: number;
  readonly monotonicMs: () => number;
  /** Whether the caller has left. */
  readonly isCancelled: () => boolean;
}

export function createBudget({ timeoutMs, runMs, monotonicMs, isCancelled }: BudgetOptions): Budget {
  const endMs = monotonicMs() + runMs;
  let rowsRead = 0;
  return {
    spend(rows) {
      rowsRead += rows;
      if (isCancelled())
        throw new ServiceError("deadline_exceeded", "the caller did not wait for the answer");
      if (monotonicMs() <= endMs) return;
      throw new ServiceError(
        "deadline_exceeded",
        `the query took longer than ${timeoutMs / 1000} s and read ${rowsRead} rows by then: ` +
          "use a shorter range, a step of whole hours, fewer types, or dimensions that are rolled up together",
      );
    },
  };
}
