import type { Random } from "../../bench/random.ts";

/** One change to bytes that knows nothing of what they mean. */
interface Mutation {
  readonly name: string;
  readonly apply: (random: Random, bytes: Buffer) => Buffer;
}

const MUTATIONS: readonly Mutation[] = [
  {
    name: "bit-flips",
    apply(random, bytes) {
      const flipped = Buffer.from(bytes);
      for (let left = 1 + random.below(16); left > 0; left--) {
        const at = random.below(flipped.length);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << random.below(8));
      }
      return flipped;
    },
  },
  { name: "cut-short", apply: (random, bytes) => bytes.subarray(0, random.below(bytes.length)) },
  { name: "cut-start", apply: (random, bytes) => bytes.subarray(random.below(bytes.length)) },
  { name: "twice", apply: (_random, bytes) => Buffer.concat([bytes, bytes]) },
  {
    name: "span-repeated",
    apply(random, bytes) {
      const [start, end] = span(random, bytes);
      const repeated = Array.from({ length: 1 + random.below(50) }, () => bytes.subarray(start, end));
      return Buffer.concat([bytes.subarray(0, start), ...repeated, bytes.subarray(start)]);
    },
  },
  {
    name: "span-removed",
    apply(random, bytes) {
      const [start, end] = span(random, bytes);
      return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
    },
  },
  {
    name: "noise-inserted",
    apply(random, bytes) {
      const at = random.below(bytes.length + 1);
      return Buffer.concat([bytes.subarray(0, at), noise(random, 1 + random.below(64)), bytes.subarray(at)]);
    },
  },
  { name: "noise", apply: (random) => noise(random, random.below(2000)) },
  { name: "empty", apply: () => Buffer.alloc(0) },
];

/** One or two mutations, and their names. */
export function mutate(random: Random, bytes: Buffer): { name: string; bytes: Buffer } {
  const names: string[] = [];
  let mutated = bytes;
  for (let left = random.chance(0.3) ? 2 : 1; left > 0; left--) {
    const mutation = random.pick(MUTATIONS);
    names.push(mutation.name);
    if (mutated.length > 0) mutated = mutation.apply(random, mutated);
  }
  return { name: names.join("+"), bytes: mutated };
}

/** Random bytes. */
export function noise(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random.below(256)));
}

function span(random: Random, bytes: Buffer): readonly [number, number] {
  const start = random.below(bytes.length);
  return [start, start + 1 + random.below(Math.min(200, bytes.length - start))];
}
