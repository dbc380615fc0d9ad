import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { valueAxisWidth } from "../../src/dashboard/charts/axis-width.ts";
import { SPLIT_STEPS_MS, timeSplits } from "../../src/dashboard/charts/time-splits.ts";
import {
  describeRange,
  formatInstant,
  formatMoment,
  formatPoint,
  formatTick,
  readFieldText,
  toFieldText,
} from "../../src/dashboard/format/time.ts";
import { nameOfZone, shownZoneName, useZone } from "../../src/dashboard/format/zone.ts";
import type { Zone } from "../../src/dashboard/state/time-range.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/lib/time.ts";

// The reader's zone: an hour ahead of UTC, or two, from 29 March 2026 1:00 to 25 October 2026 1:00 UTC.
process.env.TZ = "Europe/Berlin";

const at = Date.parse;
const inZone = <Result>(zone: Zone, read: () => Result) => {
  useZone(zone);
  return read();
};

const written: readonly [name: string, write: () => string, local: string, utc: string][] = [
  ["a moment", () => formatMoment(at("2026-02-03T23:30:05Z")), "4 Feb, 00:30:05", "3 Feb, 23:30:05"],
  ["in summer", () => formatMoment(at("2026-07-03T22:00:00Z")), "4 Jul, 00:00:00", "3 Jul, 22:00:00"],
  ["a day's point", () => formatPoint(at("2026-02-03T23:00:00Z"), DAY_MS), "4 Feb 2026", "3 Feb 2026"],
  ["a tick at its midnight", () => formatTick(at("2026-02-03T23:00:00Z"), HOUR_MS), "4 Feb", "23:00"],
  ["… with seconds", () => formatTick(at("2026-02-03T23:00:00Z"), 30_000), "4 Feb", "23:00:00"],
  ["a tick at midnight UTC", () => formatTick(at("2026-02-04T00:00:00Z"), MINUTE_MS), "01:00", "4 Feb"],
  ["… with seconds", () => formatTick(at("2026-02-04T00:00:00Z"), 1000), "01:00:00", "4 Feb"],
  ["a second later", () => formatTick(at("2026-02-04T00:00:01Z"), 1000), "01:00:01", "00:00:01"],
  ["a tick of days", () => formatTick(at("2026-02-03T23:00:00Z"), 7 * DAY_MS), "4 Feb", "3 Feb"],
  ["a tick of months", () => formatTick(at("2026-01-31T23:00:00Z"), 30 * DAY_MS), "Feb 2026", "Jan 2026"],
  [
    "a range that is one day in one zone",
    () =>
      describeRange({
        kind: "fixed",
        fromMs: at("2026-02-03T22:00:00Z"),
        toMs: at("2026-02-03T23:30:00Z"),
      }),
    "3 Feb, 23:00 – 4 Feb, 00:30",
    "3 Feb, 22:00 – 23:30",
  ],
  ["a field", () => toFieldText(at("2026-02-03T23:30:05Z")), "2026-02-04T00:30:05", "2026-02-03T23:30:05"],
  ["what a title says", () => formatInstant(0), "1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000Z"],
  ["the zone", shownZoneName, "Europe/Berlin", "UTC"],
];
for (const [name, write, local, utc] of written) {
  test(`times are written by the page's clock: ${name}`, () => {
    assert.equal([inZone("local", write), inZone("utc", write)], [local, utc]);
  });
}

test("what a field says is read by the clock that it was written by", () => {
  fc.assert(
    fc.property(fc.constantFrom<Zone>("local", "utc"), fc.integer({ min: 0, max: 2e9 }), (zone, seconds) => {
      useZone(zone);
      const text = toFieldText(seconds * 1000);
      // An hour that the clock shows twice is read as one of the two.
      assert.is(toFieldText(readFieldText(text)), text);
      if (zone === "utc") assert.is(readFieldText(text), seconds * 1000);
    }),
  );
  for (const zone of ["local", "utc"] as const) {
    assert.ok(Number.isNaN(inZone(zone, () => readFieldText(""))), zone);
  }
  assert.is(
    inZone("utc", () => readFieldText("2020-01-01T00:00")),
    at("2020-01-01T00:00:00Z"),
  );
});

