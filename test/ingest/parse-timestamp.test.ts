import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readTimestamp } from "../../src/ingest/parse-timestamp.ts";
import { cpuMsSince } from "../support/cpu-time.ts";

const NOON = Date.UTC(2026, 2, 29, 12);

const READ: readonly { readonly name: string; readonly value: unknown; readonly ms: number }[] = [
  { name: "RFC 3339 in UTC", value: "2026-03-29T12:00:00Z", ms: NOON },
  { name: "lower case", value: "2026-03-29t12:00:00z", ms: NOON },
  { name: "an offset to the east", value: "2026-03-29T14:00:00+02:00", ms: NOON },
  { name: "an offset to the west", value: "2026-03-29T08:30:00-03:30", ms: NOON },
  { name: "an offset over midnight", value: "2026-03-30T01:59:59+13:59", ms: NOON + 59_000 },
  { name: "an unknown offset", value: "2026-03-29T12:00:00-00:00", ms: NOON },
  { name: "an offset without a colon", value: "2026-03-29T14:00:00+0200", ms: NOON },
  { name: "no zone, which means UTC", value: "2026-03-29T12:00:00", ms: NOON },
  { name: "a naive time of Python", value: "2026-03-29T12:00:00.123456", ms: NOON + 123 },
  { name: "a time that a zone with summer time skips", value: "2026-03-29T02:30:00", ms: NOON - 34_200_000 },
  { name: "a space", value: "2026-03-29 12:00:00+00:00", ms: NOON },
  { name: "no seconds", value: "2026-03-29T12:00Z", ms: NOON },
  { name: "a comma", value: "2026-03-29T12:00:00,5Z", ms: NOON + 500 },
  { name: "one digit of fraction", value: "2026-03-29T12:00:00.5Z", ms: NOON + 500 },
  { name: "nanoseconds, cut", value: "2026-03-29T12:00:00.999999999Z", ms: NOON + 999 },
  { name: "twenty digits of fraction", value: "2026-03-29T12:00:00.00100000000000000009Z", ms: NOON + 1 },
  { name: "the end of a day", value: "2026-03-28T24:00:00Z", ms: NOON - 43_200_000 },
  { name: "a leap second", value: "2016-12-31T23:59:60Z", ms: Date.UTC(2017, 0, 1) },
  { name: "29 February of a leap year", value: "2024-02-29T00:00:00Z", ms: Date.UTC(2024, 1, 29) },
  { name: "29 February of 2000", value: "2000-02-29T00:00:00Z", ms: Date.UTC(2000, 1, 29) },
  { name: "before 1970", value: "1969-12-31T23:59:59.999Z", ms: -1 },
  { name: "a year below 100", value: "0099-01-01T00:00:00Z", ms: -59_042_995_200_000 },
  { name: "the first instant", value: "0001-01-01T00:00:00Z", ms: -62_135_596_800_000 },
  { name: "the last instant", value: "9999-12-31T23:59:59.999Z", ms: 253_402_300_799_999 },
  { name: "a date alone, from its first instant on", value: "2026-03-29", ms: NOON - 43_200_000 },
  { name: "epoch seconds as text", value: String(NOON / 1000), ms: NOON },
  { name: "epoch seconds as text with a fraction", value: `${NOON / 1000}.25`, ms: NOON + 250 },
  { name: "epoch milliseconds as text", value: String(NOON), ms: NOON },
  { name: "a negative number as text", value: "-86400", ms: -86_400_000 },
  { name: "epoch seconds", value: NOON / 1000, ms: NOON },
  { name: "epoch seconds with a fraction", value: NOON / 1000 + 0.25, ms: NOON + 250 },
  { name: "time.time() of Python", value: 1774785600.123456, ms: 1_774_785_600_123 },
  { name: "epoch milliseconds", value: NOON, ms: NOON },
  { name: "epoch milliseconds with a fraction", value: NOON + 0.6, ms: NOON + 1 },
  { name: "the epoch", value: 0, ms: 0 },
  { name: "negative seconds", value: -86_400, ms: -86_400_000 },
  { name: "negative milliseconds", value: -1e11, ms: -1e11 },
  { name: "the largest seconds", value: 99_999_999_999, ms: 99_999_999_999_000 },
  { name: "the smallest milliseconds", value: 1e11, ms: 1e11 },
  { name: "a Date", value: new Date(NOON + 7), ms: NOON + 7 },
];

