import type { QuerySeriesResponse } from "../../../gen/mcp/metrics/v1/query_service_pb.js";
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
import { type Charted, queryCharted, wholeCounts, wholeOf, wholeOfValue, wholeSeconds } from "./charted.ts";

/** The times of an answer and its step, which is whole seconds: the service takes no other. */
function timesOf({ timestamps, step }: QuerySeriesResponse) {
  const stepMs = Number(step?.seconds ?? 1) * 1000;
  return { timesMs: timestamps.map(({ seconds }) => Number(seconds) * 1000), stepMs };
}

/** What the charts below have in common. `types` are the metric types they are about; absent: that of the page. */
type SeriesPanelOptions = Pick<
  ChartPanelOptions<Charted>,
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
  return createChartPanel<Charted>({
    ...options,
    kind: "lines",
    formatValue: (value) => formatRate(value, unit),
    query: queryCharted({
      types: options.types,
      groupBy: [options.groupBy],
      statistics: ["count"],
      lineFor: options.groupBy,
    }),
    read(charted, { nowMs }) {
      const { steps } = charted;
      const times = timesOf(steps);
      const values = new Map<string, string>();
      const counts: Line[] = steps.series.map((series) => {
        const value = series.labels[options.groupBy] ?? "";
        values.set(nameOf(value), value);
        return { name: nameOf(value), color: "", values: valuesOf(series, "count") };
      });
      const ordered = colored(largest(byTotal(counts), LINES_MAX, "others"), options.colors);
      const rates = ordered.map((line) => toRates(line.values, { ...times, nowMs }));
      unit = rateUnitOf(Math.max(0, ...rates.flatMap((row) => row.map((value) => value ?? 0))));
      const shown = ordered.map(({ name }) => values.get(name));
      const averages = wholeCounts(charted, shown).map((count) => count / wholeSeconds(charted, nowMs));
      const lines = ordered.map((line, at) => ({
        ...line,
        values: rates[at] ?? [],
        // In its own unit: that of the chart is its peak's, in which the average of a rare one reads 0.00.
        summary: `avg ${formatRate(averages[at] ?? Number.NaN)}`,
      }));
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
    Pick<ChartPanelOptions<Charted>, "below"> & {
      /** Only for what stands below the chart; the bars add up all series. */
      readonly groupBy?: readonly string[];
    },
): Panel {
  return createChartPanel<Charted>({
    ...options,
    kind: "bars",
    formatValue: formatCount,
    query: queryCharted({
      types: options.types,
      groupBy: options.groupBy ?? [],
      statistics: ["successes", "errors", "count"],
    }),
    read: readOutcomes,
  });
}

/** `count` is asked for as well, because metrics without an outcome are neither successes nor errors. */
function readOutcomes(charted: Charted): ChartData {
  const { steps } = charted;
  const sum = (statistic: string) => {
    const rows = steps.series.map((series) => valuesOf(series, statistic));
    return steps.timestamps.map((_, at) => totalOf(rows.map((row) => row[at] ?? null)));
  };
  const [successes, errors, counts] = [sum("successes"), sum("errors"), sum("count")];
  const unsaid = counts.map((count, at) => count - (successes[at] ?? 0) - (errors[at] ?? 0));
  const whole = (statistic: string) => wholeOf(charted, statistic);
  const total = (count: number) => `total ${formatCount(count)}`;
  const lines: Line[] = [
    { name: "Success", color: "--success", values: successes, summary: total(whole("successes")) },
    { name: "Failure", color: "--failure", values: errors, summary: total(whole("errors")) },
  ];
  // Only where somebody submitted without saying how it ended.
  if (totalOf(unsaid) > 0) {
    const summary = total(whole("count") - whole("successes") - whole("errors"));
    lines.push({ name: "Unknown", color: "--series-rest", values: unsaid, summary });
  }
  return { ...timesOf(steps), lines };
}

/** Of a percentile of all metrics of the whole time, which is not the average of those of the steps. */
const overall = (ms: number) => `overall ${formatDuration(ms)}`;

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
  return createChartPanel<Charted>({
    ...options,
    kind: "lines",
    formatValue: formatDuration,
    query: queryCharted({ types: options.types, statistics }),
    read(charted, { nowMs }) {
      const times = timesOf(charted.steps);
      const lines = statistics.map((statistic) => ({
        name: QUANTILES[statistic],
        color: QUANTILE_COLORS[statistic],
        values: maskIncompleteSteps(valuesOf(charted.steps.series[0], statistic), { ...times, nowMs }),
        summary: overall(wholeOf(charted, statistic)),
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
  return createChartPanel<Charted>({
    ...options,
    kind: "lines",
    formatValue: formatDuration,
    query: queryCharted({
      types: options.types,
      groupBy: [groupBy],
      statistics: [statistic, "count"],
      lineFor: groupBy,
    }),
    read: (charted) => ({
      ...timesOf(charted.steps),
      lines: colored(
        [...charted.steps.series]
          .sort((a, b) => totalOf(valuesOf(b, "count")) - totalOf(valuesOf(a, "count")))
          .slice(0, LINES_MAX)
          .map((series) => {
            const value = series.labels[groupBy] ?? "";
            const summary = overall(wholeOfValue(charted, value, statistic));
            return { name: nameOf(value), color: "", values: valuesOf(series, statistic), summary };
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
