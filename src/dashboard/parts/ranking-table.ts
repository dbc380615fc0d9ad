import { element, nameText } from "../dom/element.ts";

/** Statistics of QueryService that a ranking's columns are made of. */
export const RANKING_STATISTICS = ["count", "errors", "error_rate", "p50", "p95"] as const;

/** A column of numbers beside the names. */
export interface RankingColumn<Row> {
  readonly title: string;
  /** The number as the cell shows it, rounded and with its unit. */
  readonly text: (row: Row) => string;
  /** Shown when the pointer rests on the cell. */
  readonly exact?: (row: Row) => string;
  /** Whether the number is marked as alarming. */
  readonly isBad?: (row: Row) => boolean;
  /** Left out on narrow screens, to leave room for the name. */
  readonly isSecondary?: true;
}

/** What one ranking differs in. */
export interface RankingOptions<Row> {
  /** Read aloud when the table is entered; not visible. */
  readonly caption: string;
  /** The title of the first column. */
  readonly nameTitle: string;
  /** The name of a row, as a client chose it. */
  readonly nameOf: (row: Row) => string;
  /** Where a name leads; undefined: nowhere. */
  readonly hrefOf: (row: Row) => string | undefined;
  /** The length of the bar behind a name, in proportion to the longest. */
  readonly sizeOf: (row: Row) => number;
  readonly columns: readonly RankingColumn<Row>[];
}

/**
 * Rows in the order given, each with a bar that shows its size next to the others. The bars are for the eye
 * alone: screen readers get the numbers.
 */
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

/** @param sizeMax the size whose bar fills the cell; more than 0 */
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
