import { PRESETS, type RangeChoice } from "../state/time-range.ts";
import { intlZone, zoneOffsetMs } from "./zone.ts";

const DAY_MS = 86_400_000;

/** In the zone of the page. Made once for each: building an Intl formatter takes far longer than formatting with it. */
function formatter(options: Intl.DateTimeFormatOptions): (ms: number) => string {
  const made = new Map<string | undefined, Intl.DateTimeFormat>();
  return (ms) => {
    const timeZone = intlZone();
    const known = made.get(timeZone) ?? new Intl.DateTimeFormat("en-GB", { ...options, timeZone });
    made.set(timeZone, known);
    return known.format(ms);
  };
}

const CLOCK = { hour: "2-digit", minute: "2-digit" } as const;

/** Hours and minutes, in the zone of the page, as everything here but `formatInstant`. */
export const formatClock = formatter(CLOCK);
/** Hours, minutes and seconds. */
export const formatSeconds = formatter({ ...CLOCK, second: "2-digit" });
/** Day and month, as "3 Feb". */
export const formatDay = formatter({ day: "numeric", month: "short" });
/** Month and year, as "Feb 2026". */
const formatMonth = formatter({ month: "short", year: "numeric" });
/** Day, month and year. */
export const formatDate = formatter({ day: "numeric", month: "short", year: "numeric" });
/** Day and time to the second: for single events. */
export const formatMoment = (ms: number) => `${formatDay(ms)}, ${formatSeconds(ms)}`;
/** ISO 8601 in UTC, for titles: what can be pasted into a log search, whatever zone its reader is in. */
export const formatInstant = (ms: number) => new Date(ms).toISOString();

/**
 * The time of a chart's point, as exactly as its step is long: a point of a day is a date, one of ten seconds
 * has seconds.
 */
export function formatPoint(ms: number, stepMs: number): string {
  if (stepMs >= DAY_MS) return formatDate(ms);
  return stepMs < 60_000 ? formatMoment(ms) : `${formatDay(ms)}, ${formatClock(ms)}`;
}

/**
 * A label of the time axis: the date at midnight, else the time.
 *
 * @param spacingMs time between two labels, which decides how exact they are
 */
export function formatTick(ms: number, spacingMs: number): string {
  if (spacingMs >= 28 * DAY_MS) return formatMonth(ms);
  if (spacingMs >= DAY_MS || (ms + zoneOffsetMs(ms)) % DAY_MS === 0) return formatDay(ms);
  return spacingMs < 60_000 ? formatSeconds(ms) : formatClock(ms);
}

/** A moment as a field for date and time takes it: `2026-02-03T10:00:00`, in the zone of the page. */
export function toFieldText(ms: number): string {
  return new Date(ms + zoneOffsetMs(ms)).toISOString().slice(0, 19);
}

/** What such a field says, in milliseconds since 1970; NaN for one that is not filled in. */
export function readFieldText(text: string): number {
  return Date.parse(intlZone() === "UTC" ? `${text}Z` : text);
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
