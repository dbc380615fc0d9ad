import type { Clock } from "../lib/clock.ts";
import { guardListener, type ProblemListener } from "./problem.ts";

/**
 * What became of the metrics of one client since it was created. At any moment
 * `emitted` = `accepted` + `rejected` + `dropped` + `waiting`.
 */
export interface Counts {
  /** Calls of an `emit` method. */
  readonly emitted: number;
  /** Stored, as the service has confirmed. */
  readonly accepted: number;
  /**
   * Rejected, by the service or for an option that cannot be read; sent again they would be rejected again.
   */
  readonly rejected: number;
  /** Given up: the buffer was full, the client closed, or a batch could not be sent for most of a day. */
  readonly dropped: number;
  /** In the buffer or in a request: still without an outcome. */
  readonly waiting: number;
  /** Requests, not metrics, that failed and were to be sent again. */
  readonly retries: number;
}

/** Why metrics are given up, and how a problem says it. */
const DROP_CAUSES = {
  buffer_full: "more were waiting than the buffer holds",
  closed: "the client is closed",
  expired: "the service could not be reached for most of a day",
  misconfigured: "the client is misconfigured",
} as const;
export type DropCause = keyof typeof DROP_CAUSES;

/** Drops are reported together, once in so many ms, so that a flood of them costs the listener little. */
const REPORT_MS = 1000;

/** Counts what became of metrics, and reports to the host what went wrong. */
export class Outcomes {
  /** As in Counts; `Delivery` adds to it, as only it knows what an answer holds. */
  accepted = 0;
  rejected = 0;
  dropped = 0;
  retries = 0;
  readonly #clock: Pick<Clock, "after">;
  readonly #report: ProblemListener;
  /** Metrics dropped since the last report, by cause. */
  readonly #unreported = new Map<DropCause, number>();

  constructor(clock: Pick<Clock, "after">, listener: ProblemListener) {
    this.#clock = clock;
    this.#report = guardListener(listener);
  }

  /** These metrics cannot be stored. */
  reject(metrics: number, reason: string, message: string): void {
    this.rejected += metrics;
    this.#report({ kind: "rejected", reason, message, metrics });
  }

  /** A request with these metrics failed and will be sent again. */
  retry(metrics: number, reason: string, message: string): void {
    this.retries += 1;
    this.#report({ kind: "retrying", reason, message, metrics });
  }

  /** The client's options are unusable, as `message` says. */
  misconfigured(message: string): void {
    this.#report({ kind: "misconfigured", reason: "misconfigured", message, metrics: 0 });
  }

  /** These metrics are given up: counted now, reported within a second. */
  drop(metrics: number, cause: DropCause): void {
    if (metrics === 0) return;
    this.dropped += metrics;
    if (this.#unreported.size === 0) this.#clock.after(REPORT_MS, () => this.reportDrops());
    this.#unreported.set(cause, (this.#unreported.get(cause) ?? 0) + metrics);
  }

  /** Report drops now, for a client that closes. */
  reportDrops(): void {
    for (const [reason, metrics] of this.#unreported) {
      const message = `${metrics} given up: ${DROP_CAUSES[reason]}`;
      this.#report({ kind: "dropped", reason, message, metrics });
    }
    this.#unreported.clear();
  }
}
