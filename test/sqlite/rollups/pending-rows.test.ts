import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PendingRows } from "../../../src/store/plan/pending-rows.ts";
import { binOf } from "../../../src/store/plan/sketch.ts";
import { addToTotals, Totals } from "../../../src/store/plan/totals.ts";

const ROWS = 100;
const measurement = fc.record({
  row: fc.nat(ROWS - 1),
  value: fc.integer({ min: -1000, max: 1000 }),
  durationMs: fc.oneof(fc.constantFrom(Number.NaN, 0, 86_400_000), fc.integer({ min: 0, max: 5000 })),
  outcome: fc.constantFrom(true, false, undefined),
});
type Measurement = typeof measurement extends fc.Arbitrary<infer One> ? One : never;

function gather(measurements: readonly Measurement[]): PendingRows {
  const rows = new PendingRows();
  while (rows.rowCount < ROWS) rows.create();
  for (const { row, value, durationMs, outcome } of measurements) {
    rows.add(row, value, durationMs, binOf(durationMs), outcome);
  }
  return rows;
}

function totalsOf(measurements: readonly Measurement[]): Totals {
  const totals = new Totals();
  for (const { value, durationMs, outcome } of measurements) addToTotals(totals, value, durationMs, outcome);
  return totals;
}

function binsOf(measurements: readonly Measurement[]): number[] {
  const durations = measurements.map(({ durationMs }) => durationMs).filter((ms) => !Number.isNaN(ms));
  return durations.map(binOf).sort((a, b) => a - b);
}

function assertSays(rows: PendingRows, row: number, measurements: readonly Measurement[]): void {
  assert.equal({ ...rows.totalsOf(row) }, { ...totalsOf(measurements) });
  const { bins, startOfRow } = rows.sortedBins();
  assert.equal([...bins.subarray(startOfRow[row], startOfRow[row + 1])], binsOf(measurements));
}

test("each row says what was added to it, however many others there are", () => {
  fc.assert(
    fc.property(fc.array(measurement, { maxLength: 600 }), (measurements) => {
      const rows = gather(measurements);
      for (const row of new Set(measurements.map((each) => each.row))) {
        assertSays(
          rows,
          row,
          measurements.filter((each) => each.row === row),
        );
      }
    }),
    { numRuns: 30 },
  );
});

test("merged rows say what was added to any of theirs, and those stay as they were", () => {
  fc.assert(
    fc.property(fc.array(measurement, { maxLength: 200 }), (measurements) => {
      const rows = gather(measurements);
      const merged = rows.mergedInto(
        Uint32Array.from({ length: ROWS }, (_, row) => row % 2),
        2,
      );
      for (const parity of [0, 1]) {
        const members = measurements.filter((each) => each.row % 2 === parity);
        assertSays(merged, parity, members);
      }
      const first = measurements.filter((each) => each.row === 0);
      assertSays(rows, 0, first);
    }),
    { numRuns: 30 },
  );
});

test("durations that wait in one row count for its size too", () => {
  const rows = new PendingRows();
  const row = rows.create();
  const before = rows.size;
  for (let added = 0; added < 10_000; added += 1) rows.add(row, 1, 5, binOf(5), true);
  assert.ok(rows.size > before + 100, `${rows.size}`);
});

test.run();
