/** What the reader thread is asked about a server's metrics, and answers: plain values that can be cloned. */

export interface ChartQuery {
  /** Number and id of the server. */
  readonly server: number;
  readonly serverId: string;
  /** From the beginning of a step … */
  readonly startMs: number;
  /** … until before this instant, in the middle of the last one. */
  readonly endMs: number;
  readonly stepMs: number;
  /** Metrics; undefined: all. */
  readonly names: readonly string[] | undefined;
  /** Ranks, 0 to 1. */
  readonly quantiles: readonly number[];
  readonly withUptime: boolean;
}

export interface ChartPoint {
  /** Beginning of the step, ms since 1970 UTC. */
  readonly startMs: number;
  readonly value: number;
  /** In the order of the ranks that were asked for. */
  readonly quantiles: readonly number[];
}

/** One metric over time: a sum a step where it counts, an average where it measures. Steps without any are left out. */
export interface ChartLine {
  readonly name: string;
  readonly isSummed: boolean;
  readonly points: readonly ChartPoint[];
}

export interface ChartAnswer {
  readonly lines: readonly ChartLine[];
  /** 0 to 1. */
  readonly uptime: readonly ChartPoint[];
  /** Time between two points: that of the query, or a day where only days are left. */
  readonly stepMs: number;
}
