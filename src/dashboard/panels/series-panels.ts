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
import { createPalette } from "../charts/palette.ts";
import { formatCount, formatDuration, formatRate } from "../format/numbers.ts";
import { type ChartPanelOptions, createChartPanel } from "../parts/chart-panel.ts";
import type { Panel } from "../parts/panel.ts";
import { type QueryScope, toSelection, toStep } from "../query/scope.ts";

export interface SeriesQuery {
  readonly types: readonly string[];
  readonly groupBy?: readonly string[];
  readonly statistics: readonly string[];
}

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

export function timesOf({ timestamps, step }: QuerySeriesResponse) {
  const stepMs = Number(step?.seconds ?? 1) * 1000;
  return { timesMs: timestamps.map(({ seconds }) => Number(seconds) * 1000), stepMs };
}

type SeriesPanelOptions = Pick<
  ChartPanelOptions<QuerySeriesResponse>,
  "id" | "title" | "hint" | "columns" | "onZoom" | "emptyText"
> & { readonly types: readonly string[] };

/** Lines are told apart up to here. */
const LINES_MAX = 8;

/** How often something happens, a line for each value of a dimension. */
export function ratePanel(
  options: SeriesPanelOptions & {
    readonly groupBy: string;
    readonly nameOf?: (value: string) => string;
    readonly colors?: Readonly<Record<string, string>>;
  },
): Panel {
  const palette = createPalette(options.colors);
  const nameOf = options.nameOf ?? ((value) => value || "(none)");
  return createChartPanel<QuerySeriesResponse>({
    ...options,
    kind: "lines",
    formatValue: formatRate,
    summarize: (values) => formatRate(averageOf(values)),
    query: querySeries({ types: options.types, groupBy: [options.groupBy], statistics: ["count"] }),
    read(answer, { nowMs }) {
      const times = timesOf(answer);
      const counts: Line[] = answer.series.map((series) => {
        const name = nameOf(series.labels[options.groupBy] ?? "");
        return { name, color: palette(name), values: valuesOf(series, "count") };
      });
      const ordered = largest(byTotal(counts), LINES_MAX, "others");
      const lines = ordered.map((line) => ({ ...line, values: toRates(line.values, { ...times, nowMs }) }));
      return { ...times, lines };
    },
  });
}

/** How many succeeded and how many did not, on top of each other. */
export function outcomePanel(
  options: SeriesPanelOptions &
    Pick<ChartPanelOptions<QuerySeriesResponse>, "below"> & {
      readonly groupBy?: readonly string[];
    },
): Panel {
  return createChartPanel<QuerySeriesResponse>({
    ...options,
    kind: "bars",
    formatValue: formatCount,
    summarize: (values) => formatCount(totalOf(values)),
    query: querySeries({
      types: options.types,
      groupBy: options.groupBy ?? [],
      statistics: ["successes", "errors", "count"],
    }),
    read: readOutcomes,
  });
}

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
  if (totalOf(unsaid) > 0) lines.push({ name: "Not said", color: "--series-rest", values: unsaid });
  return { ...timesOf(answer), lines };
}

const QUANTILES = { p50: "P50", p95: "P95", p99: "P99" } as const;
const QUANTILE_COLORS = { p50: "--quantile-50", p95: "--quantile-95", p99: "--quantile-99" } as const;

/** P50, P95 and P99 of durations. */
export function latencyPanel(options: SeriesPanelOptions): Panel {
  const statistics = ["p50", "p95", "p99"] as const;
  return createChartPanel<QuerySeriesResponse>({
    ...options,
    kind: "lines",
    formatValue: formatDuration,
    summarize: (values) => formatDuration(latestOf(values)),
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

/** One quantile of durations, a line for each value of a dimension. */
export function latencyByPanel(
  options: SeriesPanelOptions & {
    readonly groupBy: string;
    readonly statistic: string;
    readonly nameOf: (value: string) => string;
    readonly colors?: Readonly<Record<string, string>>;
  },
): Panel {
  const palette = createPalette(options.colors);
  const { groupBy, statistic, nameOf } = options;
  return createChartPanel<QuerySeriesResponse>({
    ...options,
    kind: "lines",
    formatValue: formatDuration,
    summarize: (values) => formatDuration(latestOf(values)),
    query: querySeries({ types: options.types, groupBy: [groupBy], statistics: [statistic, "count"] }),
    read: (answer) => ({
      ...timesOf(answer),
      lines: [...answer.series]
        .sort((a, b) => totalOf(valuesOf(b, "count")) - totalOf(valuesOf(a, "count")))
        .slice(0, LINES_MAX)
        .map((series) => {
          const name = nameOf(series.labels[groupBy] ?? "");
          return { name, color: palette(name), values: valuesOf(series, statistic) };
        }),
    }),
  });
}

function byTotal(lines: readonly Line[]): readonly Line[] {
  return [...lines].sort((a, b) => totalOf(b.values) - totalOf(a.values));
}

function averageOf(values: readonly (number | null)[]): number {
  const said = values.filter((value) => value !== null);
  return said.length === 0 ? Number.NaN : totalOf(said) / said.length;
}

function latestOf(values: readonly (number | null)[]): number {
  return values.findLast((value) => value !== null) ?? Number.NaN;
}
