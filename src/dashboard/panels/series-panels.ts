import type { QuerySeriesResponse } from "../../../gen/mcp/metrics/v1/query_service_pb.js";
import type { Api } from "../api/api.ts";
import {
  type ChartData,
  type Line,
  largest,
  maskIncompleteSteps,
  toRates,
  totalOf,
  valuesOf,
} from "../charts/chart-data.ts";
import { colorsFor } from "../charts/palette.ts";
import { formatCount, formatDuration, formatRate, rateUnitOf } from "../format/numbers.ts";
import { type ChartPanelOptions, createChartPanel } from "../parts/chart-panel.ts";
import type { Panel } from "../parts/panel.ts";
import { type QueryScope, toSelection, toStep } from "../query/scope.ts";

/** What a chart asks of QuerySeries; time and filters are the page's. */
export interface SeriesQuery {
  /** Metric types; undefined: that of the page. */
  readonly types: readonly string[] | undefined;
  /** Dimensions; a series comes back for each combination of their values. Absent: one series. */
  readonly groupBy?: readonly string[];
  /** Names as in `query_service.proto`. */
  readonly statistics: readonly string[];
}

/** A panel's query: asks QuerySeries for the page's time in steps that suit a chart's width. */
export function querySeries({ types, groupBy = [], statistics }: SeriesQuery) {
  return (api: Api, scope: QueryScope, signal: AbortSignal): Promise<QuerySeriesResponse> =>
    api.query.querySeries(
      {
        ...toSelection(scope, types),
        step: toStep(scope.stepMs),
        groupBy: [...groupBy],
        statistics: [...statistics],
      },
      { signal },
    );
}

/** The times of an answer and its step, which is whole seconds: the service takes no other. */
export function timesOf({ timestamps, step }: QuerySeriesResponse) {
  const stepMs = Number(step?.seconds ?? 1) * 1000;
  return { timesMs: timestamps.map(({ seconds }) => Number(seconds) * 1000), stepMs };
}

/** What the charts below have in common. `types` are the metric types they are about; absent: that of the page. */
type SeriesPanelOptions = Pick<
  ChartPanelOptions<QuerySeriesResponse>,
  "id" | "title" | "hint" | "columns" | "onZoom" | "emptyText"
> & { readonly types?: readonly string[] };

/** As many lines as the palette has colours. */
const LINES_MAX = 8;

/**
 * How often something happens, in events a second: a line for each of the most frequent values of a
 * dimension, and one for all others together.
 */
export function ratePanel(
  options: SeriesPanelOptions & {
    /** The dimension whose values become lines. */
    readonly groupBy: string;
    /** The line's name for a value. By default the value itself, or "(none)" for metrics without one. */
    readonly nameOf?: (value: string) => string;
    /** Colours decided in advance, by the lines' names. */
    readonly colors?: Readonly<Record<string, string>>;
  },
): Panel {
  // One for the whole chart, that of its largest value: the answer decides, and the axis asks afterwards.
  let unit = rateUnitOf(1);
  const nameOf = options.nameOf ?? ((value) => value || "(none)");
  return createChartPanel<QuerySeriesResponse>({
    ...options,
    kind: "lines",
    formatValue: (value) => formatRate(value, unit),
    summarize: (values) => `avg ${formatRate(averageOf(values), unit)}`,
    query: querySeries({ types: options.types, groupBy: [options.groupBy], statistics: ["count"] }),
    read(answer, { nowMs }) {
      const times = timesOf(answer);
      const counts: Line[] = answer.series.map((series) => {
        const name = nameOf(series.labels[options.groupBy] ?? "");
        return { name, color: "", values: valuesOf(series, "count") };
      });
      const ordered = colored(largest(byTotal(counts), LINES_MAX, "others"), options.colors);
      const lines = ordered.map((line) => ({ ...line, values: toRates(line.values, { ...times, nowMs }) }));
      unit = rateUnitOf(Math.max(0, ...lines.flatMap(({ values }) => values.map((value) => value ?? 0))));
      return { ...times, lines };
    },
  });
}

/**
 * How many succeeded and how many failed in each step, stacked. A third layer appears where metrics came
 * without an outcome, so that the bars always add up to all of them.
 */
export function outcomePanel(
  options: SeriesPanelOptions &
    Pick<ChartPanelOptions<QuerySeriesResponse>, "below"> & {
      /** Only for what stands below the chart; the bars add up all series. */
      readonly groupBy?: readonly string[];
    },
): Panel {
  return createChartPanel<QuerySeriesResponse>({
    ...options,
    kind: "bars",
    formatValue: formatCount,
    summarize: (values) => `total ${formatCount(totalOf(values))}`,
    query: querySeries({
      types: options.types,
      groupBy: options.groupBy ?? [],
      statistics: ["successes", "errors", "count"],
    }),
    read: readOutcomes,
  });
}

