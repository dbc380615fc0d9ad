import { PRESETS, type RangeChoice } from "../state/time-range.ts";

const DAY_MS = 86_400_000;

const clockTime = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const secondTime = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const dayDate = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const fullDate = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

/** Times are the reader's own; `formatInstant` says the zone-free one. */
export const formatClock = (ms: number) => clockTime.format(ms);
export const formatSeconds = (ms: number) => secondTime.format(ms);
export const formatDay = (ms: number) => dayDate.format(ms);
export const formatDate = (ms: number) => fullDate.format(ms);
export const formatMoment = (ms: number) => `${dayDate.format(ms)}, ${secondTime.format(ms)}`;
export const formatInstant = (ms: number) => new Date(ms).toISOString();

/** What a point of a chart stands for, as exactly as its step. */
export function formatPoint(ms: number, stepMs: number): string {
  if (stepMs >= DAY_MS) return fullDate.format(ms);
  return stepMs < 60_000 ? formatMoment(ms) : `${dayDate.format(ms)}, ${clockTime.format(ms)}`;
}

/** What stands under a tick: days at midnight, times between. */
export function formatTick(ms: number, spacingMs: number): string {
  if (spacingMs >= DAY_MS) return formatDay(ms);
  const time = spacingMs < 60_000 ? formatSeconds(ms) : formatClock(ms);
  return time === "00:00" ? formatDay(ms) : time;
}

export function describeRange(range: RangeChoice): string {
  if (range.kind === "last") return PRESETS[range.preset].label;
  const { fromMs, toMs } = range;
  const isShort = toMs - fromMs < 3_600_000;
  const time = isShort ? formatSeconds : formatClock;
  const from = `${formatDay(fromMs)}, ${time(fromMs)}`;
  const isOneDay = formatDate(fromMs) === formatDate(toMs);
  return `${from} – ${isOneDay ? time(toMs) : `${formatDay(toMs)}, ${time(toMs)}`}`;
}

/** just now, 12 s ago, 3 min ago, 2 h ago, 4 d ago. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 2) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}
