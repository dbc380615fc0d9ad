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
import type { QueryScope } from "../query/scope.ts";
import { SUBJECTS, type SubjectList } from "../state/page-state.ts";
import { linkTo, zoomTo } from "./links.ts";
import { createTypedBoard } from "./typed-board.ts";
import type { View, ViewContext } from "./view.ts";

/** The tiles, of the one metric type that the page names. */
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
 * and what failed last, of whatever type. The subject is a filter of the scope, so that every panel is about it alone.
 */
export function createSubjectPage(context: ViewContext, list: SubjectList): View {
  const onZoom = zoomTo(context);
  const emptyText = "Nothing in this time.";
  const hint = ({ types }: QueryScope) => types.join();
  const common = { onZoom, emptyText, hint, columns: 6 } as const;
  return createTypedBoard(context, SUBJECTS[list].dimension, [
    statStrip(`${list}-stats`, "At a glance", undefined, STATS),
    outcomePanel({ ...common, id: `${list}-outcomes`, title: "Outcome" }),
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
        hint,
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
      types: [],
      hrefOf: () => undefined,
    });
    const services = summaryPanel({
      id: `${list}-services`,
      title: "Services",
      hint,
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
