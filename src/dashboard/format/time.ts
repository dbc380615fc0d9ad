import { PRESETS, type RangeChoice } from "../state/time-range.ts";

const DAY_MS = 86_400_000;

/** Created once: building an Intl formatter takes far longer than formatting with it. */
const clockTime = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const secondTime = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const dayDate = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const fullDate = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

/** Hours and minutes in the time zone of the browser, as everything here but `formatInstant`. */
export const formatClock = (ms: number) => clockTime.format(ms);
/** Hours, minutes and seconds. */
export const formatSeconds = (ms: number) => secondTime.format(ms);
/** Day and month, as "3 Feb". */
export const formatDay = (ms: number) => dayDate.format(ms);
/** Day, month and year. */
export const formatDate = (ms: number) => fullDate.format(ms);
/** Day and time to the second: for single events. */
export const formatMoment = (ms: number) => `${dayDate.format(ms)}, ${secondTime.format(ms)}`;
/** ISO 8601 in UTC, for titles: what can be pasted into a log search, whatever zone its reader is in. */
export const formatInstant = (ms: number) => new Date(ms).toISOString();

/**
 * The time of a chart's point, as exactly as its step is long: a point of a day is a date, one of ten seconds
 * has seconds.
 */
export function formatPoint(ms: number, stepMs: number): string {
  if (stepMs >= DAY_MS) return fullDate.format(ms);
  return stepMs < 60_000 ? formatMoment(ms) : `${dayDate.format(ms)}, ${clockTime.format(ms)}`;
}

/**
 * A label of the time axis: the date at midnight, else the time.
 *
 * @param spacingMs time between two labels, which decides whether seconds are shown
 */
export function formatTick(ms: number, spacingMs: number): string {
  if (spacingMs >= DAY_MS) return formatDay(ms);
  const time = spacingMs < 60_000 ? formatSeconds(ms) : formatClock(ms);
  return time === "00:00" ? formatDay(ms) : time;
}

/** The range in words, for the menu and for screen readers: "Last hour", "3 Feb, 10:00 – 12:00". */
export function describeRange(range: RangeChoice): string {
  if (range.kind === "last") return PRESETS[range.preset].label;
  const { fromMs, toMs } = range;
  const isShort = toMs - fromMs < 3_600_000;
  const time = isShort ? formatSeconds : formatClock;
  const from = `${formatDay(fromMs)}, ${time(fromMs)}`;
  const isOneDay = formatDate(fromMs) === formatDate(toMs);
  return `${from} – ${isOneDay ? time(toMs) : `${formatDay(toMs)}, ${time(toMs)}`}`;
}

/**
 * How long ago: just now, 12 s ago, 3 min ago, 2 h ago, 4 d ago. A clock that is ahead counts as just now.
 *
 * @param ms age in milliseconds, not a point in time
 */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 2) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}
