import { element, nameText } from "../dom/element.ts";

/** Statistics of QueryService that a ranking's columns are made of. */
export const RANKING_STATISTICS = ["count", "errors", "error_rate", "p50", "p95"] as const;

export interface RankingColumn<Row> {
  readonly title: string;
  readonly text: (row: Row) => string;
  /** Every digit, where the text is rounded. */
  readonly exact?: (row: Row) => string;
  readonly isBad?: (row: Row) => boolean;
  /** Gives way to the name where there is little room. */
  readonly isSecondary?: true;
}

export interface RankingOptions<Row> {
  readonly caption: string;
  readonly nameTitle: string;
  readonly nameOf: (row: Row) => string;
  /** Where a name leads; undefined: nowhere. */
  readonly hrefOf: (row: Row) => string | undefined;
  /** How long the bar behind a name is, next to those of the others. */
  readonly sizeOf: (row: Row) => number;
  readonly columns: readonly RankingColumn<Row>[];
}

/** Names by size: a bar, a link, numbers. */
export function rankingTable<Row>(rows: readonly Row[], options: RankingOptions<Row>): HTMLTableElement {
  const sizeMax = Math.max(...rows.map(options.sizeOf), Number.MIN_VALUE);
  const head = element(
    "tr",
    {},
    element("th", { scope: "col" }, options.nameTitle),
    ...options.columns.map((column) => element("th", { scope: "col", class: classOf(column) }, column.title)),
  );
  return element(
    "table",
    { class: "ranking" },
    element("caption", { class: "visually-hidden" }, options.caption),
    element("thead", {}, head),
    element("tbody", {}, ...rows.map((row) => tableRow(row, sizeMax, options))),
  );
}

function tableRow<Row>(row: Row, sizeMax: number, options: RankingOptions<Row>): HTMLElement {
  const name = options.nameOf(row);
  const href = options.hrefOf(row);
  const bar = element("span", { class: "bar", "aria-hidden": "true" });
  bar.style.width = `${Math.max(0, (options.sizeOf(row) / sizeMax) * 100).toFixed(1)}%`;
  const text = nameText(name);
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, bar, href === undefined ? text : element("a", { href }, text)),
    ...options.columns.map((column) => {
      const mark = column.isBad?.(row) ? " bad" : "";
      return element("td", { class: classOf(column) + mark, title: column.exact?.(row) }, column.text(row));
    }),
  );
}

function classOf({ isSecondary }: Pick<RankingColumn<never>, "isSecondary">): string {
  return isSecondary ? "number secondary" : "number";
}
