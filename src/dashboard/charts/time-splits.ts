import { zoneOffsetMs } from "../format/zone.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Not a length, but the name of a step of one calendar month; its multiples are as many months. */
const MONTH_MS = 30 * DAY_MS;

/** How far labels of a time axis may be apart, ascending. All up to a day divide a day. */
export const SPLIT_STEPS_MS: readonly number[] = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1000),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR_MS),
  ...[1, 2, 7, 14].map((days) => days * DAY_MS),
  ...[1, 3, 6, 12, 24, 60].map((months) => months * MONTH_MS),
];

/**
 * The times of a range that get a label: the round ones of a clock on the wall in the zone of the page, midnight
 * among them, also where that clock is put forward or back. (`tzDate` of uPlot 1.6.32 is an hour off there.)
 *
 * @param stepMs one of `SPLIT_STEPS_MS`
 */
export function timeSplits(startMs: number, endMs: number, stepMs: number): number[] {
  const splits: number[] = [];
  const firstWallMs = startMs + zoneOffsetMs(startMs);
  const at = stepMs < MONTH_MS ? every(firstWallMs, stepMs) : everyMonths(firstWallMs, stepMs / MONTH_MS);
  for (let number = 0; ; number += 1) {
    const ms = fromWall(at(number));
    if (!(ms <= endMs)) return splits;
    // Where the clock is put forward, the hour that is left out is no other time than the next one.
    if (ms >= startMs && ms > (splits.at(-1) ?? Number.NEGATIVE_INFINITY)) splits.push(ms);
  }
}

/** Times on the wall are milliseconds too: those since 1970 by that clock. */
const every = (firstWallMs: number, stepMs: number) => (number: number) =>
  (Math.floor(firstWallMs / stepMs) + number) * stepMs;

function everyMonths(firstWallMs: number, step: number) {
  const first = new Date(firstWallMs);
  const months = (first.getUTCFullYear() - 1970) * 12 + first.getUTCMonth();
  return (number: number) => Date.UTC(1970, (Math.floor(months / step) + number) * step);
}

function fromWall(wallMs: number): number {
  return wallMs - zoneOffsetMs(wallMs - zoneOffsetMs(wallMs));
}
