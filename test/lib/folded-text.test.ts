import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { foldText, replaceFolded } from "../../src/lib/folded-text.ts";

const ALICE = "alice@example.com";
/** Each reads as the same id. */
const SPELLINGS = [
  ALICE,
  "ALICE@Example.COM",
  "alice%40example.com",
  "Alice%40EXAMPLE%2Ecom",
  "alice%2540example.com",
  "%61%6C%69%63%65%40example.com",
  "alice&#64;example.com",
  "alice&#x40;example.com",
  "alice\\u0040example.com",
  "alice＠example.com",
];

for (const spelling of SPELLINGS) {
  test(`${spelling} reads as ${ALICE}, and is replaced where it stands`, () => {
    assert.is(foldText(spelling).text, ALICE);
    const original = `user=${spelling}&%7B𝕏é`;
    const folded = foldText(original);
    const start = folded.text.indexOf(ALICE);
    assert.is(start, 5);
    const replaced = replaceFolded(original, folded, [{ start, end: start + ALICE.length, by: "*" }]);
    assert.is(replaced, "user=*&%7B𝕏é");
  });
}

test("composed and decomposed letters read alike", () => {
  assert.is(foldText("Zo\u00eb").text, foldText("zoe\u0308").text);
  assert.is(foldText("Zo%C3%AB").text, foldText("zoe\u0308").text);
});

for (const text of ["100 %", "%zz", "%ff", "%C3", "&#99999999;", "&amp;", "\\u12", "%E2%82"]) {
  test(`what is no encoding stays: ${text}`, () => assert.is(foldText(text).text, text.toLowerCase()));
}

test("whatever is replaced, the rest of the original stays as it was", () => {
  const piece = fc.constantFrom(
    "a",
    "B",
    "%40",
    "%2540",
    "%C3%AB",
    "é",
    "𝕏",
    "&#64;",
    "\\u0041",
    "%",
    "&",
    "ﬁ",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.array(piece, { maxLength: 12 }), (before, after) => {
      const original = [...before, "~~", ...after].join("");
      const folded = foldText(original);
      assert.is(folded.starts.length, folded.text.length + 1);
      const start = folded.text.indexOf("~~");
      const replaced = replaceFolded(original, folded, [{ start, end: start + 2, by: "!" }]);
      assert.is(replaced, original.replace("~~", "!"));
    }),
  );
});

test.run();
