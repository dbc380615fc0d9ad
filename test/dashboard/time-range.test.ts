import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  fixedRange,
  PRESETS,
  type Preset,
  RANGE_MS_MAX,
  RANGE_MS_MIN,
  rangeBefore,
  resolveRange,
  stepOf,
} from "../../src/dashboard/state/time-range.ts";
import { DAY_MS } from "../../src/lib/time.ts";

const NOW_MS = Date.UTC(2026, 5, 1, 12);

test("a dragged range is widened to whole seconds and to what can be shown", () => {
  assert.equal(fixedRange(1500, 20_100), { kind: "fixed", fromMs: 1000, toMs: 21_000 });
  assert.equal(fixedRange(5000, 5001), { kind: "fixed", fromMs: 5000, toMs: 5000 + RANGE_MS_MIN });
});

const unusable: readonly [string, number, number][] = [
  ["backwards", 10_000, 5000],
  ["empty", 10_000, 10_000],
  ["no time", Number.NaN, 10_000],
  ["without end", 0, Number.POSITIVE_INFINITY],
  ["before 1970", -1, 10_000],
  ["longer than anything kept", 0, RANGE_MS_MAX + 2000],
];
for (const [name, from, to] of unusable) {
  test(`a range that is ${name} is none`, () => assert.is(fixedRange(from, to), undefined));
}

test("the latest so long ends now, and is compared with as long before", () => {
  const range = resolveRange({ kind: "last", preset: "6h" }, NOW_MS);
  assert.equal(range, { startMs: NOW_MS - 6 * 3_600_000, endMs: NOW_MS });
  assert.equal(rangeBefore(range), { startMs: NOW_MS - 12 * 3_600_000, endMs: range.startMs });
});

test("every preset has between 28 and 180 points, those of a week and more from rollups", () => {
  for (const preset of Object.keys(PRESETS) as Preset[]) {
    const range = resolveRange({ kind: "last", preset }, NOW_MS);
    const points = (range.endMs - range.startMs) / stepOf(range);
    assert.ok(points >= 28 && points <= 180, `${preset}: ${points}`);
    if (range.endMs - range.startMs >= 7 * DAY_MS) assert.is(stepOf(range) % 3_600_000, 0, preset);
  }
});

test("no range draws more points than a chart has room for, or asks for less than a second", () => {
  fc.assert(
    fc.property(fc.integer({ min: RANGE_MS_MIN, max: RANGE_MS_MAX }), (lengthMs) => {
      const stepMs = stepOf({ startMs: 0, endMs: lengthMs });
      assert.is(stepMs % 1000, 0);
      assert.ok(stepMs >= 1000 && lengthMs / stepMs <= 180.5, `${lengthMs} ${stepMs}`);
    }),
  );
});

test.run();
