import { element } from "../dom/element.ts";

export interface PlainColumn<Row> {
  readonly title: string;
  readonly isNumber?: boolean;
  readonly cell: (row: Row) => Node | string;
  readonly hint?: (row: Row) => string | undefined;
}

/** Rows and columns; the first column names the row. */
export function plainTable<Row>(
  caption: string,
  rows: readonly Row[],
  columns: readonly PlainColumn<Row>[],
): HTMLElement {
  const numberClass = ({ isNumber }: PlainColumn<Row>) => (isNumber ? "number" : undefined);
  const head = columns.map((column) =>
    element("th", { scope: "col", class: numberClass(column) }, column.title),
  );
  const body = rows.map((row) =>
    element(
      "tr",
      {},
      ...columns.map((column, at) =>
        element(
          at === 0 ? "th" : "td",
          { class: numberClass(column), title: column.hint?.(row), ...(at === 0 && { scope: "row" }) },
          column.cell(row),
        ),
      ),
    ),
  );
  return element(
    "table",
    { class: "plain" },
    element("caption", { class: "visually-hidden" }, caption),
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...body),
  );
}

/** Where a table is that may be wider than its place: the arrow keys scroll it. */
export function scrollBox(label: string): HTMLElement {
  return element("div", { class: "table-scroll", tabindex: 0, role: "group", "aria-label": label });
}
