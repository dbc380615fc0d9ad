import { SummaryGroup, type SummaryResponse } from "../../../gen/mcp/metrics/v1/query_service_pb.js";
import { element } from "../dom/element.ts";
import { formatCount, formatDuration, formatExact, formatShare, orNaN } from "../format/numbers.ts";
import { createPanel, type Panel, type PanelOptions } from "../parts/panel.ts";
import { RANKING_STATISTICS, rankingTable } from "../parts/ranking-table.ts";
import { describeCoverage } from "../query/coverage.ts";
import { toSelection } from "../query/scope.ts";

/** What one table of totals differs in. */
export type SummaryPanelOptions = Pick<PanelOptions<SummaryResponse>, "id" | "title" | "hint" | "columns"> & {
  /** What a row stands for. */
  readonly group: SummaryGroup.SERVICE | SummaryGroup.TYPE;
  /** Metric types counted; absent: all. */
  readonly types?: readonly string[];
  /** Where a row's name leads; undefined: it is no link. */
  readonly hrefOf: (name: string) => string | undefined;
};

/**
 * A table with a row for each service or metric type: how much it submitted, how much of it failed, and how
 * fast it was. Most metrics first.
 */
export function summaryPanel(options: SummaryPanelOptions): Panel {
  const { group, types, hrefOf, title } = options;
  const body = element("div", { class: "table-scroll" });
  const nameTitle = group === SummaryGroup.SERVICE ? "Service" : "Metric type";
  return createPanel<SummaryResponse>({
    ...options,
    body,
    query: (api, scope, signal) =>
      api.query.summary(
        { ...toSelection(scope, types), group, statistics: [...RANKING_STATISTICS] },
        { signal },
      ),
    render({ rows }) {
      const ordered = [...rows].sort((a, b) => (b.statistics.count ?? 0) - (a.statistics.count ?? 0));
      body.replaceChildren(
        rankingTable(ordered, {
          caption: title,
          nameTitle,
          nameOf: ({ name }) => name,
          hrefOf: ({ name }) => hrefOf(name),
          sizeOf: ({ statistics }) => statistics.count ?? 0,
          columns: [
            {
              title: "Metrics",
              text: ({ statistics }) => formatCount(orNaN(statistics.count)),
              exact: ({ statistics }) => formatExact(orNaN(statistics.count)),
            },
            { title: "Errors", text: ({ statistics }) => formatShare(orNaN(statistics.error_rate)) },
            { title: "P95", text: ({ statistics }) => formatDuration(orNaN(statistics.p95)) },
          ],
        }),
      );
    },
    remark: ({ range }, scope) => describeCoverage(range, scope),
    isEmpty: ({ rows }) => rows.length === 0,
    emptyText: "Nothing was submitted in this time.",
  });
}
