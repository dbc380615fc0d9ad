import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  addToSketch,
  binOf,
  encodeSketch,
  mergeEncoded,
  quantiles,
  RELATIVE_ERROR,
  type Sketch,
} from "../../../src/storage/rollups/sketch.ts";

const duration = fc.oneof(
  fc.double({ min: 1e-6, max: 86_400_000, noNaN: true }),
  fc.constantFrom(0, 1e-6, 0.5, 1, 86_400_000),
);
const rank = fc.double({ min: 0, max: 1, noNaN: true });

function sketchOf(durations: readonly number[]): Sketch {
  const sketch: Sketch = new Map();
  for (const each of durations) addToSketch(sketch, binOf(each));
  return sketch;
}

test("any quantile is within the stated error of the measured one, which is at most 1 %", () => {
  assert.ok(RELATIVE_ERROR <= 0.01);
  fc.assert(
    fc.property(fc.array(duration, { minLength: 1 }), rank, (durations, at) => {
      const wanted =
        [...durations].sort((a, b) => a - b)[Math.floor(at * (durations.length - 1))] ?? Number.NaN;
      const [found = Number.NaN] = quantiles(sketchOf(durations), [at]);
      assert.ok(Math.abs(found - wanted) <= wanted * (RELATIVE_ERROR + 1e-9), `${found}, not ${wanted}`);
    }),
  );
});

test("merging encoded parts is the sketch of the whole, in any order", () => {
  fc.assert(
    fc.property(fc.array(fc.array(duration)), (parts) => {
      const merged: Sketch = new Map();
      for (const part of [...parts].reverse()) mergeEncoded(merged, encodeSketch(sketchOf(part)));
      assert.equal([...encodeSketch(merged)], [...encodeSketch(sketchOf(parts.flat()))]);
    }),
  );
});

test("counts beyond 32 bits survive", () => {
  const sketch: Sketch = new Map([[7, 2 ** 40 + 3]]);
  const read: Sketch = new Map();
  mergeEncoded(read, encodeSketch(sketch));
  assert.equal(read, sketch);
});

test("an empty sketch has no quantile, and a truncated one is refused", () => {
  assert.equal(quantiles(new Map(), [0.5]), [undefined]);
  assert.throws(() => mergeEncoded(new Map(), Uint8Array.of(128)), /middle of a number/);
});

test("a thousand varied durations take under a kilobyte", () => {
  const durations = Array.from({ length: 1000 }, (_, index) => 1 + ((index * 7919) % 5000));
  assert.ok(encodeSketch(sketchOf(durations)).length < 1000);
});

test.run();
