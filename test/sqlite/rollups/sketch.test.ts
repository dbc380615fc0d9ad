import { DDSketch } from "@datadog/sketches-js";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { nearestRank } from "../../../src/store/plan/nearest-rank.ts";
import {
  binOf,
  durationOfBin,
  encodeSketch,
  mergeEncoded,
  quantiles,
  RELATIVE_ERROR,
  type Sketch,
  sketchOf,
} from "../../../src/store/plan/sketch.ts";
import { plainQuantile } from "../../support/plain-quantile.ts";

const duration = fc.oneof(
  fc.double({ min: 1e-6, max: 86_400_000, noNaN: true }),
  fc.constantFrom(0, 1e-6, 0.5, 1, 86_400_000),
);
const rank = fc.double({ min: 0, max: 1, noNaN: true });

function encode(durations: readonly number[], stored?: Uint8Array): Buffer {
  const bins = Int16Array.from(durations, binOf).sort();
  return encodeSketch(bins, 0, bins.length, stored);
}

test("any quantile is within the stated error of the measured one, which is at most 1 %", () => {
  assert.ok(RELATIVE_ERROR <= 0.01);
  fc.assert(
    fc.property(fc.array(duration, { minLength: 1 }), rank, (durations, at) => {
      const wanted = plainQuantile(durations, at);
      const [found = Number.NaN] = quantiles(sketchOf(encode(durations)), [at]);
      assert.ok(Math.abs(found - wanted) <= wanted * (RELATIVE_ERROR + 1e-9), `${found}, not ${wanted}`);
    }),
  );
});

test("what is longer than a day is in the last bin, as a day is", () => {
  for (const longer of [86_400_001, 108_000_000, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY])
    assert.is(binOf(longer), binOf(86_400_000));
});

test("quantiles of merged parts agree with another implementation of the algorithm", () => {
  const positive = fc.double({ min: 1e-3, max: 86_400_000, noNaN: true });
  fc.assert(
    fc.property(fc.array(fc.array(positive, { minLength: 1 }), { minLength: 1 }), rank, (parts, at) => {
      const theirs = new DDSketch({ relativeAccuracy: RELATIVE_ERROR });
      const ours: Sketch = new Map();
      for (const part of parts) {
        mergeEncoded(ours, encode(part));
        const other = new DDSketch({ relativeAccuracy: RELATIVE_ERROR });
        for (const value of part) other.accept(value);
        theirs.merge(other);
      }
      const [found = Number.NaN] = quantiles(ours, [at]);
      const count = parts.flat().length;
      // They count ranks otherwise: this one is within the place that ours is at.
      const place = nearestRank(at, count);
      const wanted = theirs.getValueAtQuantile(Math.min(1, (place + 0.25) / Math.max(1, count - 1)));
      // Both are within the error of one and the same value.
      assert.ok(Math.abs(found - wanted) <= wanted * 2.1 * RELATIVE_ERROR, `${found}, not ${wanted}`);
    }),
  );
});

test("merging encoded parts is the sketch of the whole, in any order", () => {
  fc.assert(
    fc.property(fc.array(fc.array(duration)), (parts) => {
      const whole = encode(parts.flat());
      const merged: Sketch = new Map();
      for (const part of [...parts].reverse()) mergeEncoded(merged, encode(part));
      assert.equal(
        [...merged].sort(([a], [b]) => a - b),
        [...sketchOf(whole)],
      );
      const appended = parts.reduce((stored, part) => encode(part, stored), encode([]));
      assert.equal([...appended], [...whole]);
    }),
  );
});

test("counts beyond 32 bits survive", () => {
  // Bin 7, 2^40 + 3 times, in varints.
  const [distance = 0] = encode([durationOfBin(7)]).subarray(0, 1);
  const stored = Uint8Array.of(
    ...encode([durationOfBin(7)]).subarray(0, distance < 128 ? 1 : 2),
    131,
    128,
    128,
    128,
    128,
    32,
  );
  assert.equal([...sketchOf(encode([durationOfBin(7)], stored))], [[7, 2 ** 40 + 4]]);
});

test("an empty sketch has no quantile, and a truncated one is refused", () => {
  assert.equal(quantiles(new Map(), [0.5]), [undefined]);
  assert.throws(() => mergeEncoded(new Map(), Uint8Array.of(128)), /middle of a number/);
});

test("a thousand varied durations take under a kilobyte", () => {
  const durations = Array.from({ length: 1000 }, (_, index) => 1 + ((index * 7919) % 5000));
  assert.ok(encode(durations).length < 1000);
});

test.run();
