/** RFC 3339, and ISO 8601 without a zone: date, `T` or a space, time with an optional fraction, optional zone. */
const ISO_8601 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:([Zz])|([+-])(\d\d):?(\d\d))?$/;

/** From here on a number of seconds would be past the year 5138, so it can only mean milliseconds. */
const EPOCH_MS_MIN = 1e11;

/**
 * A client's idea of a time → ms since 1970 UTC, or undefined when it is none.
 *
 * Takes RFC 3339 and ISO 8601 text, where a time without a zone means UTC (Python's `isoformat` of a
 * naive `utcnow` writes these), epoch seconds or milliseconds as a number, and a Date.
 * Never the local zone,
 * which is why `Date.parse` is not used.
 */
export function readTimestamp(value: unknown): number | undefined {
  if (typeof value === "number") return readEpoch(value);
  if (value instanceof Date) return value.getTime();
  if (typeof value !== "string") return undefined;
  const match = ISO_8601.exec(value);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second = "0", fraction = "", , sign, zoneHour, zoneMinute] = match;
  const inRange =
    Number(hour) <= 24 && Number(minute) < 60 && Number(second) <= 60 && Number(zoneHour ?? 0) < 24;
  if (!inRange || Number(zoneMinute ?? 0) >= 60) return undefined;
  const dayMs = dayStartMs(Number(year), Number(month), Number(day));
  if (dayMs === undefined) return undefined;
  const offsetMinutes = (Number(zoneHour ?? 0) * 60 + Number(zoneMinute ?? 0)) * (sign === "-" ? -1 : 1);
  const minutes = Number(hour) * 60 + Number(minute) - offsetMinutes;
  if (Number(hour) === 24 && (Number(minute) > 0 || Number(second) > 0)) return undefined;
  const ms = Number(fraction.padEnd(3, "0").slice(0, 3));
  return dayMs + minutes * 60_000 + Number(second) * 1000 + ms;
}

function readEpoch(value: number): number | undefined {
  const ms = Math.round(Math.abs(value) >= EPOCH_MS_MIN ? value : value * 1000);
  // The years that ISO 8601 can write with four digits; SQLite's date functions end there too.
  return ms >= -62_135_596_800_000 && ms <= 253_402_300_799_999 ? ms : undefined;
}

/** Midnight of a day that exists: `Date.UTC` would turn 30 February into 2 March. */
function dayStartMs(year: number, month: number, day: number): number | undefined {
  const date = new Date(0);
  // Not Date.UTC: it takes the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(year, month - 1, day);
  const exists = year > 0 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return exists ? date.getTime() : undefined;
}
