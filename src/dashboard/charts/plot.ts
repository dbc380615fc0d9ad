import uPlot from "uplot";
import type { ResolvedRange } from "../state/time-range.ts";
import { type ChartData, NO_DATA, stack } from "./chart-data.ts";
import { type ChartKind, plotOptions } from "./plot-options.ts";

/** Where the cursor is: at which point, and how far from the left. */
export interface PlotCursor {
  readonly at: number;
  readonly leftPx: number;
  readonly widthPx: number;
}

export interface PlotSettings {
  readonly kind: ChartKind;
  readonly height: number;
  readonly formatValue: (value: number) => string;
  /** Absent: there is nothing to zoom to. */
  readonly onZoom?: (fromMs: number, toMs: number) => void;
  /** Undefined when it has left. */
  readonly onCursor: (cursor: PlotCursor | undefined) => void;
}

export interface Plot {
  draw(data: ChartData, range: ResolvedRange): void;
  /** Put something over the drawing, which moves with it. */
  overlay(layer: HTMLElement): void;
  /** Put the cursor at a point. */
  pointAt(at: number): void;
  recolor(): void;
  close(): void;
}

/** One drawing in `canvas`, as wide as that is: renewed in place while it has the same lines. */
export function createPlot(canvas: HTMLElement, settings: PlotSettings): Plot {
  const { kind, height } = settings;
  let data = NO_DATA;
  let range: ResolvedRange = { startMs: 0, endMs: 1 };
  let plot: uPlot | undefined;
  let drawn = "";
  let layer: HTMLElement | undefined;

  function onCursor({ cursor, over }: uPlot): void {
    const { idx, left = 0 } = cursor;
    // The cursors of all charts move together; only where the reader is, there are numbers.
    const isHere = over.matches(":hover") || canvas.matches(":focus-visible");
    const isAway = idx === null || idx === undefined || !isHere;
    settings.onCursor(isAway ? undefined : { at: idx, leftPx: left, widthPx: over.clientWidth });
  }

  function draw(): void {
    const width = canvas.clientWidth;
    // The topmost of a stack is drawn first, the others over it.
    const lines = kind === "bars" ? [...stack(data.lines)].reverse() : data.lines;
    const rows = [data.timesMs, ...lines.map(({ values }) => values)] as unknown as uPlot.AlignedData;
    const structure = lines.map(({ name, color }) => name + color).join("\n");
    if (plot !== undefined && structure === drawn) {
      plot.setData(rows);
    } else if (width > 0) {
      plot?.destroy();
      const options = plotOptions({
        ...settings,
        onCursor,
        width,
        data: { ...data, lines },
        range: () => range,
      });
      plot = new uPlot(options, rows, canvas);
      if (layer !== undefined) plot.over.append(layer);
      drawn = structure;
    }
  }

  const resizing = new ResizeObserver(() => {
    const width = canvas.clientWidth;
    if (width === 0) return;
    if (plot === undefined) draw();
    else if (plot.width !== width) plot.setSize({ width, height });
  });
  resizing.observe(canvas);

  return {
    draw(newData, newRange) {
      data = newData;
      range = newRange;
      draw();
    },
    overlay(given) {
      layer = given;
    },
    pointAt(at) {
      const time = data.timesMs[at];
      if (plot !== undefined && time !== undefined)
        plot.setCursor({ left: plot.valToPos(time, "x"), top: 10 });
    },
    recolor: () => plot?.redraw(false),
    close() {
      resizing.disconnect();
      plot?.destroy();
    },
  };
}
