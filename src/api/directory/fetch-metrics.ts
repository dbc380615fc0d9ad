import { type AnonymousCall, askerOf } from "../../access/call.ts";
import { invalidField } from "../../errors.ts";
import { quote } from "../../ingest/text.ts";
import type { ChartAnswer, ChartLine, ChartPoint, ChartQuery } from "../../store/directory.ts";
import type { Asker } from "../../store/queries.ts";
import { type ChartPeriod, readPeriod } from "./periods.ts";
import { malformed, readServerId } from "./read-request.ts";
import { visibleServer } from "./server-access.ts";
import type { ServerRegistry } from "./server-registry.ts";

/** Which figures are asked for, as the request names them. */
export interface FetchRequest {
  /** Everywhere the request may name the server. */
  readonly serverIds: readonly unknown[];
  /** `1h` to `90d`; undefined: `7d`. */
  readonly period: string | undefined;
  /** Names of metrics or of series; none: everything. */
  readonly metrics: readonly string[];
  /** Such as `p95`. */
  readonly percentiles: readonly string[];
}

/** One step of a series. */
export interface MetricPoint {
  /** Beginning of the step, ms since 1970 UTC. */
  readonly timestampMs: number;
  /** The sum or average of the step, in the metric's own unit. */
  readonly value: number;
  /** By their names, those that were asked for. */
  readonly percentiles: Readonly<Record<string, number>>;
}

/** The steps of a series that have a value, oldest first. */
export type ServerMetricSeries = readonly MetricPoint[];

/** The series that pages of directories draw, and the metrics they are of. */
const SERIES = {
  latency: "response_time",
  requests: "api_requests",
  memory: "memory_usage",
  views: "page_views",
  installs: "installations",
} as const;
type SeriesName = keyof typeof SERIES;
/** The name that asks for uptime. */
const UPTIME = "uptime";
/** The metric that uptime is made of; it is no series of its own. */
const HEALTH_CHECK = "health_check";

/** A server's figures over a period, in the series that pages draw. */
export interface FetchedMetrics extends Readonly<Record<SeriesName, ServerMetricSeries>> {
  /** As it was asked for. */
  readonly serverId: string;
  /** What people call it. */
  readonly serverName: string;
  /** The period asked for; it ends now. */
  readonly period: ChartPeriod;
  /** Whether everybody may see it. */
  readonly isPublic: boolean;
  /** Length of a step, ms. */
  readonly stepMs: number;
  /** The share of each step that the server was up, 0 to 1. */
  readonly uptime: ServerMetricSeries;
  /** Every metric that has no series of its own, by its name. */
  readonly otherMetrics: ReadonlyMap<string, ServerMetricSeries>;
  /** Each series in one figure. */
  readonly totals: FetchedTotals;
}

/**
 * What a period comes to: sums of what counts, and of the rest averages over the values themselves, which
 * averaging the steps would not give. Series without values have none.
 */
export interface FetchedTotals extends Readonly<Partial<Record<SeriesName | typeof UPTIME, number>>> {
  /** By the names that the series have there. */
  readonly otherMetrics: Readonly<Record<string, number>>;
}

/** Figures of a server, for callers with a key and without. */
export type FetchMetrics = (call: AnonymousCall, request: FetchRequest) => Promise<FetchedMetrics>;

/** What `createFetchMetrics` is made of. */
export interface FetchMetricsDeps {
  /** Knows the servers, and which of them are public. */
  readonly registry: ServerRegistry;
  /** Reads the metrics of a server, step by step. */
  readonly readChart: (query: ChartQuery, asker: Asker) => Promise<ChartAnswer>;
  /** ms since 1970 UTC; the period ends there. */
  readonly wallMs: () => number;
}

/** Names of metrics that one call may ask for. */
const METRICS_MAX = 100;
/** Percentiles that one call may ask for. */
const PERCENTILES_MAX = 10;
/** Points that one answer may have: a page draws some hundreds. */
const POINTS_MAX = 100_000;

/**
 * FetchMetrics: a server's figures over a period that ends now, for the pages of a directory.
 *
 * A metric that counts is summed step by step, one that measures is averaged. Should a server send one name
 * as both, the sums keep it, and the averages are another metric's, `<name>_avg`.
 *
 * @throws {ServiceError} `malformed_body`, `api_key_missing`, `api_key_invalid`, `not_found`,
 *   `validation_failed` for too much at once, `deadline_exceeded`, `queue_full`, `storage_unavailable`
 */
