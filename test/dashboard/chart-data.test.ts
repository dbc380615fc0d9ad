import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  isBlank,
  type Line,
  largest,
  stack,
  toRates,
  totalOf,
  valuesOf,
} from "../../src/dashboard/charts/chart-data.ts";
import { colorsFor } from "../../src/dashboard/charts/palette.ts";

const line = (name: string, ...values: (number | null)[]): Line => ({ name, color: "--series-1", values });

test("a step that is not over counts as much a second as it does so far, and one just begun not at all", () => {
  const timing = { timesMs: [0, 10_000, 20_000], stepMs: 10_000 };
  assert.equal(toRates([50, 20, 0], { ...timing, nowMs: 15_000 }), [5, 4, null]);
  assert.equal(toRates([50, 20, null], { ...timing, nowMs: 11_000 }), [5, null, null]);
  assert.equal(toRates([50, 20, 10], { ...timing, nowMs: 99_000 }), [5, 2, 1]);
});

test("what is too small for a line of its own is added up, and nothing is lost", () => {
  const lines = [line("a", 1, 1), line("b", 9, 9), line("c", null, 2), line("d", 5, 5)];
  const shown = largest(lines, 3, "others");
  assert.equal(
    shown.map(({ name, values }) => [name, values]),
    [
      ["b", [9, 9]],
      ["d", [5, 5]],
      ["others", [1, 3]],
    ],
  );
  assert.is(largest(lines, 4, "others"), lines);
});

test("the top of a stack is the sum of its lines", () => {
  const value = fc.option(fc.integer({ min: 0, max: 1e6 }), { nil: null });
  fc.assert(
    fc.property(fc.array(fc.tuple(value, value, value), { minLength: 1, maxLength: 8 }), (rows) => {
      const lines = rows.map((values, at) => line(String(at), ...values));
      const top = stack(lines).at(-1)?.values;
      assert.equal(
        top,
        [0, 1, 2].map((at) => totalOf(rows.map((row) => row[at] ?? null))),
      );
    }),
  );
});

test("what was not answered is nothing, not zero", () => {
  const series = { labels: {}, columns: [{ statistic: "p95", values: [1, Number.NaN] }] };
  assert.equal(valuesOf(series, "p95"), [1, null]);
  assert.equal(valuesOf(series, "p50"), []);
  assert.ok(isBlank({ timesMs: [0], stepMs: 1, lines: [line("a", null), line("b", 0)] }));
  assert.not(isBlank({ timesMs: [0], stepMs: 1, lines: [line("a", null), line("b", 1)] }));
});

test("no two lines of a chart share a colour, and a name keeps its own over charts and answers", () => {
  const distinct = (names: readonly string[], known = {}) => {
    const colors = colorsFor(names, known);
    assert.is(new Set(colors.values()).size, names.length, names.join());
    return colors;
  };
  const names = Array.from({ length: 30 }, (_, at) => `method ${at}`);
  const first = distinct(names.slice(0, 8));
  for (let at = 0; at + 8 <= names.length; at += 1) distinct(names.slice(at, at + 8));
  assert.equal(distinct(names.slice(0, 8).reverse()), new Map([...first].reverse()), "whatever the order");
  assert.is(distinct(["method 3", "method 29"]).get("method 3"), first.get("method 3"));
  const known = { "tools/call": first.get("method 0") ?? "" };
  assert.is(distinct(["method 0", "tools/call"], known).get("tools/call"), first.get("method 0"));
  assert.is(distinct(["constructor", "__proto__", "toString"]).size, 3);
});

test("clients that make names up take no memory", () => {
  for (let at = 0; at < 10_000; at += 1) colorsFor([`made up ${at}`]);
  assert.is(colorsFor(["one more"]).size, 1);
});

test.run();
