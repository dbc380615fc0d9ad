import { element } from "../dom/element.ts";
import type { ResolvedRange } from "../state/time-range.ts";
import { type ChartData, NO_DATA } from "./chart-data.ts";
import { chartTable } from "./chart-table.ts";
import { createLegend } from "./legend.ts";
import { createPlot, type PlotSettings } from "./plot.ts";
import { createTooltip } from "./tooltip.ts";

/** A chart in the page. Its element stays the same for the chart's life; `show` renews what is in it. */
export interface Chart {
  readonly element: HTMLElement;
  /**
   * Draws data over a range. Lines that were turned off in the legend stay off while their names are in the
   * data.
   */
  show(data: ChartData, range: ResolvedRange): void;
  /** Puts a table of the same numbers in the place of the drawing, or takes it away again. */
  showTable(isTable: boolean): void;
  /**
   * Draws again in the colours of the theme that is on: a canvas does not follow the style sheet by itself.
   */
  recolor(): void;
  /** Stops watching the element's size and frees the canvas. Nothing else may be called afterwards. */
  close(): void;
}

/** How one chart differs from the next; the rest is the same for all of them. */
export interface ChartOptions extends Omit<PlotSettings, "onCursor"> {
  /** Read aloud when the chart gets the focus, with a hint at the arrow keys. */
  readonly label: string;
}

/**
 * A chart of lines or stacked bars over time. The legend turns lines off and on, the tooltip gives the
 * numbers of the point under the cursor, dragging over the plot zooms, and a table shows the same numbers.
 *
 * A canvas says nothing to a screen reader, so the plot can be focused: the arrow keys, Home and End move
 * over the points, and each one's numbers are put in a live region, which is read aloud.
 */
export function createChart(options: ChartOptions): Chart {
  const { label, height, formatValue } = options;
  const { root, canvas, table, spoken } = chartFrame(label, height);
  const tooltip = createTooltip(formatValue);
  const hidden = new Set<string>();
  const legend = createLegend(hidden, draw);
  table.after(legend.element);
  let data = NO_DATA;
  let shown = NO_DATA;
  let range: ResolvedRange = { startMs: 0, endMs: 1 };
  /**
   * Index of the point the cursor is at; undefined while it is elsewhere, and the arrow keys begin at the
   * end.
   */
  let pointed: number | undefined;

  const plot = createPlot(canvas, {
    ...options,
    onCursor(cursor) {
      pointed = cursor?.at;
      if (cursor === undefined) tooltip.hide();
      else tooltip.show(shown, cursor);
    },
  });
  plot.overlay(tooltip.element);

  function draw(): void {
    shown = { ...data, lines: data.lines.filter(({ name }) => !hidden.has(name)) };
    plot.draw(shown, range);
    legend.show(data.lines);
    if (!table.hidden) table.replaceChildren(chartTable(shown, formatValue));
  }

  canvas.addEventListener("keydown", (event) => {
    const last = shown.timesMs.length - 1;
    const at = pointed ?? last + 1;
    const next = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last }[event.key];
    if (next === undefined || last < 0) return;
    event.preventDefault();
    plot.pointAt(Math.min(Math.max(next, 0), last));
    spoken.textContent = tooltip.element.innerText.replaceAll("\n", " ");
  });
  canvas.addEventListener("blur", tooltip.hide);

  return {
    element: root,
    show(newData, newRange) {
      data = newData;
      range = newRange;
      draw();
    },
    showTable(isTable) {
      table.hidden = !isTable;
      canvas.hidden = isTable;
      draw();
    },
    recolor: plot.recolor,
    close: plot.close,
  };
}

/**
 * The elements: the plot, its table, and the live region for what the arrow keys find. Both boxes have the
 * same fixed height, so that nothing below moves when one takes the place of the other.
 */
function chartFrame(label: string, height: number) {
  const canvas = element("div", {
    class: "plot",
    tabindex: 0,
    role: "group",
    "aria-roledescription": "chart",
    "aria-label": `${label}. Arrow keys read the values.`,
  });
  const table = element("div", {
    class: "chart-table",
    hidden: true,
    tabindex: 0,
    role: "region",
    "aria-label": `${label}, as a table`,
  });
  canvas.style.height = `${height}px`;
  table.style.height = `${height}px`;
  const spoken = element("p", { class: "visually-hidden", "aria-live": "polite" });
  return { root: element("div", { class: "chart" }, canvas, table, spoken), canvas, table, spoken };
}