export function createFetchMetrics({ registry, readChart, wallMs }: FetchMetricsDeps): FetchMetrics {
  return async (call, request) => {
    const serverId = readServerId(...request.serverIds) ?? malformed("Server ID is required");
    const period = readPeriod(request.period);
    const ranks = readPercentiles(request.percentiles);
    if (request.metrics.length > METRICS_MAX) reject("metrics", `at most ${METRICS_MAX} metrics at once`);
    const { record } = visibleServer(registry, call.principal, serverId);
    const endMs = wallMs() + 1;
    const { lines, uptime, uptimeTotal, stepMs } = await readChart(
      {
        server: record.number,
        serverId,
        startMs: Math.floor((endMs - period.ms) / period.stepMs) * period.stepMs,
        endMs,
        stepMs: period.stepMs,
        names: namesOf(request.metrics),
        quantiles: [...ranks.values()],
        withUptime:
          request.metrics.length === 0 ||
          request.metrics.some((name) => [UPTIME, HEALTH_CHECK].includes(name)),
      },
      askerOf(call),
    );
    const points = lines.reduce((sum, line) => sum + line.points.length, 0);
    if (points > POINTS_MAX)
      reject("metrics", `${points} points are too many: name the metrics, or a shorter period`);
    const labels = [...ranks.keys()];
    const named = nameLines(lines);
    const byName = new Map(named.map(([name, line]) => [name, toSeries(line.points, labels)]));
    byName.delete(HEALTH_CHECK);
    const taken = Object.fromEntries(
      Object.entries(SERIES).map(([series, metric]) => [series, byName.get(metric) ?? []]),
    ) as Record<SeriesName, ServerMetricSeries>;
    for (const metric of Object.values(SERIES)) byName.delete(metric);
    const totalOf = new Map(named.map(([name, { total }]) => [name, total]));
    return {
      serverId,
      serverName: record.name,
      period,
      isPublic: record.isPublic,
      stepMs,
      uptime: toSeries(uptime, []),
      ...taken,
      otherMetrics: byName,
      totals: {
        ...(uptimeTotal !== undefined && { uptime: uptimeTotal }),
        ...seriesTotals(totalOf),
        otherMetrics: Object.fromEntries([...byName.keys()].map((name) => [name, totalOf.get(name) ?? 0])),
      },
    };
  };
}

/** The metrics that these names ask for: series are asked for by their own names and by their metrics'. */
function namesOf(names: readonly string[]): readonly string[] | undefined {
  if (names.length === 0) return undefined;
  return names.flatMap((name) => (Object.hasOwn(SERIES, name) ? [name, SERIES[name as SeriesName]] : [name]));
}

/** `p95` → 0.95. */
function readPercentiles(names: readonly string[]): ReadonlyMap<string, number> {
  if (names.length > PERCENTILES_MAX) reject("percentiles", `at most ${PERCENTILES_MAX} percentiles at once`);
  return new Map(
    names.map((name) => {
      const percent = Number(/^p(\d{1,3}(?:\.\d{1,6})?)$/.exec(name)?.[1] ?? Number.NaN);
      if (!(percent <= 100))
        reject("percentiles", `${quote(name)} is no percentile: p0 to p100, such as p99.9`);
      return [name, percent / 100];
    }),
  );
}

/** Of a name that was sent as a sum and as a measurement, the averages become `<name>_avg`. */
function nameLines(lines: readonly ChartLine[]): readonly (readonly [string, ChartLine])[] {
  const summed = new Set(lines.filter(({ isSummed }) => isSummed).map(({ name }) => name));
  return lines.map((line) => [
    !line.isSummed && summed.has(line.name) ? `${line.name}_avg` : line.name,
    line,
  ]);
}

/** Those of the series that have values, from those of their metrics. */
function seriesTotals(totalOf: ReadonlyMap<string, number>): Partial<Record<SeriesName, number>> {
  const known = Object.entries(SERIES).filter(([, metric]) => totalOf.has(metric));
  return Object.fromEntries(known.map(([series, metric]) => [series, totalOf.get(metric)]));
}

/** The steps of a line, with percentiles by the names they were asked for, where the values are known. */
function toSeries(points: readonly ChartPoint[], labels: readonly string[]): ServerMetricSeries {
  return points.map(({ startMs, value, quantiles }) => {
    const known = labels.flatMap((label, index) => {
      const quantile = quantiles[index] ?? Number.NaN;
      return Number.isNaN(quantile) ? [] : [[label, quantile] as const];
    });
    return { timestampMs: startMs, value, percentiles: Object.fromEntries(known) };
  });
}

/** @throws {ServiceError} `validation_failed` */
function reject(field: string, message: string): never {
  throw invalidField(field, "invalid", message);
}
