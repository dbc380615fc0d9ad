import type { TopValuesResponse, ValueRow } from "../../../gen/mcp/metrics/v1/query_service_pb.js";
import { element } from "../dom/element.ts";
import { formatCount, formatDuration, formatExact, formatShare, orNaN } from "../format/numbers.ts";
import { createPanel, type Panel, type PanelOptions } from "../parts/panel.ts";
import { RANKING_STATISTICS, type RankingColumn, rankingTable } from "../parts/ranking-table.ts";
import { describeCoverage } from "../query/coverage.ts";
import { toSelection } from "../query/scope.ts";
import type { Order } from "../state/page-state.ts";

/** What one ranking differs in. */
export type TopPanelOptions = Pick<PanelOptions<TopValuesResponse>, "id" | "title" | "hint" | "columns"> & {
  /** Whose values are ranked. */
  readonly dimension: string;
  /** The title of the first column, in the singular. */
  readonly nameTitle: string;
  /** Metric types counted; absent: that of the page. */
  readonly types?: readonly string[];
  /** Rows asked for, 1 to 100. */
  readonly rows: number;
  /** Asked at each load, since the order can change while the panel stays. Absent: by count. */
  readonly order?: () => Order;
  /** Where a value leads; undefined: it is no link. */
  readonly hrefOf: (value: string) => string | undefined;
};

/** As `style/tables.css` has it. */
const ROW_HEIGHT_PX = 29;
/** Room that is kept while the first answer is awaited, in rows. */
const ROWS_EXPECTED_MAX = 8;
/**
 * From this share of errors on a row is marked, if it has at least `ERRORS_MIN` of them: one failure in two
 * calls is no finding.
 */
const ERROR_SHARE_BAD = 0.05;
const ERRORS_MIN = 5;

const statistic = (name: string) => (row: ValueRow) => orNaN(row.statistics[name]);

/** The numbers of a row. P50 is the one that is dropped on narrow screens. */
const STATISTIC_COLUMNS: readonly RankingColumn<ValueRow>[] = [
  {
    title: "Count",
    text: (row) => formatCount(statistic("count")(row)),
    exact: (row) => formatExact(statistic("count")(row)),
  },
  {
    title: "Errors",
    text: (row) => formatShare(statistic("error_rate")(row)),
    exact: (row) => `${formatExact(statistic("errors")(row))} failed`,
    isBad: (row) => statistic("error_rate")(row) > ERROR_SHARE_BAD && statistic("errors")(row) >= ERRORS_MIN,
  },
  { title: "P50", text: (row) => formatDuration(statistic("p50")(row)), isSecondary: true },
  { title: "P95", text: (row) => formatDuration(statistic("p95")(row)) },
];

/** The values of a dimension with the largest of a statistic, ranked by the service. */
export function topPanel(options: TopPanelOptions): Panel {
  const { dimension, types, rows, nameTitle, hrefOf, title } = options;
  const order = options.order ?? (() => "count");
  const body = element("div", { class: "table-scroll" });
  // Nothing moves when the rows come: there is room for as many as usually do.
  body.style.minHeight = `${(Math.min(rows, ROWS_EXPECTED_MAX) + 1) * ROW_HEIGHT_PX}px`;
  return createPanel<TopValuesResponse>({
    ...options,
    body,
    query: (api, scope, signal) =>
      api.query.topValues(
        {
          ...toSelection(scope, types),
          dimension,
          by: order(),
          limit: rows,
          statistics: [...RANKING_STATISTICS],
        },
        { signal },
      ),
    render: (answer) =>
      body.replaceChildren(
        rankingTable(answer.rows, {
          caption: title,
          nameTitle,
          nameOf: (row) => row.value,
          hrefOf: (row) => hrefOf(row.value),
          sizeOf: (row) => row.statistics[order()] ?? 0,
          columns: STATISTIC_COLUMNS,
        }),
      ),
    remark: ({ range }, scope) => describeCoverage(range, scope),
    isEmpty: (answer) => answer.rows.length === 0,
    emptyText: `No ${nameTitle.toLowerCase()}s in this time.`,
  });
}
