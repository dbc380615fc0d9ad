import { totalOf, valuesOf } from "../charts/chart-data.ts";
import { colorsFor } from "../charts/palette.ts";
import { swatch } from "../charts/tooltip.ts";
import { element, nameText } from "../dom/element.ts";
import { formatCount, formatShare } from "../format/numbers.ts";
import type { Charted } from "./charted.ts";

/** Methods shown; the rest are too rare to be seen in the strip. */
const METHODS_MAX = 8;

/**
 * How requests spread over the values of a dimension: a strip of colours divided by share, hidden from screen
 * readers, and the same as a list.
 *
 * @param dimension the one that the series are grouped by
 */
export function methodShares(dimension: string) {
  const strip = element("div", { class: "shares-strip", "aria-hidden": "true" });
  const list = element("ul", { class: "legend shares", "aria-label": "By method" });
  return {
    element: element("div", {}, strip, list),
    render({ steps }: Charted): void {
      const methods = steps.series
        .map((series) => ({
          name: series.labels[dimension] || "(none)",
          count: totalOf(valuesOf(series, "count")),
        }))
        .sort((a, b) => b.count - a.count)
        .slice(0, METHODS_MAX);
      const colors = colorsFor(methods.map(({ name }) => name));
      const palette = (name: string) => colors.get(name) ?? "";
      const sum = methods.reduce((total, { count }) => total + count, 0);
      strip.replaceChildren(...methods.map(({ name, count }) => share(palette(name), count / sum)));
      list.replaceChildren(
        ...methods.map(({ name, count }) =>
          element(
            "li",
            { class: "legend-item", title: `${formatCount(count)} requests` },
            swatch(palette(name)),
            nameText(name),
            element("span", { class: "number" }, formatShare(count / sum)),
          ),
        ),
      );
    },
  };
}

/** @param part of the strip's width, 0 to 1 */
function share(color: string, part: number): HTMLElement {
  const made = element("span");
  made.style.background = `var(${color})`;
  made.style.flexGrow = part.toFixed(4);
  return made;
}
