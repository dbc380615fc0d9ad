import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { codePoints, isLongerThan, quote } from "../../src/ingest/text.ts";

/** Pairs, halves of pairs in either order, and plain letters. */
const text = fc.string({
  unit: fc.constantFrom("a", "é", "\u{1f600}", "\ud83d", "\ude00", "\ud800", "\udfff"),
});

test("length counts code points, a lone surrogate as one", () => {
  fc.assert(
    fc.property(text, fc.nat(12), (value, max) => {
      assert.is(codePoints(value), [...value].length);
      assert.is(isLongerThan(value, max), [...value].length > max);
    }),
    { numRuns: 2000 },
  );
});

let deep: unknown = 1;
for (let level = 0; level < 50_000; level += 1) deep = [deep];

const QUOTES: readonly { readonly name: string; readonly value: unknown; readonly quoted: string }[] = [
  { name: "text", value: 'a "b"\n', quoted: '"a \\"b\\"\\n"' },
  { name: "a number", value: -0.5, quoted: "-0.5" },
  { name: "a number outside JSON", value: Number.NaN, quoted: "NaN" },
  { name: "an object", value: { a: [true, null] }, quoted: '{"a":[true,null]}' },
  { name: "nothing", value: undefined, quoted: "undefined" },
  { name: "a bigint, which JSON does not have", value: 1n, quoted: "bigint" },
  { name: "something nested too deeply", value: deep, quoted: "object" },
  { name: "a date", value: new Date(0), quoted: '"1970-01-01T00:00:00.000Z"' },
  { name: "a date that is none", value: new Date(Number.NaN), quoted: "Invalid Date" },
];

for (const { name, value, quoted } of QUOTES) {
  test(`${name} is quoted as ${quoted}`, () => assert.is(quote(value), quoted));
}

test("a quotation has at most 80 characters, whole ones", () => {
  fc.assert(
    fc.property(fc.anything(), (value) => {
      assert.ok(quote(value).length <= 80);
      assert.ok(quote(value).isWellFormed());
    }),
  );
  for (let start = 0; start < 4; start += 1) {
    const quoted = quote(`${"a".repeat(start)}${"\u{1f600}".repeat(1e5)}`);
    assert.ok(quoted.length <= 80 && quoted.isWellFormed() && quoted.endsWith("…"));
  }
});

test.run();
