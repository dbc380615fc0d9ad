import uPlot from "uplot";
import { element } from "../dom/element.ts";
import { NO_DATA, stack } from "./chart-data.ts";
import { chartTable } from "./chart-table.ts";
import { createLegend } from "./legend.ts";
import { plotOptions } from "./plot-options.ts";
import { createTooltip } from "./tooltip.ts";
/**
 * A chart of lines or stacked bars over time: a legend that turns lines off, numbers beside the cursor or by
 * the arrow keys, a dragged range to zoom to, and the same as a table.
 */
export function createChart(options) {
  const { label, kind, height, formatValue, onZoom } = options;
  const canvas = element("div", {
    class: "plot",
    tabindex: 0,
    role: "group",
    "aria-roledescription": "chart",
  });
  canvas.setAttribute("aria-label", `${label}. Arrow keys read the values.`);
  canvas.style.height = `${height}px`;
  const spoken = element("p", { class: "visually-hidden", "aria-live": "polite" });
  const tooltip = createTooltip(formatValue);
  const hidden = new Set();
  const legend = createLegend(hidden, options.summarize, draw);
  const table = element("div", { class: "chart-table", hidden: true, tabindex: 0, role: "region" });
  table.setAttribute("aria-label", `${label}, as a table`);
  table.style.height = `${height}px`;
  const root = element("div", { class: "chart" }, legend.element, canvas, table, spoken);
  let data = NO_DATA;
  let shown = NO_DATA;
  let range = { startMs: 0, endMs: 1 };
  let plot;
  let drawn = "";
  const drawnRange = () => range;
  function draw() {
    shown = { ...data, lines: data.lines.filter(({ name }) => !hidden.has(name)) };
    // The topmost of a stack is drawn first, the others over it.
    const lines = kind === "bars" ? [...stack(shown.lines)].reverse() : shown.lines;
    const rows = [data.timesMs, ...lines.map(({ values }) => values)];
    const width = canvas.clientWidth;
    const structure = lines.map(({ name, color }) => name + color).join("\n");
    if (plot !== undefined && structure === drawn) {
      plot.setData(rows);
    } else if (width > 0) {
      plot?.destroy();
      const plotted = { ...shown, lines };
      const onCursor = followCursor;
      plot = new uPlot(
        plotOptions({ kind, width, height, data: plotted, range: drawnRange, formatValue, onCursor, onZoom }),
        rows,
        canvas,
      );
      plot.over.append(tooltip.element);
      drawn = structure;
    }
    legend.show(data.lines);
    if (!table.hidden) table.replaceChildren(chartTable(shown, formatValue));
  }
  function followCursor({ cursor, over }) {
    const isHere = over.matches(":hover") || canvas.matches(":focus-visible");
    if (cursor.idx === null || cursor.idx === undefined || !isHere) tooltip.hide();
    else tooltip.show(shown, cursor.idx, cursor.left ?? 0, over.clientWidth);
  }
  canvas.addEventListener("keydown", (event) => {
    const last = shown.timesMs.length - 1;
    const at = plot?.cursor.idx ?? last + 1;
    const next = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last }[event.key];
    if (plot === undefined || next === undefined || last < 0) return;
    event.preventDefault();
    const found = Math.min(Math.max(next, 0), last);
    plot.setCursor({ left: plot.valToPos(shown.timesMs[found] ?? 0, "x"), top: 10 });
    spoken.textContent = tooltip.element.innerText.replaceAll("\n", " ");
  });
  canvas.addEventListener("blur", () => tooltip.hide());
  const resizing = new ResizeObserver(() => {
    const width = canvas.clientWidth;
    if (width === 0) return;
    if (plot === undefined) draw();
    else if (plot.width !== width) plot.setSize({ width, height });
  });
  resizing.observe(canvas);
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
    recolor: () => plot?.redraw(false),
    close() {
      resizing.disconnect();
      plot?.destroy();
    },
  };
}
