import { readNumber } from "./text.ts";

/**
 * RFC 3339 (section 5.6), and ISO 8601 without a zone: date, `T` or a space, time, optional fraction,
 * optional zone. Or the date alone.
 */
const ISO_8601 =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?(?:([Zz])|([+-])(\d\d):?(\d\d))?)?$/;

/** The years that ISO 8601 writes with four digits; the date functions of databases end there too. */
const YEAR_1_MS = -62_135_596_800_000;
const YEAR_9999_END_MS = 253_402_300_799_999;

/** From here on a number of seconds would be past the year 5138, so it can only mean milliseconds. */
const EPOCH_MS_MIN = 1e11;

/**
 * A client's idea of a time → ms since 1970 UTC, or undefined when it is none.
 *
 * Takes RFC 3339 and ISO 8601 text, where a time without a zone means UTC (Python's `isoformat` of a
 * naive `utcnow` writes these) and a date alone its first instant, epoch seconds or milliseconds as a number or as
 * text, and a Date.
 * Never the local zone, which is why `Date.parse` is not used. Parts of a millisecond are dropped from
 * text and rounded in numbers.
 */
export function readTimestamp(value: unknown): number | undefined {
  let ms: number | undefined;
  const said = typeof value === "string" ? readNumber(value) : value;
  if (typeof said === "string") ms = readText(said);
  else if (typeof said === "number") ms = Math.round(Math.abs(said) >= EPOCH_MS_MIN ? said : said * 1000);
  else if (said instanceof Date) ms = said.getTime();
  // Written so that NaN, the time of an invalid Date, is outside too.
  return ms !== undefined && ms >= YEAR_1_MS && ms <= YEAR_9999_END_MS ? ms : undefined;
}

/** A leap second (`:60`) counts as the first second of the next minute, as POSIX time has none. */
function readText(text: string): number | undefined {
  const match = ISO_8601.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = ""] = match;
  const [sign, zoneHour, zoneMinute] = match.slice(9);
  const inRange =
    Number(hour) <= 24 && Number(minute) < 60 && Number(second) <= 60 && Number(zoneHour ?? 0) < 24;
  if (!inRange || Number(zoneMinute ?? 0) >= 60) return undefined;
  const dayMs = dayStartMs(Number(year), Number(month), Number(day));
  if (dayMs === undefined) return undefined;
  const offsetMinutes = (Number(zoneHour ?? 0) * 60 + Number(zoneMinute ?? 0)) * (sign === "-" ? -1 : 1);
  const minutes = Number(hour) * 60 + Number(minute) - offsetMinutes;
  // 24:00:00 is the end of the day, and nothing comes after it.
  if (Number(hour) === 24 && [minute, second, fraction].some((part) => Number(part) > 0)) return undefined;
  const ms = Number(fraction.padEnd(3, "0").slice(0, 3));
  return dayMs + minutes * 60_000 + Number(second) * 1000 + ms;
}

/** Midnight of a day that exists: `Date.UTC` would turn 30 February into 2 March. */
function dayStartMs(year: number, month: number, day: number): number | undefined {
  const date = new Date(0);
  // Not Date.UTC: it takes the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(year, month - 1, day);
  const exists = year > 0 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return exists ? date.getTime() : undefined;
}
