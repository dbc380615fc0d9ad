import { element, nameText } from "../dom/element.ts";
import { NOTHING } from "../format/numbers.ts";
import { formatInstant, formatPoint } from "../format/time.ts";
import type { ChartData } from "./chart-data.ts";

/**
 * The chart's points as a table, newest first: for those who read with a screen reader or want exact numbers.
 *
 * @param formatValue the same as on the chart's axis, so that both speak of one unit.
 */
export function chartTable(
  { timesMs, stepMs, lines }: ChartData,
  formatValue: (value: number) => string,
): HTMLElement {
  const head = element(
    "tr",
    {},
    element("th", { scope: "col" }, "Time"),
    ...lines.map(({ name }) => element("th", { scope: "col", class: "number" }, nameText(name))),
  );
  const rows = timesMs.map((ms, at) =>
    element(
      "tr",
      {},
      element("th", { scope: "row", title: formatInstant(ms) }, formatPoint(ms, stepMs)),
      ...lines.map(({ values }) => {
        const value = values[at] ?? null;
        return element("td", { class: "number" }, value === null ? NOTHING : formatValue(value));
      }),
    ),
  );
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows.reverse()));
}
