import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  formatBytes,
  formatChange,
  formatCount,
  formatDuration,
  formatRate,
  formatShare,
  withoutZeros,
} from "../../src/dashboard/format/numbers.ts";

const cases: readonly [written: string, expected: string][] = [
  [formatCount(0), "0"],
  [formatCount(9999), "9,999"],
  [formatCount(10_000), "10.0k"],
  [formatCount(12_345), "12.3k"],
  [formatCount(999_499), "999k"],
  [formatCount(999_500), "1.00M"],
  [formatCount(2_340_000_000), "2.34G"],
  [formatCount(-1_500_000), "-1.50M"],
  [formatCount(0.25), "0.25"],
  [formatCount(Number.NaN), "–"],
  [formatRate(0.123), "0.12/s"],
  [formatRate(1234.5), "1,230/s"],
  [formatRate(Number.NaN), "–"],
  [formatShare(0), "0%"],
  [formatShare(1), "100%"],
  [formatShare(0.99999), "99.99%"],
  [formatShare(0.9996), "99.96%"],
  [formatShare(0.00001), "<0.01%"],
  [formatShare(0.9714), "97.1%"],
  [formatShare(0.0061), "0.61%"],
  [formatShare(Number.NaN), "–"],
  [formatDuration(0), "0 ms"],
  [formatDuration(0.5), "500 µs"],
  [formatDuration(45.24), "45.2 ms"],
  [formatDuration(999.6), "1.00 s"],
  [formatDuration(1234), "1.23 s"],
  [formatDuration(59_940), "59.9 s"],
  [formatDuration(59_990), "1 min 0 s"],
  [formatDuration(245_000), "4 min 5 s"],
  [formatDuration(86_400_000), "24 h 0 min"],
  [formatDuration(Number.NaN), "–"],
  [formatBytes(0), "0 B"],
  [formatBytes(999), "999 B"],
  [formatBytes(1000), "1.00 kB"],
  [formatBytes(42_053_160n), "42.1 MB"],
  [formatBytes(5e15), "5000 TB"],
  [formatChange(110, 100) ?? "", "+10%"],
  [formatChange(96.6, 100) ?? "", "−3.4%"],
  [formatChange(100, 100) ?? "", "±0%"],
  [formatChange(5000, 100) ?? "", "over ×10"],
  [formatChange(1, 0) ?? "nothing", "nothing"],
  [formatChange(Number.NaN, 1) ?? "nothing", "nothing"],
  [withoutZeros("0.80/s"), "0.8/s"],
  [withoutZeros("25.0 ms"), "25 ms"],
  [withoutZeros("1.00 s"), "1 s"],
  [withoutZeros("500 ms"), "500 ms"],
  [withoutZeros("1,000"), "1,000"],
  [withoutZeros("12.05k"), "12.05k"],
];

test("numbers say what they are, in few digits", () => {
  assert.equal(
    cases.map(([written]) => written),
    cases.map(([, expected]) => expected),
  );
});

test.run();
