import type { Random } from "../../bench/random.ts";
import { noise } from "./fuzz-mutate.ts";

/** Field numbers of SubmitRequest, Metric and google.protobuf.Value, and some that are nobody's. */
const FIELDS = [1, 2, 3, 4, 5, 6, 7, 15, 16, 2047, 18_999, 19_500, 536_870_911, 0];

/** A message that is nearly a SubmitRequest: right in places, and wrong in the ways the wire format allows. */
export function almostProto(random: Random): { name: string; bytes: Buffer } {
  const drawn = random.below(10);
  if (drawn === 0) return { name: "proto-depth", bytes: submission(random, [deepMetric(random)]) };
  if (drawn === 1)
    return { name: "proto-groups", bytes: Buffer.concat([submission(random, []), groups(random)]) };
  if (drawn === 2) return { name: "proto-numbers", bytes: submission(random, [oddNumbers(random)]) };
  if (drawn === 3) return { name: "proto-text", bytes: submission(random, [oddText(random)]) };
  if (drawn === 4)
    return { name: "proto-unknown", bytes: Buffer.concat([submission(random, []), garbage(random, 20)]) };
  const metrics = Array.from({ length: 1 + random.below(3) }, () =>
    Buffer.concat([valid(), garbage(random, 3)]),
  );
  return { name: "proto-garbage", bytes: submission(random, metrics) };
}

function submission(random: Random, metrics: readonly Buffer[]): Buffer {
  const all = metrics.length > 0 ? metrics : [valid()];
  const service = random.chance(0.95) ? text(1, Buffer.from("fuzz")) : Buffer.alloc(0);
  return Buffer.concat([service, ...all.map((metric) => text(4, metric))]);
}

const valid = () =>
  Buffer.concat([text(1, Buffer.from("custom")), double(2, 1), text(5, entry("k", double(2, 5)))]);

const entry = (key: string, value: Buffer) => Buffer.concat([text(1, Buffer.from(key)), text(2, value)]);

/** Lists or structs in each other, far deeper than any decoder wants to recurse. */
function deepMetric(random: Random): Buffer {
  const depth = Math.floor(10 ** (1 + random.unit() * (random.chance(0.1) ? 4 : 2.5)));
  // Built from the inside out backwards, since each level's length has to be known.
  const parts: Buffer[] = [];
  let length = 0;
  for (let level = 0; level < depth; level++) {
    for (const field of level % 2 === 0 ? [6] : [1]) {
      const head = Buffer.concat([varint((field << 3) | 2), varint(length)]);
      parts.push(head);
      length += head.length;
    }
  }
  return Buffer.concat([
    text(1, Buffer.from("custom")),
    double(2, 1),
    text(5, entry("deep", Buffer.concat(parts.reverse()))),
  ]);
}

function groups(random: Random): Buffer {
  const depth = 1 + random.below(random.chance(0.2) ? 50_000 : 20);
  const field = random.pick([1, 4, 7, 2047]);
  const open = Buffer.concat(Array(depth).fill(varint((field << 3) | 3)));
  const close = Buffer.concat(Array(depth).fill(varint((field << 3) | 4)));
  return random.chance(0.5) ? Buffer.concat([open, close]) : random.pick([open, close]);
}

function oddNumbers(random: Random): Buffer {
  const odd = () =>
    random.pick([
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      -0,
      1e308,
      5e-324,
      2 ** 53 + 2,
    ]);
  const seconds = random.pick([2n ** 63n, 2n ** 64n - 1n, 253_402_300_800n, 2n ** 62n]);
  const time = Buffer.concat([
    Buffer.of(0x08),
    bigVarint(seconds),
    Buffer.of(0x10),
    bigVarint(random.pick([1_000_000_000n, 2n ** 64n - 1n])),
  ]);
  return Buffer.concat([
    text(1, Buffer.from("custom")),
    double(2, random.chance(0.5) ? odd() : 1),
    ...(random.chance(0.5) ? [double(3, odd())] : []),
    ...(random.chance(0.4) ? [text(4, time)] : []),
    text(
      5,
      entry("odd", random.chance(0.5) ? double(2, odd()) : Buffer.from([0x08, ...bigVarint(2n ** 64n - 1n)])),
    ),
  ]);
}

function oddText(random: Random): Buffer {
  const odd = () =>
    random.pick([
      Buffer.from([0xff, 0xfe]),
      Buffer.from([0xc0, 0x80]),
      Buffer.from([0xed, 0xa0, 0x80]),
      Buffer.alloc(3),
      Buffer.alloc(100_000, 0x61),
      noise(random, 40),
    ]);
  return Buffer.concat([
    text(1, random.chance(0.3) ? odd() : Buffer.from("auth_request")),
    double(2, 1),
    text(5, Buffer.concat([text(1, random.chance(0.5) ? odd() : Buffer.from("k")), text(2, text(3, odd()))])),
    text(6, Buffer.concat([text(1, odd()), text(2, text(3, odd()))])),
  ]);
}

/** Fields with any number, any wire type (6 and 7 do not exist) and lengths that lie. */
function garbage(random: Random, count: number): Buffer {
  const parts: Buffer[] = [];
  for (let left = 1 + random.below(count); left > 0; left--) {
    const field = random.pick(FIELDS);
    const wireType = random.below(8);
    parts.push(varint(((field << 3) | wireType) >>> 0));
    if (random.chance(0.1)) parts.push(Buffer.alloc(1 + random.below(12), 0x80));
    if (wireType === 0)
      parts.push(random.chance(0.3) ? overlongVarint(random) : varint(random.below(2 ** 31)));
    if (wireType === 1) parts.push(noise(random, 8));
    if (wireType === 2) parts.push(lying(random));
    if (wireType === 5) parts.push(noise(random, random.chance(0.9) ? 4 : 2));
  }
  return Buffer.concat(parts);
}

function lying(random: Random): Buffer {
  const content = noise(random, random.below(30));
  const length = random.pick([
    varint(content.length),
    varint(content.length + 1 + random.below(1000)),
    varint(2 ** 31 - 1),
    varint(2 ** 32 - 1),
    // −1 as a varint of ten bytes.
    Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
  ]);
  return Buffer.concat([length, content]);
}

const overlongVarint = (random: Random) =>
  Buffer.concat([Buffer.alloc(9 + random.below(3), 0xff), Buffer.of(random.pick([0x00, 0x01, 0x7f]))]);

const text = (field: number, content: Buffer) =>
  Buffer.concat([varint((field << 3) | 2), varint(content.length), content]);

function double(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(9);
  bytes[0] = (field << 3) | 1;
  bytes.writeDoubleLE(value, 1);
  return bytes;
}

const varint = (value: number) => bigVarint(BigInt(value));

function bigVarint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}
