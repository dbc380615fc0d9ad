import {
  SummaryGroup,
  type SummaryResponse,
  type SummaryRow,
} from "../../../gen/mcp/metrics/v1/query_service_pb.js";
import { element } from "../dom/element.ts";
import { formatCount, formatDuration, formatExact, formatShare, orNaN } from "../format/numbers.ts";
import { createPanel, type Panel, type PanelOptions } from "../parts/panel.ts";
import { RANKING_STATISTICS, rankingTable } from "../parts/ranking-table.ts";
import { describeCoverage } from "../query/coverage.ts";
import { toSelection } from "../query/scope.ts";

/** What one table of totals differs in. */
export type SummaryPanelOptions = Pick<PanelOptions<Answers>, "id" | "title" | "hint" | "columns"> & {
  /** What a row stands for. */
  readonly group: SummaryGroup.SERVICE | SummaryGroup.TYPE;
  /** Metric types that errors and durations are of; absent: that of the page. */
  readonly types?: readonly string[];
  /** Whether every metric is counted, of whatever type. */
  readonly countsAll?: true;
  /** Where a row's name leads; undefined: it is no link. */
  readonly hrefOf: (name: string) => string | undefined;
};

/** The same rows twice where every metric is counted: of all types, and of those that the rest is of. */
interface Answers {
  readonly counted: SummaryResponse;
  readonly ofTypes: SummaryResponse;
}

/** A row, with how much it submitted and what else is known of it. */
interface Row {
  readonly name: string;
  readonly count: number;
  readonly statistics: SummaryRow["statistics"];
}

/**
 * A table with a row for each service or metric type: how much it submitted, how much of it failed, and how
 * fast it was. Most metrics first.
 */
export function summaryPanel(options: SummaryPanelOptions): Panel {
  const { group, types, countsAll, title } = options;
  const body = element("div", { class: "table-scroll" });
  return createPanel<Answers>({
    ...options,
    body,
    async query(api, scope, signal) {
      const summary = (of: readonly string[] | undefined) => {
        const request = { ...toSelection(scope, of), group, statistics: [...RANKING_STATISTICS] };
        return api.query.summary(request, { signal });
      };
      const asked = summary(types);
      const [ofTypes, counted] = await Promise.all([asked, countsAll ? summary([]) : asked]);
      return { counted, ofTypes };
    },
    render: (answers) => body.replaceChildren(tableOf(rowsOf(answers), title, options)),
    remark: ({ counted }, scope) => describeCoverage(counted.range, scope),
    isEmpty: ({ counted }) => counted.rows.length === 0,
    emptyText: "Nothing was submitted in this time.",
  });
}

function rowsOf({ counted, ofTypes }: Answers): readonly Row[] {
  const known = new Map(ofTypes.rows.map(({ name, statistics }) => [name, statistics]));
  return counted.rows
    .map(({ name, statistics }) => ({
      name,
      count: statistics.count ?? 0,
      statistics: known.get(name) ?? {},
    }))
    .sort((a, b) => b.count - a.count);
}

function tableOf(rows: readonly Row[], caption: string, { group, hrefOf }: SummaryPanelOptions) {
  return rankingTable(rows, {
    caption,
    nameTitle: group === SummaryGroup.SERVICE ? "Service" : "Metric type",
    nameOf: ({ name }) => name,
    hrefOf: ({ name }) => hrefOf(name),
    sizeOf: ({ count }) => count,
    columns: [
      { title: "Metrics", text: ({ count }) => formatCount(count), exact: ({ count }) => formatExact(count) },
      { title: "Errors", text: ({ statistics }) => formatShare(orNaN(statistics.error_rate)) },
      { title: "P95", text: ({ statistics }) => formatDuration(orNaN(statistics.p95)) },
    ],
  });
}
