import type { Clock } from "../lib/clock.ts";
import { guarded, type ProblemListener } from "./problem.ts";

/** `emitted` = `accepted` + `rejected` + `dropped` + `waiting`, at any moment. */
export interface Counts {
  readonly emitted: number;
  /** Stored, as the service has confirmed. */
  readonly accepted: number;
  /** Refused, by the service or for an option that cannot be read. */
  readonly rejected: number;
  /** Given up: the buffer was full, the client closed, or a batch could not be sent for most of a day. */
  readonly dropped: number;
  /** Still without an outcome. */
  readonly waiting: number;
  /** Requests that were sent again. */
  readonly retries: number;
}

const DROP_CAUSES = {
  buffer_full: "more were waiting than the buffer holds",
  closed: "the client is closed",
  expired: "the service could not be reached for most of a day",
  misconfigured: "the client is misconfigured",
} as const;
export type DropCause = keyof typeof DROP_CAUSES;

/** Drops are told together, so that a flood of them costs the listener little. */
const REPORT_MS = 1000;

/** Counts what became of metrics, and tells the host what went wrong. */
export class Outcomes {
  accepted = 0;
  rejected = 0;
  dropped = 0;
  retries = 0;
  readonly #clock: Pick<Clock, "after">;
  readonly #report: ProblemListener;
  readonly #untold = new Map<DropCause, number>();

  constructor(clock: Pick<Clock, "after">, listener: ProblemListener) {
    this.#clock = clock;
    this.#report = guarded(listener);
  }

  reject(metrics: number, reason: string, message: string): void {
    this.rejected += metrics;
    this.#report({ kind: "rejected", reason, message, metrics });
  }

  retry(metrics: number, reason: string, message: string): void {
    this.retries += 1;
    this.#report({ kind: "retrying", reason, message, metrics });
  }

  misconfigured(message: string): void {
    this.#report({ kind: "misconfigured", reason: "misconfigured", message, metrics: 0 });
  }

  drop(metrics: number, cause: DropCause): void {
    if (metrics === 0) return;
    this.dropped += metrics;
    if (this.#untold.size === 0) this.#clock.after(REPORT_MS, () => this.tellDrops());
    this.#untold.set(cause, (this.#untold.get(cause) ?? 0) + metrics);
  }

  /** Tell of drops now. */
  tellDrops(): void {
    for (const [reason, metrics] of this.#untold) {
      const message = `${metrics} given up: ${DROP_CAUSES[reason]}`;
      this.#report({ kind: "dropped", reason, message, metrics });
    }
    this.#untold.clear();
  }
}
