import { test } from "uvu";
import * as assert from "uvu/assert";
import type { DimensionValue } from "../../src/catalogue/measurement.ts";
import { LabelValues, toLabelValue } from "../../src/telemetry/series/label-values.ts";

const CASES: readonly { name: string; value: DimensionValue | undefined; expected: string }[] = [
  { name: "absent", value: undefined, expected: "_unset" },
  { name: "null", value: null, expected: "_unset" },
  { name: "empty", value: "", expected: "_unset" },
  { name: "true", value: true, expected: "true" },
  { name: "Python's True", value: "True", expected: "true" },
  { name: "Python's False", value: "False", expected: "false" },
  { name: "an integer", value: 200, expected: "200" },
  { name: "a fraction", value: 0.1, expected: "0.1" },
  { name: "minus zero", value: -0, expected: "0" },
  { name: "96 characters", value: "x".repeat(96), expected: "x".repeat(96) },
  { name: "97 characters", value: "x".repeat(97), expected: "x".repeat(96) },
  { name: "96 characters outside the BMP", value: "😀".repeat(96), expected: "😀".repeat(96) },
  { name: "97 characters outside the BMP", value: "😀".repeat(97), expected: "😀".repeat(96) },
  { name: "a pair at the edge", value: `${"x".repeat(95)}😀y`, expected: `${"x".repeat(95)}😀` },
  { name: "a lone surrogate", value: "a\ud800b", expected: "a\ufffdb" },
];

for (const { name, value, expected } of CASES) {
  test(`a label's text is stated for every value: ${name}`, () => {
    assert.is(toLabelValue(value), expected);
  });
}

test("a label keeps its first values and folds the rest, counting each time", () => {
  const folds: string[] = [];
  const labels = new LabelValues({ distinctMax: 2, onOverflow: (label) => folds.push(label) });
  const texts = ["a", "b", "c", "a", "c", undefined].map((value) => labels.bound("s", "tool_name", value));
  assert.equal(texts, ["a", "b", "_other", "a", "_other", "_unset"]);
  assert.equal(folds, ["tool_name", "tool_name"]);
  assert.is(labels.bound("s", "method", "c"), "c", "another label has places of its own");
  assert.is(labels.bound("t", "tool_name", "c"), "c", "and so has another scope");
});

test("a value that nobody holds on to any more leaves its place to another", () => {
  const labels = new LabelValues({ distinctMax: 1, onOverflow: () => {} });
  const bound = (value: string) => labels.bound("s", "instance_id", value);
  bound("a");
  labels.retain("s", "instance_id", "a");
  labels.retain("s", "instance_id", "a");
  labels.release("s", "instance_id", "a");
  labels.releaseUnused();
  assert.is(bound("b"), "_other", "one still holds it");
  labels.release("s", "instance_id", "a");
  assert.is(bound("b"), "b");
  labels.releaseUnused();
  assert.is(bound("c"), "c", "b was given out, and nothing came to use it");
});

test.run();
