/**
 * The periods a directory shows, each ending now. The longer, the longer its steps: a minute of `1h`, a day
 * of `90d`.
 */
export type Period = "1h" | "6h" | "12h" | "1d" | "7d" | "30d" | "90d";

/**
 * One step of a series: `timestamp` is when it begins (ISO 8601, UTC), `value` the sum of what counts, else
 * the average. Steps without values are left out.
 */
export interface SeriesPoint {
  readonly timestamp: string;
  readonly value: number;
}

/** What a directory shows of a server, by the names it has on the wire; each series is one metric. */
export interface ServerMetrics {
  readonly server_id: string;
  readonly server_name: string;
  readonly period: Period;
  /** The share of each step that the server was up, 0 to 1. */
  readonly uptime: readonly SeriesPoint[];
  /** The metric `response_time`. */
  readonly latency: readonly SeriesPoint[];
  /** The metric `api_requests`. */
  readonly requests: readonly SeriesPoint[];
  /** The metric `memory_usage`. */
  readonly memory: readonly SeriesPoint[];
  /** The metric `page_views`, which `trackView` adds to. */
  readonly views: readonly SeriesPoint[];
  /** The metric `installations`, which `trackInstall` adds to. */
  readonly installs: readonly SeriesPoint[];
  /** All other metrics, by their names. */
  readonly other_metrics: Readonly<Record<string, readonly SeriesPoint[]>>;
  /** The whole period in one figure for each series. */
  readonly totals: PeriodTotals;
}

/**
 * What a period comes to: the sum of what counts, the average of all other values. It is not the average of
 * the points, in which a step with one value would weigh as much as one with a hundred. Series without values
 * have none.
 */
export interface PeriodTotals {
  readonly uptime?: number;
  readonly latency?: number;
  readonly requests?: number;
  readonly memory?: number;
  readonly views?: number;
  readonly installs?: number;
  /** By the names of `other_metrics`. */
  readonly other_metrics: Readonly<Record<string, number>>;
}

/** How a metric is shown: `counter` and `count` are summed step by step, all others averaged. */
export type ServerMetricType = "counter" | "count" | "gauge" | "timer" | "histogram" | "distribution";

/** Something a server has measured of itself. */
export interface ServerMetric {
  /** At most 100 code points, at most 1000 different ones a server. */
  readonly name: string;
  /** Finite, within ±1e12. */
  readonly value: number;
  readonly type: ServerMetricType;
  /** At most 20, stored with the value. */
  readonly tags?: Readonly<Record<string, string | number | boolean>> | undefined;
  /**
   * When it was measured, as a Date, ISO 8601 or milliseconds since 1970; default: when `collect` is called.
   */
  readonly timestamp?: Date | string | number | undefined;
}

/** What became of collected metrics. */
export interface CollectReceipt {
  /** Metrics that the call had. */
  readonly metrics_processed: number;
  /** Metrics that are stored. */
  readonly metrics_inserted: number;
  readonly server_id: string;
  /** When it was received (ISO 8601, UTC). */
  readonly timestamp: string;
  /** Metrics that are not stored. */
  readonly rejected: number;
  /** Why, one text for each broken rule. */
  readonly errors: readonly string[];
}
