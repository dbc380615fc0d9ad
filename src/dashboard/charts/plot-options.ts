import uPlot from "uplot";
import { colorOf } from "../dom/theme.ts";
import { withoutZeros } from "../format/numbers.ts";
import { formatTick } from "../format/time.ts";
import type { ChartData } from "./chart-data.ts";

export type ChartKind = "lines" | "bars";

export interface PlotOptions {
  readonly kind: ChartKind;
  readonly width: number;
  readonly height: number;
  readonly data: ChartData;
  readonly range: () => { readonly startMs: number; readonly endMs: number };
  readonly formatValue: (value: number) => string;
  readonly onCursor: (plot: uPlot) => void;
  /** Absent: there is nothing to zoom to. */
  readonly onZoom?: (fromMs: number, toMs: number) => void;
}

/** Charts of one page show their cursors together. */
const SYNC_KEY = "page";
/** Less is a click that slipped. */
const ZOOM_PIXELS_MIN = 6;
const FONT = '11px Inter, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

function fade(color: string, alpha: string): string {
  return /^#[0-9a-f]{6}$/i.test(color) ? color + alpha : color;
}

/** How uPlot draws a chart. Colours are functions: another theme only needs another drawing. */
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

/** Nothing but zeroes still has a scale. */
function niceMax(max: number | null): number {
  return max === null || max <= 0 ? 1 : max * 1.08;
}

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

/** Points with nothing on either side, which no line shows. */
const alone: uPlot.Series.Points.Filter = (plot, series) => {
  const values = plot.data[series] ?? [];
  const isThere = (at: number) => (values[at] ?? null) !== null;
  return [...values.keys()].filter((at) => isThere(at) && !isThere(at - 1) && !isThere(at + 1));
};

/** A step's bar stands over the step: from its beginning on. */
const bars: uPlot.Series.PathBuilder = (plot, ...rest) =>
  uPlot.paths.bars?.({ size: [0.78, 40], align: 1, gap: 0 })(plot, ...rest) ?? null;

const grid = { stroke: () => colorOf("--grid"), width: 1 };

function timeAxis(): uPlot.Axis {
  return {
    stroke: () => colorOf("--faint"),
    font: FONT,
    size: 26,
    gap: 6,
    space: 76,
    grid: { show: false },
    ticks: { ...grid, size: 4 },
    values: (_, splits, __, ___, spacing) => splits.map((at) => formatTick(at, spacing)),
  };
}

function valueAxis(formatValue: (value: number) => string): uPlot.Axis {
  return {
    stroke: () => colorOf("--faint"),
    font: FONT,
    size: 58,
    gap: 6,
    space: 34,
    grid,
    ticks: { show: false },
    values: (_, splits) => splits.map((value) => (value === 0 ? "0" : withoutZeros(formatValue(value)))),
  };
}
