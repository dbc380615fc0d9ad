/** JSON that is parsed piece by piece is what `JSON.parse` makes of it, or is none where it is none to that. */
import { deepStrictEqual } from "node:assert";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parsePiecewise } from "../../src/transport/http/piecewise-json.ts";
import { jsonDecoder } from "../../src/transport/http/text.ts";
import { countTurns } from "../support/time.ts";

const RUNS = { numRuns: Number(process.env.FUZZ_RUNS ?? 3000), includeErrorInReport: true };

/** The value; undefined for what is no JSON. */
function whole(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(jsonDecoder.decode(bytes));
  } catch {
    return undefined;
  }
}

async function inPieces(bytes: Uint8Array, pieceBytes: number): Promise<unknown> {
  try {
    return (await parsePiecewise(bytes, (text) => JSON.parse(text), pieceBytes)).value;
  } catch (error) {
    assert.instance(error, SyntaxError);
    return undefined;
  }
}

/** The order of members and names like `__proto__` count, too. */
async function assertSame(bytes: Uint8Array, pieceBytes: number): Promise<unknown> {
  const expected = whole(bytes);
  const found = await inPieces(bytes, pieceBytes);
  deepStrictEqual(found, expected, `${Buffer.from(bytes)} in pieces of ${pieceBytes}`);
  assert.is(JSON.stringify(found), JSON.stringify(expected));
  return expected;
}

const CASES: readonly { name: string; json: string | Buffer }[] = [
  { name: "nothing", json: "" },
  { name: "spaces", json: "   " },
  { name: "one number", json: " 12345 " },
  { name: "one string", json: '"abcdefgh"' },
  { name: "two values", json: "1,2" },
  { name: "two lists", json: "[1],[2]" },
  { name: "two objects", json: '{"a":1}{"b":2}' },
  { name: "a comma behind the text", json: "[1]," },
  { name: "a comma before the text", json: ",[1]" },
  { name: "a comma too many", json: "[1,2,,3]" },
  { name: "a comma first in a list", json: "[   ,1]" },
  { name: "a comma last in a list", json: "[1,2,   ]" },
  { name: "a comma first in an object", json: '{   ,"a":1}' },
  { name: "a comma last in an object", json: '{"a":1,   }' },
  { name: "a comma behind a key", json: '{"a",  "b":1}' },
  { name: "a comma behind a colon", json: '{"a":,"b":1}' },
  { name: "a list closed as an object", json: '{"a":[1,2},"b":3]' },
  { name: "brackets that close nothing", json: "1],[2" },
  { name: "a text that ends in a list", json: "[[1,2],[3,4" },
  { name: "a text that ends in a string", json: '["abc","def' },
  { name: "a text that ends in an escape", json: '["abc","def\\' },
  { name: "members behind a list", json: '{"a":[1,2,3,4],"b":{"c":[5,6],"d":7},"e":[[8,9],[10]]}' },
  { name: "a member twice", json: '{"a":[1,2,3],"b":1,"a":[4,5],"a":6}' },
  { name: "a list twice", json: '{"a":[1,2,3],"a":[4,5,6]}' },
  { name: "members whose names are numbers", json: '{"2":[1,2],"b":3,"1":[4,5],"a":6}' },
  {
    name: "a prototype",
    json: '{"__proto__":{"a":[1,2,3]},"b":1,"__proto__":[4,5],"c":{"__proto__":"abcdef"}}',
  },
  { name: "names with escapes", json: '{"\\u0061\\"":[1,2,3],"\\ud800":["abc","def"]}' },
  { name: "no name", json: '{"":[1,2,3],"a":{"":"abcdef"}}' },
  { name: "pairs of surrogates", json: '{"a":"\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00"}' },
  { name: "halves of surrogates", json: '["\\ud83d\\ud83d\\ude00\\ude00\\ud83d","\\\\ud83d\\ude00"]' },
  { name: "escapes", json: '["\\"\\"\\\\\\\\\\"\\n\\/","\\\\","\\\\\\""]' },
  { name: "escapes that are none", json: '["abc\\xdef"]' },
  { name: "half an escape", json: '["abc\\u12","def"]' },
  { name: "a line break in a string", json: '["abc\ndef"]' },
  { name: "characters of several bytes", json: '{"é€😀":["é€😀é€😀","é"]}' },
  { name: "a byte order mark", json: '\ufeff["a","b"]' },
  { name: "one in the middle", json: '["a",\ufeff"b"]' },
  { name: "one in a string", json: '["\ufeff\ufeff\ufeff","b"]' },
  {
    name: "what is no UTF-8",
    json: Buffer.from([
      0x5b, 0x22, 0xff, 0xe2, 0x82, 0xc3, 0x80, 0x80, 0x80, 0x80, 0x80, 0xf0, 0x9f, 0x22, 0x5d,
    ]),
  },
];

