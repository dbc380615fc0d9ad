/** What a chart draws: lines over one row of times. */
export interface ChartData {
  /** The beginning of each step. */
  readonly timesMs: readonly number[];
  readonly stepMs: number;
  readonly lines: readonly Line[];
}

export interface Line {
  readonly name: string;
  /** A custom property of the style sheet, `--series-1`. */
  readonly color: string;
  /** Null where there is nothing to say. */
  readonly values: readonly (number | null)[];
}

/** Statistics over time of one combination of labels, as QuerySeries answers them. */
export interface AnsweredSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly columns: readonly { readonly statistic: string; readonly values: readonly number[] }[];
}

export const NO_DATA: ChartData = { timesMs: [], stepMs: 0, lines: [] };

/** One statistic; all nulls where it was not answered. */
export function valuesOf(series: AnsweredSeries | undefined, statistic: string): (number | null)[] {
  const column = series?.columns.find((one) => one.statistic === statistic);
  return (column?.values ?? []).map((value) => (Number.isFinite(value) ? value : null));
}

export function totalOf(values: readonly (number | null)[]): number {
  return values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
}

export function sumRows(rows: readonly (readonly (number | null)[])[]): number[] {
  const length = Math.max(0, ...rows.map((row) => row.length));
  return Array.from({ length }, (_, at) => totalOf(rows.map((row) => row[at] ?? null)));
}

/** Where a series lies in time, and when it was asked for. */
export interface Timing {
  readonly timesMs: readonly number[];
  readonly stepMs: number;
  readonly nowMs: number;
}

/** A step that has just begun says nothing yet. */
const SHARE_OF_STEP_MIN = 0.2;

/** The values without those of a step that has just begun, or has not. */
export function maskIncompleteSteps(
  values: readonly (number | null)[],
  { timesMs, stepMs, nowMs }: Timing,
): (number | null)[] {
  return values.map((value, at) => (nowMs - (timesMs[at] ?? 0) < stepMs * SHARE_OF_STEP_MIN ? null : value));
}

/**
 * Counts as rates a second. The step that is not over is divided by what has passed of it: traffic does not
 * fall because a minute is young.
 */
export function toRates(counts: readonly (number | null)[], timing: Timing): (number | null)[] {
  const { timesMs, stepMs, nowMs } = timing;
  return maskIncompleteSteps(counts, timing).map((count, at) => {
    const passedMs = Math.min(stepMs, nowMs - (timesMs[at] ?? 0));
    return count === null ? null : count / (passedMs / 1000);
  });
}

/** The largest lines by total; the rest added up as one. */
export function largest(lines: readonly Line[], max: number, restName: string): readonly Line[] {
  if (lines.length <= max) return lines;
  const ordered = [...lines].sort((a, b) => totalOf(b.values) - totalOf(a.values));
  const values = sumRows(ordered.slice(max - 1).map((line) => line.values));
  return [...ordered.slice(0, max - 1), { name: restName, color: "--series-rest", values }];
}

/** Each line on top of those before it, for drawing from the last to the first. */
export function stack(lines: readonly Line[]): readonly Line[] {
  let below: readonly (number | null)[] = [];
  return lines.map((line) => {
    below = line.values.map((value, at) => (value ?? 0) + (below[at] ?? 0));
    return { ...line, values: below };
  });
}

/** Whether there is anything to draw. */
export function isBlank({ lines }: ChartData): boolean {
  return lines.every(({ values }) => values.every((value) => value === null || value === 0));
}
