export const NO_DATA = { timesMs: [], stepMs: 0, lines: [] };
/** One statistic; all nulls where it was not answered. */
export function valuesOf(series, statistic) {
  const column = series?.columns.find((one) => one.statistic === statistic);
  return (column?.values ?? []).map((value) => (Number.isFinite(value) ? value : null));
}
export function totalOf(values) {
  return values.reduce((sum, value) => sum + (value ?? 0), 0);
}
export function addUp(rows) {
  const length = Math.max(0, ...rows.map((row) => row.length));
  return Array.from({ length }, (_, at) => totalOf(rows.map((row) => row[at] ?? null)));
}
/** A step that has just begun says nothing yet. */
const SHARE_OF_STEP_MIN = 0.2;
/**
 * Counts as rates a second. The step that is not over is divided by what has passed of it: traffic does not
 * fall because a minute is young. Null after that.
 */
export function toRates(counts, { timesMs, stepMs, nowMs }) {
  return counts.map((count, at) => {
    const passedMs = Math.min(stepMs, nowMs - (timesMs[at] ?? 0));
    return count === null || passedMs < stepMs * SHARE_OF_STEP_MIN ? null : count / (passedMs / 1000);
  });
}
/** The largest lines by total; the rest added up as one. */
export function largest(lines, max, restName) {
  if (lines.length <= max) return lines;
  const ordered = [...lines].sort((a, b) => totalOf(b.values) - totalOf(a.values));
  const values = addUp(ordered.slice(max - 1).map((line) => line.values));
  return [...ordered.slice(0, max - 1), { name: restName, color: "--series-rest", values }];
}
/** Each line on top of those before it, for drawing from the last to the first. */
export function stack(lines) {
  let below = [];
  return lines.map((line) => {
    below = line.values.map((value, at) => (value ?? 0) + (below[at] ?? 0));
    return { ...line, values: below };
  });
}
/** Whether there is anything to draw. */
export function isBlank({ lines }) {
  return lines.every(({ values }) => values.every((value) => value === null || value === 0));
}
