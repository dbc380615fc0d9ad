import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseWithNonFinite, spellNonFinite } from "../../src/transport/http/non-finite.ts";

const CASES: readonly { name: string; json: string; is: unknown; spelled?: unknown }[] = [
  { name: "a value", json: '{"a": NaN}', is: { a: Number.NaN }, spelled: { a: "NaN" } },
  {
    name: "the infinities",
    json: "[Infinity,-Infinity]",
    is: [Infinity, -Infinity],
    spelled: ["Infinity", "-Infinity"],
  },
  {
    name: "Lua's words",
    json: "[nan, -nan, inf, -inf]",
    is: [NaN, NaN, Infinity, -Infinity],
    spelled: ["NaN", "NaN", "Infinity", "-Infinity"],
  },
  { name: "the whole text", json: " NaN ", is: Number.NaN, spelled: "NaN" },
  {
    name: "words in strings",
    json: '{"NaN": ": NaN", "b": [": -inf", 1]}',
    is: { NaN: ": NaN", b: [": -inf", 1] },
  },
  {
    name: "both",
    json: '{"a, NaN": NaN, "b": "NaN"}',
    is: { "a, NaN": Number.NaN, b: "NaN" },
    spelled: { "a, NaN": "NaN", b: "NaN" },
  },
  {
    name: "an escaped quote",
    json: '["\\": NaN", NaN]',
    is: ['": NaN', Number.NaN],
    spelled: ['": NaN', "NaN"],
  },
  {
    name: "escaped backslashes",
    json: '["\\\\", NaN, "\\\\\\": NaN"]',
    is: ["\\", Number.NaN, '\\": NaN'],
    spelled: ["\\", "NaN", '\\": NaN'],
  },
  { name: "no such word", json: '{"info": "inf", "nano": [1]}', is: { info: "inf", nano: [1] } },
];

for (const { name, json, is, spelled = is } of CASES) {
  test(`${name}: ${json}`, () => {
    assert.equal(String(JSON.stringify(parseWithNonFinite(json), show)), JSON.stringify(is, show));
    assert.equal(JSON.parse(spellNonFinite(json)), spelled);
  });
}

/** Numbers that JSON does not have, so that they can be compared. */
function show(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? `number ${value}` : value;
}

for (const json of [
  "NaNs",
  "[1NaN]",
  "[infinit]",
  '{"a": NaN',
  '["a NaN',
  "--inf",
  "[-]",
  "[NaN NaN]",
  '{a: "NaN"}',
]) {
  test(`${json} stays what it is: no JSON`, () => {
    assert.throws(
      () => parseWithNonFinite(json),
      (error: unknown) => error instanceof SyntaxError,
    );
    assert.throws(
      () => JSON.parse(spellNonFinite(json)),
      (error: unknown) => error instanceof SyntaxError,
    );
  });
}

test("JSON reads as what it is, whatever it says", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(": NaN", ", -inf", "[Infinity", "\\", '"'), (value, odd) => {
      const json = JSON.stringify({ value, odd, [odd]: [odd, `${odd}${odd}`] });
      assert.equal(parseWithNonFinite(json), JSON.parse(json));
      assert.is(spellNonFinite(json), json);
    }),
  );
});

test("a key __proto__ is a key like any other beside NaN", () => {
  const parsed = parseWithNonFinite('{"__proto__": {"a": 1}, "b": NaN}') as object;
  assert.equal(Object.keys(parsed), ["__proto__", "b"]);
});

test.run();
