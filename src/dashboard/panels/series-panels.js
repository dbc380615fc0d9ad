import { largest, toRates, totalOf, valuesOf } from "../charts/chart-data.ts";
import { createPalette } from "../charts/palette.ts";
import { formatCount, formatDuration, formatRate } from "../format/numbers.ts";
import { createChartPanel } from "../parts/chart-panel.ts";
import { toSelection, toStep } from "../query/scope.ts";
export function askSeries({ types, groupBy = [], statistics }) {
  return (api, scope, signal) =>
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
export function timesOf({ timestamps, step }) {
  const stepMs = Number(step?.seconds ?? 1) * 1000;
  return { timesMs: timestamps.map(({ seconds }) => Number(seconds) * 1000), stepMs };
}
/** Lines are told apart up to here. */
const LINES_MAX = 8;
/** How often something happens, a line for each value of a dimension. */
export function ratePanel(options) {
  const palette = createPalette(options.colors);
  const nameOf = options.nameOf ?? ((value) => value || "(none)");
  return createChartPanel({
    ...options,
    kind: "lines",
    formatValue: formatRate,
    summarize: (values) => formatRate(averageOf(values)),
    ask: askSeries({ types: options.types, groupBy: [options.groupBy], statistics: ["count"] }),
    read(answer, { nowMs }) {
      const times = timesOf(answer);
      const counts = answer.series.map((series) => {
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
export function outcomePanel(options) {
  return createChartPanel({
    ...options,
    kind: "bars",
    formatValue: formatCount,
    summarize: (values) => formatCount(totalOf(values)),
    ask: askSeries({
      types: options.types,
      groupBy: options.groupBy ?? [],
      statistics: ["successes", "errors", "count"],
    }),
    read: readOutcomes,
  });
}
function readOutcomes(answer) {
  const sum = (statistic) => {
    const rows = answer.series.map((series) => valuesOf(series, statistic));
    return answer.timestamps.map((_, at) => totalOf(rows.map((row) => row[at] ?? null)));
  };
  const [successes, errors, counts] = [sum("successes"), sum("errors"), sum("count")];
  const unsaid = counts.map((count, at) => count - (successes[at] ?? 0) - (errors[at] ?? 0));
  const lines = [
    { name: "Success", color: "--good", values: successes },
    { name: "Failure", color: "--poor", values: errors },
  ];
  // Only where somebody submitted without saying how it ended.
  if (totalOf(unsaid) > 0) lines.push({ name: "Not said", color: "--series-rest", values: unsaid });
  return { ...timesOf(answer), lines };
}
const QUANTILES = { p50: "P50", p95: "P95", p99: "P99" };
const QUANTILE_COLORS = { p50: "--quantile-50", p95: "--quantile-95", p99: "--quantile-99" };
/** P50, P95 and P99 of durations. */
export function latencyPanel(options) {
  const statistics = ["p50", "p95", "p99"];
  return createChartPanel({
    ...options,
    kind: "lines",
    formatValue: formatDuration,
    summarize: (values) => formatDuration(latestOf(values)),
    ask: askSeries({ types: options.types, statistics }),
    read: (answer) => ({
      ...timesOf(answer),
      lines: statistics.map((statistic) => ({
        name: QUANTILES[statistic],
        color: QUANTILE_COLORS[statistic],
        values: valuesOf(answer.series[0], statistic),
      })),
    }),
  });
}
/** One quantile of durations, a line for each value of a dimension. */
export function latencyByPanel(options) {
  const palette = createPalette();
  const { groupBy, statistic, nameOf } = options;
  return createChartPanel({
    ...options,
    kind: "lines",
    formatValue: formatDuration,
    summarize: (values) => formatDuration(latestOf(values)),
    ask: askSeries({ types: options.types, groupBy: [groupBy], statistics: [statistic, "count"] }),
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
function byTotal(lines) {
  return [...lines].sort((a, b) => totalOf(b.values) - totalOf(a.values));
}
function averageOf(values) {
  const said = values.filter((value) => value !== null);
  return said.length === 0 ? Number.NaN : totalOf(said) / said.length;
}
function latestOf(values) {
  return values.findLast((value) => value !== null) ?? Number.NaN;
}