const splits: readonly [
  name: string,
  zone: Zone,
  from: string,
  to: string,
  stepMs: number,
  labels: string,
][] = [
  ["hours", "local", "2026-02-03T21:10:00Z", "2026-02-04T00:10:00Z", HOUR_MS, "23:00 4 Feb 01:00"],
  ["hours in UTC", "utc", "2026-02-03T21:10:00Z", "2026-02-04T00:10:00Z", HOUR_MS, "22:00 23:00 4 Feb"],
  ["half days", "local", "2026-02-03T08:00:00Z", "2026-02-04T12:00:00Z", 12 * HOUR_MS, "12:00 4 Feb 12:00"],
  [
    "a clock put forward",
    "local",
    "2026-03-29T00:00:00Z",
    "2026-03-29T03:00:00Z",
    HOUR_MS,
    "01:00 03:00 04:00 05:00",
  ],
  [
    "a clock put back",
    "local",
    "2026-10-24T23:00:00Z",
    "2026-10-25T03:00:00Z",
    HOUR_MS,
    "01:00 02:00 03:00 04:00",
  ],
  [
    "that day in UTC",
    "utc",
    "2026-03-29T00:00:00Z",
    "2026-03-29T03:00:00Z",
    HOUR_MS,
    "29 Mar 01:00 02:00 03:00",
  ],
  ["days over it", "local", "2026-03-28T00:00:00Z", "2026-03-31T00:00:00Z", DAY_MS, "29 Mar 30 Mar 31 Mar"],
  [
    "months",
    "utc",
    "2025-11-15T00:00:00Z",
    "2026-02-15T00:00:00Z",
    30 * DAY_MS,
    "Dec 2025 Jan 2026 Feb 2026",
  ],
  [
    "quarters",
    "local",
    "2025-11-15T00:00:00Z",
    "2026-07-15T00:00:00Z",
    90 * DAY_MS,
    "Jan 2026 Apr 2026 Jul 2026",
  ],
  [
    "years",
    "local",
    "2016-11-15T00:00:00Z",
    "2019-02-15T00:00:00Z",
    360 * DAY_MS,
    "Jan 2017 Jan 2018 Jan 2019",
  ],
  [
    "seconds",
    "utc",
    "2026-02-03T23:59:58Z",
    "2026-02-04T00:00:01Z",
    1000,
    "23:59:58 23:59:59 4 Feb 00:00:01",
  ],
];
for (const [name, zone, from, to, stepMs, labels] of splits) {
  test(`a time axis is divided at round times of the page's clock: ${name}`, () => {
    useZone(zone);
    const shown = timeSplits(at(from), at(to), stepMs).map((ms) => formatTick(ms, stepMs));
    assert.is(shown.join(" "), labels);
  });
}

test("divisions lie within the range, ascend, and come to an end whatever the range is", () => {
  const range = fc.tuple(fc.integer({ min: 0, max: 4e9 }), fc.integer({ min: 10, max: 3e8 }));
  const step = fc.constantFrom(...SPLIT_STEPS_MS);
  fc.assert(
    fc.property(
      fc.constantFrom<Zone>("local", "utc"),
      range,
      step,
      (zone, [startSecond, seconds], stepMs) => {
        fc.pre((seconds * 1000) / stepMs < 500);
        useZone(zone);
        const [startMs, endMs] = [startSecond * 1000, (startSecond + seconds) * 1000];
        const found = timeSplits(startMs, endMs, stepMs);
        assert.ok(found.every((ms, index) => ms >= startMs && ms <= endMs && ms > (found[index - 1] ?? -1)));
        // A day, and a clock that is put back in it.
        if (stepMs <= DAY_MS) assert.ok(found.length >= Math.floor((seconds * 1000 - HOUR_MS) / stepMs) - 1);
      },
    ),
  );
  assert.equal(timeSplits(Number.NaN, Number.NaN, HOUR_MS), []);
});

test("UTC is called so, whatever the system calls it", () => {
  for (const zone of ["UTC", "Etc/UTC", "GMT", "Etc/GMT", "Zulu"]) {
    process.env.TZ = zone;
    assert.is(nameOfZone("local"), "UTC", zone);
  }
  process.env.TZ = "Asia/Kolkata";
  assert.match(nameOfZone("local"), /^Asia\/(Kolkata|Calcutta)$/);
  process.env.TZ = "Europe/Berlin";
});

test("no label of the value axis is cut off, and short ones make no narrower axis than others", () => {
  const sevenPxEach = (text: string) => text.length * 7;
  assert.is(valueAxisWidth(["0", "2", "4"], sevenPxEach), valueAxisWidth([], sevenPxEach));
  const longest = "1,000/min";
  assert.ok(valueAxisWidth(["0", longest, "500/min"], sevenPxEach) > sevenPxEach(longest));
});

test.run();
