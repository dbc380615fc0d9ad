import { SummaryGroup } from "../../../gen/mcp/metrics/v1/query_service_pb.js";
import {
  formatChange,
  formatCount,
  formatDuration,
  formatExact,
  formatRate,
  formatShare,
  orNaN,
} from "../format/numbers.ts";
import { recentFailures } from "../panels/recent-failures.ts";
import { latencyPanel, outcomePanel } from "../panels/series-panels.ts";
import { type StatDefinition, statStrip } from "../panels/stat-strip.ts";
import { summaryPanel } from "../panels/summary-panel.ts";
import { topPanel } from "../panels/top-panel.ts";
import type { Panel } from "../parts/panel.ts";
import type { SubjectList } from "../state/page-state.ts";
import { createBoardView } from "./board-view.ts";
import { linkTo, zoomTo } from "./links.ts";
import type { View, ViewContext } from "./view.ts";

/** The tiles, over all metric types that know the subject. */
const STATS: readonly StatDefinition[] = [
  {
    id: "count",
    label: "Metrics",
    read: (now, before) => ({
      value: formatCount(now().count ?? 0),
      change: formatChange(orNaN(now().rate), orNaN(before().rate)),
      note: formatRate(now().rate ?? 0),
    }),
  },
  {
    id: "errors",
    label: "Errors",
    read: (now, before) => ({
      value: formatShare(orNaN(now().error_rate)),
      change: formatChange(orNaN(now().error_rate), orNaN(before().error_rate)),
      note: `${formatExact(now().errors ?? 0)} failed`,
    }),
  },
  ...(["p50", "p95", "p99"] as const).map(
    (quantile): StatDefinition => ({
      id: quantile,
      label: `Latency ${quantile.toUpperCase()}`,
      read: (now, before) => ({
        value: formatDuration(orNaN(now()[quantile])),
        change: formatChange(orNaN(now()[quantile]), orNaN(before()[quantile])),
        note: "",
      }),
    }),
  ),
];

/**
 * The page of one tool, service, server or client: how much it does, how it ends, how fast it is, with whom,
 * and what failed last. The subject is a filter of the scope, so that every panel is about it alone.
 */
export function createSubjectPage(context: ViewContext, list: SubjectList): View {
  const onZoom = zoomTo(context);
  const emptyText = "Nothing in this time.";
  const common = { types: [], onZoom, emptyText, columns: 6 } as const;
  return createBoardView(context, [
    statStrip(`${list}-stats`, "At a glance", [], STATS),
    outcomePanel({ ...common, id: `${list}-outcomes`, title: "Outcome", hint: "How requests ended" }),
    latencyPanel({ ...common, id: `${list}-latency`, title: "Latency" }),
    ...breakdowns(context, list),
    recentFailures(`${list}-failures`),
  ]);

  /** Rankings by the other dimensions; which of them make sense depends on what the page is about. */
  function breakdowns(context: ViewContext, list: SubjectList): readonly Panel[] {
    const top = (dimension: string, title: string, one: string, of: SubjectList | undefined) =>
      topPanel({
        id: `${list}-by-${dimension}`,
        title,
        columns: 6,
        dimension,
        nameTitle: one,
        rows: 8,
        hrefOf: of === undefined ? () => undefined : linkTo(context, of),
      });
    const tools = top("tool", "Tools", "Tool", "tools");
    const servers = top("server", "Servers", "Server", "servers");
    const clients = top("client", "Clients", "Client", "clients");
    const methods = top("method", "Methods", "Method", undefined);
    const types = summaryPanel({
      id: `${list}-types`,
      title: "Metric types",
      columns: 6,
      group: SummaryGroup.TYPE,
      hrefOf: () => undefined,
    });
    const services = summaryPanel({
      id: `${list}-services`,
      title: "Services",
      columns: 6,
      group: SummaryGroup.SERVICE,
      hrefOf: linkTo(context, "services"),
    });
    switch (list) {
      case "tools":
        return [servers, clients];
      case "services":
        return [types, methods, tools, servers];
      case "servers":
        return [tools, methods];
      case "clients":
        return [tools, services];
    }
  }
}
