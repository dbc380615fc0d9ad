import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { METRIC_TYPES } from "../../src/catalogue/catalogue.ts";
import type { MetricType } from "../../src/catalogue/definition.ts";
import { createDimensionSets } from "../../src/ingest/dimension-sets.ts";

const [AUTH, TOOL] = METRIC_TYPES as readonly [MetricType, MetricType];

test("equal combinations are the same object, in whatever order and company they are sent", () => {
  const intern = createDimensionSets();
  const first = intern(AUTH, { success: true, method: "m", server: "s" });
  assert.is(intern(AUTH, { server: "s", method: "m", success: true }), first);
  assert.is(intern(AUTH, { server: "s", user_hash: "u", method: "m", success: true }), first);
  assert.equal(first.values, [true, "m", "s"]);
  assert.is(first.json, '{"success":true,"method":"m","server":"s"}');
  assert.is(first.type, AUTH);
});

test("what differs in kind differs: text, number, boolean, null and nothing", () => {
  const intern = createDimensionSets();
  const values = [true, "true", 1, "1", false, "false", 0, "0", null, "null", "", "undefined"];
  const sets = values.map((success) => intern(AUTH, { success }));
  const nothing = intern(AUTH, {});
  assert.is(new Set([...sets, nothing]).size, values.length + 1);
  assert.is(new Set([...sets, nothing].map(({ json }) => json)).size, values.length + 1);
  assert.is(nothing.json, "{}");
});

test("a value under another name, or of another type, is another combination", () => {
  const intern = createDimensionSets();
  assert.is.not(intern(AUTH, { method: "x" }), intern(AUTH, { server: "x" }));
  assert.is.not(intern(AUTH, { method: "x" }), intern(TOOL, { method: "x" }));
});

test("two combinations are the same object exactly if their JSON is the same", () => {
  const intern = createDimensionSets();
  const scalar = fc.constantFrom<unknown>(
    undefined,
    null,
    true,
    "true",
    1,
    "1",
    0,
    -0,
    "a",
    'a"',
    "\ud800",
    0.1,
  );
  const dimensions = fc
    .record({ success: scalar, method: scalar, server: scalar, other: scalar })
    .map((all) => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)));
  fc.assert(
    fc.property(dimensions, dimensions, (left, right) => {
      const [one, two] = [intern(AUTH, left), intern(AUTH, right)];
      assert.is(one === two, one.json === two.json);
      const sent = Object.fromEntries(
        AUTH.dimensions.filter((key) => key in left).map((key) => [key, left[key]]),
      );
      assert.is(JSON.stringify(JSON.parse(one.json)), JSON.stringify(sent));
    }),
    { numRuns: 2000 },
  );
});

test("names that every object has are not sent until they are own", () => {
  const intern = createDimensionSets();
  const odd: MetricType = { ...AUTH, name: "odd", dimensions: ["constructor", "__proto__", "success"] };
  assert.is(intern(odd, { success: 1 }).json, '{"success":1}');
  assert.is(intern(odd, JSON.parse('{"__proto__":"p"}')).json, '{"__proto__":"p"}');
});

test("a flood of values is forgotten in time, and what comes after it is right", () => {
  const intern = createDimensionSets();
  const survivor = intern(AUTH, { server: "kept" });
  const registry = new Set<unknown>();
  for (let at = 0; at < 120_000; at += 1) {
    const set = intern(AUTH, { server: `s${at}` });
    if (set.values[2] !== `s${at}`) throw new Error(`wrong set for s${at}`);
    if (at % 1000 === 0) registry.add(set);
  }
  assert.is(registry.size, 120);
  const again = intern(AUTH, { server: "kept" });
  assert.is.not(again, survivor, "it was forgotten");
  assert.equal(again, survivor);
  assert.is(intern(AUTH, { server: "kept" }), again, "and is remembered anew");
});

test("what is remembered is bounded in characters too: few sets of the longest values", () => {
  const intern = createDimensionSets();
  const value = "é".repeat(200);
  const first = intern(AUTH, { server: "kept" });
  const made = 8_000_000 / value.length;
  for (let at = 0; at < made; at += 1) intern(AUTH, { server: at, method: value });
  assert.is.not(intern(AUTH, { server: "kept" }), first);
});

test.run();
