import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { METRIC_TYPES } from "../../src/catalogue/catalogue.ts";
import type { MetricType } from "../../src/catalogue/definition.ts";
import { createDimensionSets } from "../../src/ingest/dimension-sets.ts";

/** What one key may have remembered. */
const SHARE_BYTES = 4_000_000;
const [AUTH, TOOL] = METRIC_TYPES as readonly [MetricType, MetricType];

test("equal combinations are the same object, in whatever order and company they are sent", () => {
  const intern = createDimensionSets().of(1);
  const first = intern(AUTH, { success: true, method: "m", server: "s" });
  assert.is(intern(AUTH, { server: "s", method: "m", success: true }), first);
  assert.is(intern(AUTH, { server: "s", user_hash: "u", method: "m", success: true }), first);
  assert.equal(first.values, [true, "m", "s"]);
  assert.is(first.json, '{"success":true,"method":"m","server":"s"}');
  assert.is(first.type, AUTH);
});

test("what differs in kind differs: text, number, boolean, null and nothing", () => {
  const intern = createDimensionSets().of(1);
  const values = [true, "true", 1, "1", false, "false", 0, "0", null, "null", "", "undefined"];
  const sets = values.map((success) => intern(AUTH, { success }));
  const nothing = intern(AUTH, {});
  assert.is(new Set([...sets, nothing]).size, values.length + 1);
  assert.is(new Set([...sets, nothing].map(({ json }) => json)).size, values.length + 1);
  assert.is(nothing.json, "{}");
});

test("a value under another name, or of another type, is another combination", () => {
  const intern = createDimensionSets().of(1);
  assert.is.not(intern(AUTH, { method: "x" }), intern(AUTH, { server: "x" }));
  assert.is.not(intern(AUTH, { method: "x" }), intern(TOOL, { method: "x" }));
});

test("two combinations are the same object exactly if their JSON is the same", () => {
  const intern = createDimensionSets().of(1);
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
  const intern = createDimensionSets().of(1);
  const odd: MetricType = { ...AUTH, name: "odd", dimensions: ["constructor", "__proto__", "success"] };
  assert.is(intern(odd, { success: 1 }).json, '{"success":1}');
  assert.is(intern(odd, JSON.parse('{"__proto__":"p"}')).json, '{"__proto__":"p"}');
});

test("values that only differ at the end, or from the beginning on, are told apart", () => {
  const intern = createDimensionSets().of(1);
  const names = TOOL.dimensions;
  const of = (values: readonly unknown[]) =>
    intern(TOOL, Object.fromEntries(values.map((value, index) => [names[index], value])));
  const same = names.map(() => "x");
  const sets = [
    same,
    ...names.map((_, index) => same.with(index, "y")),
    ...names.map((_, index) => same.slice(0, index)),
  ];
  const made = sets.map(of);
  assert.is(new Set(made).size, sets.length);
  assert.equal(sets.map(of), made);
  for (const [index, set] of made.entries()) assert.is(of(sets[index] ?? []), set);
});

test("a flood of values is forgotten in time, and what comes after it is right", () => {
  const sets = createDimensionSets();
  const intern = sets.of(1);
  const survivor = intern(AUTH, { server: "kept" });
  for (let at = 0; at < 120_000; at += 1) {
    const set = intern(AUTH, { server: `s${at}` });
    if (set.values[2] !== `s${at}`) throw new Error(`wrong set for s${at}`);
    if (sets.bytes > SHARE_BYTES) throw new Error(`${sets.bytes} bytes after ${at}`);
  }
  const again = intern(AUTH, { server: "kept" });
  assert.is.not(again, survivor, "it was forgotten");
  assert.equal(again, survivor);
  assert.is(intern(AUTH, { server: "kept" }), again, "and is remembered anew");
});

test("a flood of one key leaves the sets of another as they are, and some thousand are remembered", () => {
  const sets = createDimensionSets();
  const honest = Array.from({ length: 5000 }, (_, at) => ({
    success: at % 2 === 0,
    method: "tools/call",
    tool_name: `tool-number-${at}`,
    server_name: `server-${at % 7}`,
  }));
  const before = honest.map((dimensions) => sets.of(2)(TOOL, dimensions));
  for (let at = 0; at < 60_000; at += 1) sets.of(1)(TOOL, { tool_name: `t${at}`, server_name: `s${at}` });
  for (const [at, dimensions] of honest.entries()) assert.is(sets.of(2)(TOOL, dimensions), before[at]);
});

test("what is remembered is bounded in bytes: few sets of the longest values, of narrow and wide characters", () => {
  for (const value of ["é".repeat(200), "€".repeat(200), "😀".repeat(200)]) {
    const sets = createDimensionSets();
    const first = sets.of(1)(AUTH, { server: "kept" });
    for (let at = 0; at < 8000; at += 1)
      sets.of(1)(AUTH, { server: at, method: value, success: `${at}${value}` });
    assert.ok(sets.bytes <= SHARE_BYTES);
    assert.is.not(sets.of(1)(AUTH, { server: "kept" }), first);
  }
});

test("many keys together are bounded too, and those that have least keep it", () => {
  const sets = createDimensionSets();
  const small = sets.of(0)(AUTH, { server: "kept" });
  for (let at = 0; at < 150_000; at += 1) sets.of(1 + (at % 20))(AUTH, { server: `s${at}` });
  assert.ok(sets.bytes <= 8 * SHARE_BYTES);
  assert.is(sets.of(0)(AUTH, { server: "kept" }), small);
});

test.run();
