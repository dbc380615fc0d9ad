import type { FetchMetricsResponse, Point } from "../../../gen/mcp/directory/v1/directory_service_pb.js";
import { element, nameText } from "../dom/element.ts";
import { formatCount, formatDuration, formatShare, orNaN } from "../format/numbers.ts";
import { createChartPanel } from "../parts/chart-panel.ts";
import { createPanel, type Panel } from "../parts/panel.ts";
import { plainTable, scrollBox } from "../parts/plain-table.ts";
import { createStatTile, type Stat } from "../parts/stat-tile.ts";
import { type DirectoryLine, type FetchServer, latestOf, toChartData } from "../query/directory.ts";
import { gradeSuccess } from "./grades.ts";

/** Id, label, and what a tile shows of the answer. */
const STATS: readonly (readonly [string, string, (answer: FetchMetricsResponse) => Stat])[] = [
  [
    "uptime",
    "Uptime",
    ({ totals }) => ({
      value: formatShare(orNaN(totals?.uptime)),
      note: "of health checks, or of the time that events tell of",
      grade: gradeSuccess(orNaN(totals?.uptime)),
    }),
  ],
  [
    "latency",
    "Response time",
    ({ totals }) => ({ value: formatDuration(orNaN(totals?.latency)), note: "average" }),
  ],
  ["requests", "Requests", ({ totals }) => ({ value: formatCount(orNaN(totals?.requests)), note: "total" })],
  ["memory", "Memory", ({ totals }) => ({ value: formatCount(orNaN(totals?.memory)), note: "average" })],
  ["views", "Views", ({ totals }) => ({ value: formatCount(orNaN(totals?.views)), note: "total" })],
  ["installs", "Installs", ({ totals }) => ({ value: formatCount(orNaN(totals?.installs)), note: "total" })],
];

/**
 * The figures of a server over the chosen period, as tiles.
 *
 * @param fetch shared with the charts, so that the page costs one call
 */
export function directoryStats(fetch: FetchServer): Panel {
  const tiles = STATS.map(([id, label, read]) => ({ ...createStatTile(label, id), read }));
  const panel = createPanel<FetchMetricsResponse>({
    id: "directory-stats",
    title: "At a glance",
    columns: 12,
    body: element("dl", { class: "stats" }, ...tiles.map((tile) => tile.element)),
    query: fetch,
    render(answer) {
      for (const tile of tiles) tile.show(tile.read(answer));
    },
    isEmpty: () => false,
    emptyText: "",
  });
  panel.element.classList.add("panel-strip");
  return panel;
}

/** A chart of a server's page. */
interface ChartDefinition {
  readonly id: string;
  readonly title: string;
  readonly kind: "lines" | "bars";
  readonly formatValue: (value: number) => string;
  /** Its lines in an answer; a line without points was never reported and draws nothing. */
  readonly lines: (answer: FetchMetricsResponse) => readonly DirectoryLine[];
}

/** A line of what is measured now and then: steps without a measurement are gaps. */
const measured = (name: string, color: string, points: readonly Point[]): DirectoryLine => ({
  name,
  color,
  points,
  absent: null,
});
/** A line of what is counted: a step in which nothing came is a zero. */
const counted = (name: string, color: string, points: readonly Point[]): DirectoryLine => ({
  ...measured(name, color, points),
  absent: 0,
});

/** In the order of the page. Memory has no unit: servers send it as they like. */
const CHARTS: readonly ChartDefinition[] = [
  {
    id: "uptime",
    title: "Uptime",
    kind: "lines",
    formatValue: formatShare,
    lines: ({ uptime }) => [measured("Uptime", "--good", uptime)],
  },
  {
    id: "latency",
    title: "Response time",
    kind: "lines",
    formatValue: formatDuration,
    lines: ({ latency }) => [measured("Response time", "--series-1", latency)],
  },
  {
    id: "requests",
    title: "Requests",
    kind: "bars",
    formatValue: formatCount,
    lines: ({ requests }) => [counted("Requests", "--series-1", requests)],
  },
  {
    id: "memory",
    title: "Memory",
    kind: "lines",
    formatValue: formatCount,
    lines: ({ memory }) => [measured("Memory", "--series-2", memory)],
  },
  {
    id: "usage",
    title: "Usage",
    kind: "bars",
    formatValue: formatCount,
    lines: ({ views, installs }) => [
      counted("Views", "--series-4", views),
      counted("Installs", "--series-3", installs),
    ],
  },
];

/**
 * A server's figures over time, and a table of the metrics that have no chart of their own.
 *
 * @param fetch shared by all of them, so that the page costs one call
 */
export function directoryCharts(fetch: FetchServer): readonly Panel[] {
  const charts = CHARTS.map(({ id, title, kind, formatValue, lines }) =>
    createChartPanel<FetchMetricsResponse>({
      id: `directory-${id}`,
      title,
      kind,
      formatValue,
      columns: 6,
      query: fetch,
      read: (answer, { range }) => toChartData(lines(answer), answer, range),
      isEmpty: (answer) => lines(answer).every(({ points }) => points.length === 0),
      emptyText: "Not reported in this period.",
    }),
  );
  return [...charts, otherMetrics(fetch)];
}

/**
 * Metrics with names of the server's own choosing. Nothing is known of their units, so they are only counted
 * up as numbers.
 */
function otherMetrics(fetch: FetchServer): Panel {
  const body = scrollBox("Other metrics, more to the sides");
  return createPanel<FetchMetricsResponse>({
    id: "directory-other",
    title: "Other metrics",
    columns: 6,
    body,
    query: fetch,
    render({ otherMetrics: metrics, totals }) {
      const rows = Object.entries(metrics).map(([name, { points }]) => ({ name, points }));
      const values = (points: readonly Point[]) => points.map(({ value }) => value);
      body.replaceChildren(
        plainTable("Other metrics", rows, [
          { title: "Metric", cell: ({ name }) => nameText(name) },
          { title: "Latest", isNumber: true, cell: ({ points }) => formatCount(latestOf(points)) },
          {
            title: "Total or average",
            isNumber: true,
            cell: ({ name }) => formatCount(orNaN(totals?.otherMetrics[name])),
          },
          { title: "Lowest", isNumber: true, cell: ({ points }) => formatCount(Math.min(...values(points))) },
          {
            title: "Highest",
            isNumber: true,
            cell: ({ points }) => formatCount(Math.max(...values(points))),
          },
        ]),
      );
    },
    isEmpty: ({ otherMetrics: metrics }) => Object.keys(metrics).length === 0,
    emptyText: "No other metrics in this period.",
  });
}
