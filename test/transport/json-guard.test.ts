import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { JsonGuard } from "../../src/transport/http/json-guard.ts";
import { guardEnvelopes, guardMessage } from "../../src/transport/rpc/body-guard.ts";
import { envelope } from "../support/raw-rpc.ts";

const DEEP = "[".repeat(33);

function isRefused(pieces: readonly Uint8Array[]): boolean {
  const guard = new JsonGuard();
  try {
    for (const piece of pieces) guard.push(piece);
    return false;
  } catch {
    return true;
  }
}

function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const size of sizes) {
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return [...pieces, bytes.subarray(at)];
}

const CASES = [
  { text: "[".repeat(32), refused: false },
  { text: DEEP, refused: true },
  { text: '{"a":'.repeat(33), refused: true },
  { text: "[]".repeat(1000), refused: false },
  { text: `"${DEEP}"`, refused: false },
  { text: `"\\"${DEEP}"`, refused: false },
  { text: `"\\\\"${DEEP}`, refused: true },
  { text: `"\\\\\\"${DEEP}"`, refused: false },
  { text: `"a"${DEEP}`, refused: true },
  { text: ",".repeat(250_000), refused: false },
  { text: ",".repeat(250_001), refused: true },
  { text: `"${",".repeat(300_000)}"`, refused: false },
];

for (const { text, refused } of CASES) {
  test(`${text.slice(0, 12)}… (${text.length} bytes) is ${refused ? "rejected" : "accepted"} in any pieces`, () => {
    const bytes = Buffer.from(text);
    assert.is(isRefused([bytes]), refused);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 60 }), (sizes) => {
        assert.is(isRefused(cut(bytes, sizes)), refused);
      }),
    );
  });
}

test("whatever JSON holds, it is validated by its structure alone", () => {
  const json = fc.jsonValue({ maxDepth: 6, noUnicodeString: false });
  fc.assert(
    fc.property(json, fc.array(fc.integer({ min: 1, max: 9 })), (value, sizes) => {
      const text = JSON.stringify({ value: [value, JSON.stringify(value), DEEP] });
      assert.not(isRefused(cut(Buffer.from(text), sizes)), text);
      assert.ok(isRefused(cut(Buffer.from(text.replace(/^\{"value":/, `$&${DEEP}`)), sizes)), text);
    }),
  );
});

const newGuard = () => new JsonGuard();

async function drain(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* streamOf(pieces: readonly Uint8Array[]) {
  yield* pieces;
}

async function outcomeOf(body: AsyncIterable<Uint8Array>): Promise<Buffer | string> {
  return drain(body).catch((error: Error) => error.message);
}

test("a guarded body is passed on unchanged, or ends in the rejection", async () => {
  const good = [Buffer.from('{"a":'), Buffer.from("[1]}")];
  assert.equal(await outcomeOf(guardMessage(streamOf(good), newGuard)), Buffer.concat(good));
  assert.is(
    await outcomeOf(guardMessage(streamOf([...good, Buffer.from(DEEP)]), newGuard)),
    "JSON is nested deeper than 32",
  );
});

test("each long message in envelopes is validated by itself, and compressed ones when they are no more", async () => {
  const long = (text: string) => Buffer.from(text.padEnd(70_000));
  const half = envelope(long("[".repeat(20)));
  const compressed = envelope(long(DEEP), 1);
  const good = Buffer.concat([
    half,
    envelope(Buffer.alloc(0)),
    half,
    compressed,
    envelope(Buffer.from(DEEP)),
    half,
  ]);
  const bad = Buffer.concat([good, envelope(long(DEEP))]);
  for (const size of [1, 5, 7, 1000, 65_536]) {
    const pieces = (bytes: Buffer) => cut(bytes, Array(Math.ceil(bytes.length / size)).fill(size));
    assert.equal(await outcomeOf(guardEnvelopes(streamOf(pieces(good)), newGuard)), good);
    assert.is(
      await outcomeOf(guardEnvelopes(streamOf(pieces(bad)), newGuard)),
      "JSON is nested deeper than 32",
    );
  }
});

test.run();
