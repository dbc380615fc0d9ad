import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { jsonDecoder } from "../../src/transport/http/text.ts";

const CASES = [
  { name: "plain text", json: '"a"', text: "a" },
  { name: "nothing", json: '""', text: "" },
  { name: "a pair", json: '"\\ud83d\\ude00"', text: "😀" },
  { name: "a pair in capitals", json: '"\\uD83D\\uDE00"', text: "😀" },
  { name: "a first half", json: '"a\\ud83db"', text: "a\ufffdb" },
  { name: "a second half", json: '"a\\uDE00b"', text: "a\ufffdb" },
  { name: "halves in the wrong order", json: '"\\ude00\\ud83d"', text: "\ufffd\ufffd" },
  { name: "a half before a pair", json: '"\\ud83d\\ud83d\\ude00"', text: "\ufffd😀" },
  { name: "a half at the end", json: '"\\udbff"', text: "\ufffd" },
  { name: "a half behind an escaped backslash", json: '"\\\\\\ud800"', text: "\\\ufffd" },
  { name: "a backslash that only looks like one", json: '"\\\\ud800"', text: "\\ud800" },
  { name: "other escapes", json: '"\\n\\u00e9\\ud800\\""', text: '\né\ufffd"' },
];

for (const { name, json, text } of CASES) {
  test(`${name} is read as ${JSON.stringify(text)}`, () => {
    assert.is(JSON.parse(jsonDecoder.decode(Buffer.from(json))), text);
  });
}

test("bytes that are no UTF-8 become U+FFFD, and a BOM nothing", () => {
  const bytes = Buffer.from([0xef, 0xbb, 0xbf, 0x22, 0x61, 0xff, 0x62, 0xc3, 0x22]);
  assert.is(JSON.parse(jsonDecoder.decode(bytes)), "a\ufffdb\ufffd");
});

test("any JSON text reads as Unicode, and as what it was where it was Unicode", () => {
  const units = fc.array(fc.constantFrom("a", "\ud83d", "\ude00", "\\", '"', "é", "u", "d800"), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(units, (parts) => {
      const text = parts.join("");
      const read = JSON.parse(jsonDecoder.decode(Buffer.from(JSON.stringify({ [text]: text }))));
      assert.equal(read, { [text.toWellFormed()]: text.toWellFormed() });
    }),
  );
});

test.run();
