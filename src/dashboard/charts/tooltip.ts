import { element, nameText } from "../dom/element.ts";
import { formatPoint } from "../format/time.ts";
import type { ChartData } from "./chart-data.ts";
import type { PlotCursor } from "./plot.ts";

/** The box beside the cursor that says what the lines say there. */
export interface Tooltip {
  readonly element: HTMLElement;
  /** What the lines say at a point, beside the cursor. */
  show(data: ChartData, cursor: PlotCursor): void;
  hide(): void;
}

/** Lines beyond this are left out: the box would cover the chart. */
const ROWS_MAX = 10;
/** Distance between cursor and box. */
const GAP_PX = 14;

/**
 * Numbers of one point of a chart. The box is on the left of the cursor in the right half of the chart, and
 * the other way round, so that it is never cut off by the panel's edge.
 *
 * @param formatValue the same as on the chart's axis
 */
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

/**
 * A patch in a line's colour before its name. Hidden from screen readers: the name says the same.
 *
 * @param color a custom property of the style sheet
 */
export function swatch(color: string): HTMLElement {
  const made = element("span", { class: "swatch", "aria-hidden": "true" });
  made.style.background = `var(${color})`;
  return made;
}
