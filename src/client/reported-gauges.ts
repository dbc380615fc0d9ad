import type { Clock } from "../lib/clock.ts";
import type { MetricOptions } from "./metric-options.ts";
import type { MetricsClient } from "./metrics-client.ts";

/** What tells gauges of one type apart. */
export type GaugeDimensions = NonNullable<MetricOptions["dimensions"]>;

/** What the reports of gauges need. */
export interface ReportedGaugesOptions {
  readonly client: MetricsClient;
  readonly clock: Pick<Clock, "after">;
  /** Time between two reports, in milliseconds. */
  readonly intervalMs: number;
  /** Called before each report, to set what goes on by itself. */
  readonly beforeReport: () => void;
}

/** The gauges of a process: reported when they are set and from then on at an interval, until it signs off. */
export class ReportedGauges {
  readonly #options: ReportedGaugesOptions;
  /** The last report of every gauge, by a name for the gauge and its dimensions. */
  readonly #last = new Map<string, { readonly type: string; readonly options: MetricOptions }>();
  /** Those that were set since the last report began. */
  readonly #fresh = new Set<string>();
  #cancelReport: (() => void) | undefined;
  #isClosed = false;

  constructor(options: ReportedGaugesOptions) {
    this.#options = options;
  }

  /** Whether it has signed off. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Report a gauge. A value that the service is going to reject is reported once, so that it is counted, and
   * changes nothing else. Nothing is reported after the end: it would say that this instance is there again.
   */
  set(name: string, type: string, value: number | undefined, dimensions: GaugeDimensions = {}): void {
    if (this.#isClosed) return;
    const { client, clock, intervalMs } = this.#options;
    // A missing value would count as the client's 1; NaN is rejected.
    const options = { value: value ?? Number.NaN, dimensions };
    client.emit(type, options);
    if (!Number.isFinite(value) || options.value < 0) return;
    this.#last.set(name, { type, options });
    this.#fresh.add(name);
    this.#cancelReport ??= clock.after(intervalMs, () => this.#report());
  }

  /** Report it for the last time: there is none left. */
  end(name: string, type: string, dimensions: GaugeDimensions): void {
    this.set(name, type, 0, dimensions);
    this.#last.delete(name);
  }

  /** Say that this instance ends, and with it all it has said of itself. Safe to call again. */
  signOff(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelReport?.();
    this.#options.client.emit("composer_shutdown");
  }

  #report(): void {
    this.#cancelReport = undefined;
    this.#fresh.clear();
    this.#options.beforeReport();
    for (const [name, { type, options }] of this.#last) {
      if (!this.#fresh.has(name)) this.#options.client.emit(type, options);
    }
  }
}