const REFUSED: readonly { readonly name: string; readonly value: unknown }[] = [
  { name: "nothing", value: "" },
  { name: "words", value: "yesterday" },
  { name: "a date that is none", value: "2026-02-30" },
  { name: "a date with a zone", value: "2026-03-29Z" },
  { name: "a date and a T", value: "2026-03-29T" },
  { name: "a date with a line feed", value: "2026-03-29\n" },
  { name: "a number with a space", value: " 1774785600" },
  { name: "a number in hexadecimal", value: "0x10" },
  { name: "a number as text that is too large", value: "1e300" },
  { name: "30 February", value: "2026-02-30T00:00:00Z" },
  { name: "29 February of a common year", value: "2026-02-29T00:00:00Z" },
  { name: "29 February of 1900", value: "1900-02-29T00:00:00Z" },
  { name: "31 April", value: "2026-04-31T00:00:00Z" },
  { name: "day 0", value: "2026-04-00T00:00:00Z" },
  { name: "month 0", value: "2026-00-01T00:00:00Z" },
  { name: "month 13", value: "2026-13-01T00:00:00Z" },
  { name: "hour 25", value: "2026-03-29T25:00:00Z" },
  { name: "a minute after 24:00", value: "2026-03-29T24:01:00Z" },
  { name: "half a second after 24:00", value: "2026-03-29T24:00:00.5Z" },
  { name: "minute 60", value: "2026-03-29T12:60:00Z" },
  { name: "second 61", value: "2026-03-29T12:00:61Z" },
  { name: "an offset of 24 hours", value: "2026-03-29T12:00:00+24:00" },
  { name: "an offset of 60 minutes", value: "2026-03-29T12:00:00+01:60" },
  { name: "an empty fraction", value: "2026-03-29T12:00:00.Z" },
  { name: "one digit of a month", value: "2026-3-29T12:00:00Z" },
  { name: "five digits of a year", value: "12026-03-29T12:00:00Z" },
  { name: "a signed year", value: "+002026-03-29T12:00:00Z" },
  { name: "a trailing newline", value: "2026-03-29T12:00:00Z\n" },
  { name: "a leading space", value: " 2026-03-29T12:00:00Z" },
  { name: "the name of a zone", value: "2026-03-29T12:00:00 UTC" },
  { name: "digits of another script", value: "٢٠٢٦-03-29T12:00:00Z" },
  { name: "the year 0", value: "0000-12-31T23:59:59Z" },
  { name: "the year 0 by its offset", value: "0001-01-01T00:00:00+00:01" },
  { name: "the year 10000 by its offset", value: "9999-12-31T23:59:59-00:01" },
  { name: "the year 10000 by its leap second", value: "9999-12-31T23:59:60Z" },
  { name: "nanoseconds", value: NOON * 1e6 },
  { name: "too far in the past", value: -1e14 },
  { name: "NaN", value: Number.NaN },
  { name: "infinity", value: Number.NEGATIVE_INFINITY },
  { name: "a Date that is none", value: new Date(Number.NaN) },
  { name: "a Date past the year 9999", value: new Date(8.64e15) },
  { name: "a Date before the year 1", value: new Date(-8.64e15) },
  { name: "true", value: true },
  { name: "a bigint", value: BigInt(NOON) },
  { name: "a list", value: [NOON] },
  { name: "an object", value: { seconds: 1 } },
];

const ZONES = ["UTC", "America/St_Johns", "Asia/Kathmandu", "Pacific/Chatham", "Europe/Berlin"];

/** Run `check` in every one of ZONES. */
function everywhere(check: () => void): void {
  const before = process.env.TZ;
  try {
    for (const zone of ZONES) {
      process.env.TZ = zone;
      check();
    }
  } finally {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  }
}

test("the zones of these tests are in force", () => {
  const offsets = new Set<number>();
  everywhere(() => offsets.add(new Date(NOON).getTimezoneOffset()));
  assert.is(offsets.size, ZONES.length);
});

for (const { name, value, ms } of READ) {
  test(`${name} is read, alike in every time zone`, () => {
    everywhere(() => assert.is(readTimestamp(value), ms));
  });
}

for (const { name, value } of REFUSED) {
  test(`${name} is no time`, () => assert.is(readTimestamp(value), undefined));
}

const pad = (value: number, digits: number) => String(value).padStart(digits, "0");

/** `ms` as RFC 3339 with that offset, by nothing but counting days. */
function format(ms: number, offsetMinutes: number, separator: string): string {
  const local = ms + offsetMinutes * 60_000;
  let days = Math.floor(local / 86_400_000);
  const inDay = local - days * 86_400_000;
  let year = 1970;
  const lengthOf = (one: number) => ((one % 4 === 0 && one % 100 !== 0) || one % 400 === 0 ? 366 : 365);
  for (; days < 0; days += lengthOf(year)) year -= 1;
  for (; days >= lengthOf(year); year += 1) days -= lengthOf(year);
  const months = [31, lengthOf(year) - 337, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  let month = 0;
  for (; days >= (months[month] ?? 31); month += 1) days -= months[month] ?? 31;
  const date = `${pad(year, 4)}-${pad(month + 1, 2)}-${pad(days + 1, 2)}`;
  const time = [inDay / 3_600_000, (inDay / 60_000) % 60, (inDay / 1000) % 60].map((part) =>
    pad(Math.floor(part), 2),
  );
  const size = Math.abs(offsetMinutes);
  const zone = `${offsetMinutes < 0 ? "-" : "+"}${pad(Math.floor(size / 60), 2)}:${pad(size % 60, 2)}`;
  return `${date}${separator}${time.join(":")}.${pad(inDay % 1000, 3)}${zone}`;
}

test("every instant of the years 2 to 9998 is read back from RFC 3339 with any offset", () => {
  const instant = fc.integer({ min: -62_100_000_000_000, max: 253_300_000_000_000 });
  const offset = fc.integer({ min: -1439, max: 1439 });
  fc.assert(
    fc.property(instant, offset, fc.constantFrom("T", " ", "t"), (ms, offsetMinutes, separator) => {
      assert.is(readTimestamp(format(ms, offsetMinutes, separator)), ms);
    }),
    { numRuns: 1000 },
  );
});

test("any text is a time or none, quickly", () => {
  const near = fc.string({ unit: fc.constantFrom(..."0123456789-T:. Z+"), maxLength: 40 });
  fc.assert(
    fc.property(fc.oneof(near, fc.string()), (text) => {
      const ms = readTimestamp(text);
      assert.ok(ms === undefined || Number.isInteger(ms));
    }),
  );
  const before = process.cpuUsage();
  assert.is(readTimestamp(`2026-03-29T12:00:00.${"1".repeat(1e6)}`), NOON + 111);
  assert.is(readTimestamp(`2026-03-29T12:00:00.${"1".repeat(1e6)}x`), undefined);
  assert.is(readTimestamp("2".repeat(1e6)), undefined);
  const ms = cpuMsSince(before);
  assert.ok(ms < 2000, `${ms} ms`);
});

test.run();