/** `count` is asked for as well, because metrics without an outcome are neither successes nor errors. */
function readOutcomes(answer: QuerySeriesResponse): ChartData {
  const sum = (statistic: string) => {
    const rows = answer.series.map((series) => valuesOf(series, statistic));
    return answer.timestamps.map((_, at) => totalOf(rows.map((row) => row[at] ?? null)));
  };
  const [successes, errors, counts] = [sum("successes"), sum("errors"), sum("count")];
  const unsaid = counts.map((count, at) => count - (successes[at] ?? 0) - (errors[at] ?? 0));
  const lines: Line[] = [
    { name: "Success", color: "--success", values: successes },
    { name: "Failure", color: "--failure", values: errors },
  ];
  // Only where somebody submitted without saying how it ended.
  if (totalOf(unsaid) > 0) lines.push({ name: "Unknown", color: "--series-rest", values: unsaid });
  return { ...timesOf(answer), lines };
}

/** Names in the legend. */
const QUANTILES = { p50: "P50", p95: "P95", p99: "P99" } as const;
/** Colours of their own in the style sheet, so that P95 looks the same in every chart. */
const QUANTILE_COLORS = { p50: "--quantile-50", p95: "--quantile-95", p99: "--quantile-99" } as const;

/**
 * The median, P95 and P99 of durations, over everything that the filters leave. Quantiles are computed by the
 * service from its sketches and are within 1 % of a measured duration.
 */
export function latencyPanel(options: SeriesPanelOptions): Panel {
  const statistics = ["p50", "p95", "p99"] as const;
  return createChartPanel<QuerySeriesResponse>({
    ...options,
    kind: "lines",
    formatValue: formatDuration,
    summarize: (values) => `last ${formatDuration(latestOf(values))}`,
    query: querySeries({ types: options.types, statistics }),
    read(answer, { nowMs }) {
      const times = timesOf(answer);
      const lines = statistics.map((statistic) => ({
        name: QUANTILES[statistic],
        color: QUANTILE_COLORS[statistic],
        values: maskIncompleteSteps(valuesOf(answer.series[0], statistic), { ...times, nowMs }),
      }));
      return { ...times, lines };
    },
  });
}

/**
 * One quantile of durations, a line for each of the most frequent values of a dimension. The others are left
 * out: quantiles cannot be added up to "others".
 */
export function latencyByPanel(
  options: SeriesPanelOptions & {
    /** The dimension whose values become lines. */
    readonly groupBy: string;
    /** A quantile by name, as `p95`. */
    readonly statistic: string;
    readonly nameOf: (value: string) => string;
    readonly colors?: Readonly<Record<string, string>>;
  },
): Panel {
  const { groupBy, statistic, nameOf } = options;
  return createChartPanel<QuerySeriesResponse>({
    ...options,
    kind: "lines",
    formatValue: formatDuration,
    summarize: (values) => `last ${formatDuration(latestOf(values))}`,
    query: querySeries({ types: options.types, groupBy: [groupBy], statistics: [statistic, "count"] }),
    read: (answer) => ({
      ...timesOf(answer),
      lines: colored(
        [...answer.series]
          .sort((a, b) => totalOf(valuesOf(b, "count")) - totalOf(valuesOf(a, "count")))
          .slice(0, LINES_MAX)
          .map((series) => {
            const name = nameOf(series.labels[groupBy] ?? "");
            return { name, color: "", values: valuesOf(series, statistic) };
          }),
        options.colors,
      ),
    }),
  });
}

/** Lines in colours of their own; what stands for others keeps the one it has. */
function colored(lines: readonly Line[], known?: Readonly<Record<string, string>>): readonly Line[] {
  const uncolored = lines.filter(({ color }) => color === "");
  const colors = colorsFor(
    uncolored.map(({ name }) => name),
    known,
  );
  return lines.map((line) => (line.color === "" ? { ...line, color: colors.get(line.name) ?? "" } : line));
}

/** Largest total first. */
function byTotal(lines: readonly Line[]): readonly Line[] {
  return [...lines].sort((a, b) => totalOf(b.values) - totalOf(a.values));
}

/** Over the points that have a value; NaN without any. */
function averageOf(values: readonly (number | null)[]): number {
  const said = values.filter((value) => value !== null);
  return said.length === 0 ? Number.NaN : totalOf(said) / said.length;
}

/** The newest point that has a value; NaN without any. */
function latestOf(values: readonly (number | null)[]): number {
  return values.findLast((value) => value !== null) ?? Number.NaN;
}
