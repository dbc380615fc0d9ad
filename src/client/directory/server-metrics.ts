/** The periods a directory shows. */
export type Period = "1h" | "6h" | "12h" | "1d" | "7d" | "30d" | "90d";

/** One step of a series; `timestamp` is ISO 8601, UTC. */
export interface SeriesPoint {
  readonly timestamp: string;
  readonly value: number;
}

/** What a directory shows of a server, by the names it has on the wire. */
export interface ServerMetrics {
  readonly server_id: string;
  readonly server_name: string;
  readonly period: Period;
  /** Percent of each step. */
  readonly uptime: readonly SeriesPoint[];
  /** `response_time`. */
  readonly latency: readonly SeriesPoint[];
  /** `api_requests`. */
  readonly requests: readonly SeriesPoint[];
  /** `memory_usage`. */
  readonly memory: readonly SeriesPoint[];
  readonly views: readonly SeriesPoint[];
  readonly installs: readonly SeriesPoint[];
  readonly other_metrics: Readonly<Record<string, readonly SeriesPoint[]>>;
}

export type ServerMetricType = "counter" | "count" | "gauge" | "timer" | "histogram" | "distribution";

/** Something a server has measured of itself. */
export interface ServerMetric {
  readonly name: string;
  readonly value: number;
  readonly type: ServerMetricType;
  readonly tags?: Readonly<Record<string, string | number | boolean>> | undefined;
  /** When; default: now. */
  readonly timestamp?: Date | string | number | undefined;
}

/** What became of collected metrics. */
export interface CollectReceipt {
  readonly metrics_processed: number;
  readonly metrics_inserted: number;
  readonly server_id: string;
  readonly timestamp: string;
  readonly rejected: number;
  /** Why some were refused. */
  readonly errors: readonly string[];
}
