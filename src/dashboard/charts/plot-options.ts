import uPlot from "uplot";
import { colorOf } from "../dom/theme.ts";
import { withoutZeros } from "../format/numbers.ts";
import { formatTick } from "../format/time.ts";
import { AXIS_GAP_PX, valueAxisWidth } from "./axis-width.ts";
import type { ChartData } from "./chart-data.ts";
import { SPLIT_STEPS_MS, timeSplits } from "./time-splits.ts";

/** Lines for what is measured (rates, durations), stacked bars for what adds up (counts by outcome). */
export type ChartKind = "lines" | "bars";

/** What uPlot, the library that draws on the canvas, has to know. See https://github.com/leeoniya/uPlot. */
export interface PlotOptions {
  readonly kind: ChartKind;
  /** CSS pixels, as all sizes here; uPlot multiplies by the screen's pixel ratio itself. */
  readonly width: number;
  readonly height: number;
  /** Decides the number and the colours of the lines. Their values are set later, through the plot itself. */
  readonly data: ChartData;
  /** Asked at each drawing, since the range moves on with every refresh while these options stay. */
  readonly range: () => { readonly startMs: number; readonly endMs: number };
  readonly formatValue: (value: number) => string;
  /** Called for every movement of the cursor, also of another chart's: cursors are synchronised. */
  readonly onCursor: (plot: uPlot) => void;
  /** Called with the dragged range in milliseconds since 1970. Absent: dragging selects nothing. */
  readonly onZoom?: (fromMs: number, toMs: number) => void;
}

/**
 * uPlot moves the cursors of all plots with the same key together: one moment is compared over all charts.
 */
const SYNC_KEY = "page";
/** Narrower selections are clicks during which the hand moved. */
const ZOOM_PIXELS_MIN = 6;
/** The canvas cannot inherit the page's font; this is `--font` of `style/tokens.css`. */
const FONT = '11px Inter, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

/** @param alpha two hexadecimal digits, as in `#rrggbbaa`. A colour in another notation is left opaque. */
function fade(color: string, alpha: string): string {
  return /^#[0-9a-f]{6}$/i.test(color) ? color + alpha : color;
}

/**
 * Options of a plot. Colours are given as functions, so that a change of the theme only needs another
 * drawing.
 */
export function plotOptions(options: PlotOptions): uPlot.Options {
  const { width, height, data, formatValue, range } = options;
  return {
    width,
    height,
    ms: 1,
    padding: [8, 12, 0, 0],
    legend: { show: false },
    focus: { alpha: 1 },
    scales: {
      x: { time: true, range: () => [range().startMs, range().endMs] },
      y: { range: (_, __, max) => [0, niceMax(max)] },
    },
    axes: [timeAxis(), valueAxis(formatValue)],
    series: [
      {},
      ...data.lines.map((line) => seriesOptions(options.kind, line.color, data.lines.length === 1)),
    ],
    cursor: {
      y: false,
      drag: { x: options.onZoom !== undefined, y: false, setScale: false },
      points: { size: 6, show: options.kind === "lines" },
      sync: { key: SYNC_KEY, setSeries: false },
    },
    hooks: {
      setCursor: [options.onCursor],
      setSelect: [
        (plot) => {
          const { left, width: selected } = plot.select;
          if (selected >= ZOOM_PIXELS_MIN) {
            options.onZoom?.(plot.posToVal(left, "x"), plot.posToVal(left + selected, "x"));
          }
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
}

/**
 * Some room above the highest value. The scale begins at 0 always: a chart that begins elsewhere makes small
 * differences look large. A chart of nothing but zeros still gets a scale.
 */
function niceMax(max: number | null): number {
  return max === null || max <= 0 ? 1 : max * 1.08;
}

/** @param isOnly a single line gets a faint area below it; areas of several would hide each other. */
function seriesOptions(kind: ChartKind, color: string, isOnly: boolean): uPlot.Series {
  const isBars = kind === "bars";
  return {
    stroke: () => colorOf(color),
    width: isBars ? 0 : 1.5,
    points: { show: !isBars, size: 4, width: 0, fill: () => colorOf(color), filter: alone },
    ...(isBars && { fill: () => colorOf(color), paths: bars }),
    ...(!isBars && isOnly && { fill: () => fade(colorOf(color), "14") }),
  };
}

/**
 * Points with a gap on either side. A line needs two points, so without a dot these would not be seen at all.
 */
const alone: uPlot.Series.Points.Filter = (plot, series) => {
  const values = plot.data[series] ?? [];
  const isThere = (at: number) => (values[at] ?? null) !== null;
  return [...values.keys()].filter((at) => isThere(at) && !isThere(at - 1) && !isThere(at + 1));
};

/** A bar stands over its whole step, from the step's beginning (`align: 1`), and is 40 px wide at most. */
const bars: uPlot.Series.PathBuilder = (plot, ...rest) =>
  uPlot.paths.bars?.({ size: [0.78, 40], align: 1, gap: 0 })(plot, ...rest) ?? null;

/** In CSS pixels, as the font's size is. */
function textWidth(context: CanvasRenderingContext2D, text: string): number {
  context.save();
  context.font = FONT;
  const { width } = context.measureText(text);
  context.restore();
  return width;
}

/** Shared by the value axis and the ticks of the time axis. */
const grid = { stroke: () => colorOf("--grid"), width: 1 };

/** `space` is the least distance of two labels in pixels; uPlot chooses round times that keep to it. */
function timeAxis(): uPlot.Axis {
  return {
    stroke: () => colorOf("--faint"),
    font: FONT,
    size: 26,
    gap: 6,
    space: 76,
    grid: { show: false },
    ticks: { ...grid, size: 4 },
    incrs: [...SPLIT_STEPS_MS],
    splits: (_, __, startMs, endMs, stepMs) => timeSplits(startMs, endMs, stepMs),
    values: (_, splits, __, ___, stepMs) => splits.map((at) => formatTick(at, stepMs)),
  };
}

/**
 * @param formatValue gives the unit as well. Zeros after the point are cut here: scales have round numbers.
 */
function valueAxis(formatValue: (value: number) => string): uPlot.Axis {
  return {
    stroke: () => colorOf("--faint"),
    font: FONT,
    size: (plot, labels) => valueAxisWidth(labels ?? [], (text) => textWidth(plot.ctx, text)),
    gap: AXIS_GAP_PX,
    space: 34,
    grid,
    ticks: { show: false },
    values: (_, splits) => splits.map((value) => (value === 0 ? "0" : withoutZeros(formatValue(value)))),
  };
}