for (const { name, json } of CASES) {
  test(`pieces of any size: ${name}`, async () => {
    const bytes = Buffer.from(json as string);
    for (let pieceBytes = 1; pieceBytes <= bytes.length + 1; pieceBytes += 1)
      await assertSame(bytes, pieceBytes);
  });
}

const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.constantFrom("", "a", "1", "0", "__proto__", "\ud800", '"\\', "[{,:}]"),
);
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.oneof(text, fc.double({ noNaN: true }), fc.boolean(), fc.constant(null)),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.array(fc.tuple(text, tie("value")), { maxLength: 5 }).map((entries) => new Map(entries)),
  ),
})).value;

/** Maps become objects, so that any key can be written. */
function write(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(write).join(" , ")}]`;
  if (!(value instanceof Map)) return JSON.stringify(value);
  return `{${[...value].map(([key, member]) => `${JSON.stringify(key)}: ${write(member)}`).join(",")}}`;
}

test("any JSON in pieces of any size is the same value", async () => {
  await fc.assert(
    fc.asyncProperty(json, fc.integer({ min: 1, max: 30 }), async (value, pieceBytes) => {
      assert.is.not(await assertSame(Buffer.from(write(value)), pieceBytes), undefined);
    }),
    RUNS,
  );
});

test("JSON with anything done to it is the same value, or none", async () => {
  const added = fc.oneof(
    fc
      .constantFrom(...',:[]{}"\\0 ', '"a"', "\\u", "\\ud83d", "\\ude00", ",,", "],", "},", '"a":')
      .map((part) => Buffer.from(part)),
    fc.uint8Array({ maxLength: 4 }),
  );
  const edit = fc.record({ at: fc.nat(), added, removed: fc.nat({ max: 3 }) });
  let valid = 0;
  await fc.assert(
    fc.asyncProperty(
      json,
      fc.array(edit, { minLength: 1, maxLength: 2 }),
      fc.integer({ min: 1, max: 30 }),
      async (value, edits, pieceBytes) => {
        let bytes = Buffer.from(write(value));
        for (const { at, added: part, removed } of edits) {
          const place = at % (bytes.length + 1);
          bytes = Buffer.concat([bytes.subarray(0, place), part, bytes.subarray(place + removed)]);
        }
        if ((await assertSame(bytes, pieceBytes)) !== undefined) valid += 1;
      },
    ),
    RUNS,
  );
  assert.ok(valid > RUNS.numRuns * 0.05, `only ${valid} of ${RUNS.numRuns} are valid`);
});

test("others have a turn behind each piece", async () => {
  const bodies = {
    list: JSON.stringify(Array.from({ length: 20_000 }, (_, at) => ({ number: at, text: "x".repeat(30) }))),
    members: JSON.stringify(Object.fromEntries(Array.from({ length: 40_000 }, (_, at) => [`key ${at}`, at]))),
    quotes: JSON.stringify({ text: '"'.repeat(400_000) }),
    halves: `{"text":"${"\\ud800".repeat(150_000)}"}`,
    accents: JSON.stringify(["é".repeat(400_000)]),
  };
  for (const [name, body] of Object.entries(bodies)) {
    const bytes = Buffer.from(body);
    const turns = await countTurns(() => inPieces(bytes, 64 * 1024));
    assert.ok(turns >= Math.floor(bytes.length / 64 / 1024) - 1, `${name}: ${turns} turns`);
  }
});

test("what was open between two pieces is known to be large", async () => {
  const bytes = Buffer.from('{"a":[[1,2],[3,4,5]],"b":{"c":1},"d":[6]}');
  const { value, large } = await parsePiecewise(bytes, (part) => JSON.parse(part), 14);
  const { a, b, d } = value as { a: unknown[]; b: unknown; d: unknown };
  assert.equal(
    [value, a, a[0], a[1], b, d].map((one) => large.has(one)),
    [true, true, false, true, false, false],
  );
});

test.run();
