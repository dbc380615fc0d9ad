/** What a chart draws: some lines over one common row of times. Empty arrays draw empty axes. */
export interface ChartData {
  /** The beginning of each step in milliseconds since 1970, ascending and `stepMs` apart. */
  readonly timesMs: readonly number[];
  /** Length of a step in milliseconds; also decides how exactly times are written beside the cursor. */
  readonly stepMs: number;
  /** In the order of the legend. In a bar chart the first is at the bottom of the stack. */
  readonly lines: readonly Line[];
}

/** One line or, in a bar chart, one layer of the stack. */
export interface Line {
  /**
   * Shown in the legend and the tooltip; identifies the line within its chart, so it must be unique there.
   */
  readonly name: string;
  /** Name of a custom property of the style sheet, as `--series-1`: it has a value for each theme. */
  readonly color: string;
  /** One for each of `timesMs`. Null is a gap: nothing was measured, which is not the same as zero. */
  readonly values: readonly (number | null)[];
  /** Beside the name in the legend: a number of the whole time that is shown, and what it is. Absent: none. */
  readonly summary?: string;
}

/**
 * The statistics over time of one combination of labels: the part of QuerySeries' answer that charts need.
 */
export interface AnsweredSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly columns: readonly { readonly statistic: string; readonly values: readonly number[] }[];
}

/** What a chart shows before its first answer. */
export const NO_DATA: ChartData = { timesMs: [], stepMs: 0, lines: [] };

/**
 * The values of one statistic, with gaps where the service answers NaN. Empty where there is no such series
 * or statistic.
 */
export function valuesOf(series: AnsweredSeries | undefined, statistic: string): (number | null)[] {
  const column = series?.columns.find((one) => one.statistic === statistic);
  return (column?.values ?? []).map((value) => (Number.isFinite(value) ? value : null));
}

/** The sum of the values there are; 0 for a line that is all gaps. */
export function totalOf(values: readonly (number | null)[]): number {
  return values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
}

/** Adds up rows point by point. Gaps count as 0, and shorter rows as if gaps followed. */
function sumRows(rows: readonly (readonly (number | null)[])[]): number[] {
  const length = Math.max(0, ...rows.map((row) => row.length));
  return Array.from({ length }, (_, at) => totalOf(rows.map((row) => row[at] ?? null)));
}

/** What it takes to tell which step of a series is still going on. */
export interface Timing {
  readonly timesMs: readonly number[];
  readonly stepMs: number;
  /** When the series was asked for, in milliseconds since 1970. */
  readonly nowMs: number;
}

/**
 * A step is shown once this part of it has passed. Before that, a few seconds of data would stand for a whole
 * step, and rates and quantiles would jump at the right edge of every chart.
 */
const SHARE_OF_STEP_MIN = 0.2;

/** The values with gaps for steps that have just begun or lie ahead. */
export function maskIncompleteSteps(
  values: readonly (number | null)[],
  { timesMs, stepMs, nowMs }: Timing,
): (number | null)[] {
  return values.map((value, at) => (nowMs - (timesMs[at] ?? 0) < stepMs * SHARE_OF_STEP_MIN ? null : value));
}

/**
 * Counts in each step as events a second. The step still going on is divided by the seconds that have passed
 * of it, not by its length: otherwise every chart would seem to fall off at its right edge.
 */
export function toRates(counts: readonly (number | null)[], timing: Timing): (number | null)[] {
  const { timesMs, stepMs, nowMs } = timing;
  return maskIncompleteSteps(counts, timing).map((count, at) => {
    const passedMs = Math.min(stepMs, nowMs - (timesMs[at] ?? 0));
    return count === null ? null : count / (passedMs / 1000);
  });
}

/**
 * At most `max` lines: those with the largest totals and, in place of the others, their sum under `restName`.
 * Returned as they are when they fit. Counts only: adding up quantiles would mean nothing.
 */
export function largest(lines: readonly Line[], max: number, restName: string): readonly Line[] {
  if (lines.length <= max) return lines;
  const ordered = [...lines].sort((a, b) => totalOf(b.values) - totalOf(a.values));
  const values = sumRows(ordered.slice(max - 1).map((line) => line.values));
  return [...ordered.slice(0, max - 1), { name: restName, color: "--series-rest", values }];
}

/**
 * Each line raised by those before it. To be drawn from the last to the first, so that the lower ones cover
 * the higher ones down to their own top.
 */
export function stack(lines: readonly Line[]): readonly Line[] {
  let below: readonly (number | null)[] = [];
  return lines.map((line) => {
    below = line.values.map((value, at) => (value ?? 0) + (below[at] ?? 0));
    return { ...line, values: below };
  });
}

/** Whether all lines are gaps and zeros: then a sentence says more than an empty chart. */
export function isBlank({ lines }: ChartData): boolean {
  return lines.every(({ values }) => values.every((value) => value === null || value === 0));
}
