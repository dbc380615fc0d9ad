import { element } from "../dom/element.ts";

/** A column of a plain table. */
export interface PlainColumn<Row> {
  /** The header of the column. */
  readonly title: string;
  /** Aligned at the right, with digits of equal width. */
  readonly isNumber?: boolean;
  /** What is in the cell. A string is text, never markup. */
  readonly cell: (row: Row) => Node | string;
  /** Shown when the pointer rests on the cell: the exact value where the cell has a rounded one. */
  readonly hint?: (row: Row) => string | undefined;
}

/**
 * A table. The cells of the first column are headers of their rows, so that a screen reader says which row it
 * is in.
 *
 * @param caption read aloud when the table is entered; not visible
 */
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

/**
 * A box for a table that may be wider than its place. It can take the focus, so that it can be scrolled with
 * the arrow keys, and therefore needs a name.
 */
export function scrollBox(label: string): HTMLElement {
  return element("div", { class: "table-scroll", tabindex: 0, role: "group", "aria-label": label });
}
