import { element, nameText } from "../dom/element.ts";
import { formatPoint } from "../format/time.ts";
import type { ChartData } from "./chart-data.ts";
import type { PlotCursor } from "./plot.ts";

export interface Tooltip {
  readonly element: HTMLElement;
  /** What the lines say at a point, beside the cursor. */
  show(data: ChartData, cursor: PlotCursor): void;
  hide(): void;
}

/** Beyond this a tooltip would cover the chart. */
const ROWS_MAX = 10;
const GAP_PX = 14;

/** Numbers of one point of a chart, beside the cursor. */
export function createTooltip(formatValue: (value: number) => string): Tooltip {
  const root = element("div", { class: "tooltip", hidden: true });
  return {
    element: root,
    show(data, { at, leftPx, widthPx }) {
      const time = data.timesMs[at];
      if (time === undefined) return;
      const rows = data.lines.slice(0, ROWS_MAX).map(({ name, color, values }) => {
        const value = values[at] ?? null;
        return element(
          "div",
          { class: "tooltip-row" },
          swatch(color),
          nameText(name),
          element("span", { class: "number" }, value === null ? "–" : formatValue(value)),
        );
      });
      root.replaceChildren(
        element("div", { class: "tooltip-time" }, formatPoint(time, data.stepMs)),
        ...rows,
      );
      root.hidden = false;
      const isRight = leftPx > widthPx / 2;
      root.style.transform = isRight
        ? `translateX(calc(${leftPx - GAP_PX}px - 100%))`
        : `translateX(${leftPx + GAP_PX}px)`;
    },
    hide() {
      root.hidden = true;
    },
  };
}

/** A line's colour, before its name. The colour comes from the style sheet's property. */
export function swatch(color: string): HTMLElement {
  const made = element("span", { class: "swatch", "aria-hidden": "true" });
  made.style.background = `var(${color})`;
  return made;
}
