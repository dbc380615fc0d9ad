import { element } from "../dom/element.ts";
import type { ResolvedRange } from "../state/time-range.ts";
import { type ChartData, type Line, NO_DATA } from "./chart-data.ts";
import { chartTable } from "./chart-table.ts";
import { createLegend } from "./legend.ts";
import { createPlot, type PlotSettings } from "./plot.ts";
import { createTooltip } from "./tooltip.ts";

export interface Chart {
  readonly element: HTMLElement;
  show(data: ChartData, range: ResolvedRange): void;
  /** The numbers in a table instead of the drawing. */
  showTable(isTable: boolean): void;
  /** Draw again in the colours of the theme that is on. */
  recolor(): void;
  close(): void;
}

export interface ChartOptions extends Omit<PlotSettings, "onCursor"> {
  readonly label: string;
  /** What the legend says of a line; nothing when absent. */
  readonly summarize?: (values: Line["values"]) => string;
}

/**
 * A chart of lines or stacked bars over time: a legend that turns lines off, numbers beside the cursor or by
 * the arrow keys, a dragged range to zoom to, and the same as a table.
 */
export function createChart(options: ChartOptions): Chart {
  const { label, height, formatValue } = options;
  const { root, canvas, table, spoken } = chartFrame(label, height);
  const tooltip = createTooltip(formatValue);
  const hidden = new Set<string>();
  const legend = createLegend(hidden, options.summarize, draw);
  table.after(legend.element);
  let data = NO_DATA;
  let shown = NO_DATA;
  let range: ResolvedRange = { startMs: 0, endMs: 1 };
  /** The point the cursor is at. */
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
