import uPlot from "uplot";
import type { ResolvedRange } from "../state/time-range.ts";
import { type ChartData, NO_DATA, stack } from "./chart-data.ts";
import { type ChartKind, plotOptions } from "./plot-options.ts";

/** Where the cursor is. */
export interface PlotCursor {
  /** Index of the nearest point in the data. */
  readonly at: number;
  /** Distance from the left edge of the plotting area, without the axis. */
  readonly leftPx: number;
  /** Width of that area: decides on which side of the cursor the tooltip has room. */
  readonly widthPx: number;
}

/** What stays the same for a plot's life. */
export interface PlotSettings {
  readonly kind: ChartKind;
  /** CSS pixels; the width is that of the element around it. */
  readonly height: number;
  /** For the labels of the value axis. */
  readonly formatValue: (value: number) => string;
  /** Called with the dragged range in milliseconds since 1970. Absent: there is nothing to zoom to. */
  readonly onZoom?: (fromMs: number, toMs: number) => void;
  /** The cursor has moved over this plot, or was put there by the keyboard; undefined when it has left. */
  readonly onCursor: (cursor: PlotCursor | undefined) => void;
}

/** A drawing that can be renewed. */
export interface Plot {
  /**
   * Does nothing while the element has no width (its panel is hidden); it is made up for when it gets one.
   */
  draw(data: ChartData, range: ResolvedRange): void;
  /**
   * Puts an element over the plotting area, in its coordinates. One at the most; it survives new drawings.
   */
  overlay(layer: HTMLElement): void;
  /** Moves the cursor to a point, as if the mouse were there, with the same call of `onCursor`. */
  pointAt(at: number): void;
  /** Draws again with the colours of the theme that is on. */
  recolor(): void;
  /** Frees the canvas and stops watching the size. */
  close(): void;
}

/**
 * One uPlot in `canvas`, as wide as that. New values for the same lines are set in place, which takes a
 * fraction of building a plot; only other lines, or other colours, build a new one.
 */
export function createPlot(canvas: HTMLElement, settings: PlotSettings): Plot {
  const { kind, height } = settings;
  let data = NO_DATA;
  let range: ResolvedRange = { startMs: 0, endMs: 1 };
  let plot: uPlot | undefined;
  /** Names and colours of the lines that the present plot was built for. */
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
