/** Ways to damage a database that a service was killed on: the file and its log. */
import type { Random } from "../../bench/random.ts";

/** The files as they lie on the disk. */
export interface Files {
  readonly database: Buffer;
  readonly log: Buffer;
}

export interface Mutation {
  readonly name: string;
  /** Files by their suffix; absent ones are not there. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  /**
   * Whether what it changes may be part of a value. SQLite's pages carry no checksums: such a bit is what is
   * stored from then on, and nobody can tell.
   */
  readonly mayChangeValue: boolean;
}

const PAGE_BYTES = 4096;
/** Fields of SQLite's header: name, offset, bytes (https://sqlite.org/fileformat.html). */
const HEADER_FIELDS: readonly (readonly [string, number, number])[] = [
  ["magic", 0, 16], ["page size", 16, 2], ["write version", 18, 1], ["read version", 19, 1],
  ["reserved space", 20, 1], ["payload fractions", 21, 3], ["change counter", 24, 4], ["size in pages", 28, 4],
  ["first free page", 32, 4], ["free pages", 36, 4], ["schema cookie", 40, 4], ["schema format", 44, 4],
  ["cache size", 48, 4], ["largest root page", 52, 4], ["text encoding", 56, 4], ["user version", 60, 4],
  ["incremental vacuum", 64, 4], ["application id", 68, 4], ["version valid for", 92, 4], ["SQLite version", 96, 4],
]; // biome-ignore format: a table

/** The next mutation of `files`; `foreign` is the log of another database. `index` walks through the kinds. */
export function mutate(files: Files, foreign: Uint8Array, index: number, random: Random): Mutation {
  const kinds = [
    () => headerField(files, Math.floor(index / 2) % HEADER_FIELDS.length, random),
    () => KINDS[Math.floor(index / 2) % KINDS.length]?.(files, random, foreign),
  ];
  const mutation = kinds[index % 2]?.();
  if (mutation === undefined) throw new Error(`there is no mutation ${index}`);
  return mutation;
}

function headerField({ database, log }: Files, place: number, random: Random): Mutation {
  const [name, offset, length] = HEADER_FIELDS[place] ?? ["magic", 0, 16];
  const copy = Buffer.from(database);
  for (let at = offset; at < offset + length; at += 1) copy[at] = (copy[at] ?? 0) ^ (1 + random.below(255));
  return { name: `header: ${name}`, files: { "": copy, "-wal": log }, mayChangeValue: false };
}

type Kind = (files: Files, random: Random, foreign: Uint8Array) => Mutation;

const KINDS: readonly Kind[] = [
  ({ database, log }, random) => {
    const copy = Buffer.from(database);
    const page = random.below(copy.length / PAGE_BYTES);
    copy.fill(0, page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
    return { name: `page ${page + 1} zeroed`, files: { "": copy, "-wal": log }, mayChangeValue: false };
  },
  ({ database, log }, random) => {
    const at = random.below(database.length);
    const name = `bit at ${at} of the database`;
    return { name, files: { "": withFlippedBit(database, at, random), "-wal": log }, mayChangeValue: true };
  },
  ({ database, log }, random) => {
    const bytes = random.below(database.length);
    const files = { "": database.subarray(0, bytes), "-wal": log };
    return { name: `database cut to ${bytes} bytes`, files, mayChangeValue: false };
  },
  ({ log }) => ({ name: "the log alone", files: { "-wal": log }, mayChangeValue: false }),
  ({ database }, _, foreign) => ({
    name: "the log of another database",
    files: { "": database, "-wal": foreign },
    mayChangeValue: false,
  }),
  ({ database, log }, random) => {
    const garbage = Buffer.from(Array.from({ length: 32_768 }, () => random.below(256)));
    return {
      name: "garbage in the shared memory",
      files: { "": database, "-wal": log, "-shm": garbage },
      mayChangeValue: false,
    };
  },
];

function withFlippedBit(bytes: Buffer, at: number, random: Random): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
  return copy;
}
