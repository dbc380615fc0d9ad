import { CHUNK_ROWS } from "../../store/plan/row-source.ts";
import type { Database, Row } from "../file/database.ts";
import { asColumns, type Integers, readColumns } from "./columns.ts";
import type { HourCache, RollupChunk } from "./hour-cache.ts";
import type { KeyGroups } from "./key-groups.ts";

/** Which rows of rollups to read, and what of them. */
export interface RollupChunkOptions {
  readonly database: Database;
  readonly table: "rollups_hourly" | "rollups_daily";
  readonly familyId: number;
  /** Hours or days since 1970 UTC. */
  readonly startBucket: number;
  /** Exclusive. */
  readonly endBucket: number;
  /** Which keys are taken; a chunk may hold others. */
  readonly keys: KeyGroups;
  /** SQL of the columns beside bucket and key, constants all. */
  readonly columns: readonly string[];
  readonly withSketches: boolean;
  readonly cache: HourCache;
}

/**
 * Ranges of so many hours go through the cache: what dashboards ask for again and again. Longer ones bypass
 * it.
 */
const CACHED_HOURS_MAX = 50;

/** Yields chunks until the rows are over. One may be empty, and may hold keys that are not taken. */
export type ReadRollupChunk = () => RollupChunk | undefined;

/**
 * The rows of a family from one bucket to another, of all its keys or of some.
 *
 * The rows of many keys are scanned in their order. Few keys are looked up in every bucket, which takes some
 * ten times as long for a row and reads none in vain.
 */
export function openRollupChunks(options: RollupChunkOptions): ReadRollupChunk {
  const stored = storedBuckets(options);
  if (stored === undefined || options.keys.ids?.length === 0) return () => undefined;
  const bounded = {
    ...options,
    startBucket: Math.max(options.startBucket, stored.first),
    endBucket: Math.min(options.endBucket, stored.last + 1),
  };
  const isCached =
    options.table === "rollups_hourly" && bounded.endBucket - bounded.startBucket <= CACHED_HOURS_MAX;
  if (isCached) return readCachedHours(bounded);
  return options.keys.areFew ? seek(bounded) : scan(bounded);
}

/** Sketches come as one blob, since one a row would cost more than all else: SQLite joins them like texts. */
function selection({ columns, withSketches }: RollupChunkOptions): string {
  const sketches = withSketches ? "CAST(group_concat(sketch, '') AS BLOB)" : "NULL";
  return `SELECT ${asColumns(["bucket", "key_id", ...columns])}, ${sketches} AS sketches`;
}

/** Hour by hour, of all keys: another query may take others. */
function readCachedHours(options: RollupChunkOptions): ReadRollupChunk {
  const { database, familyId, startBucket, endBucket, cache } = options;
  const sql = `${selection(options)} FROM (
    SELECT * FROM rollups_hourly WHERE family_id = ? AND bucket = ? ORDER BY key_id
  )`;
  const versions = cache.versions(database, familyId, startBucket, endBucket);
  let next = startBucket;
  return () => {
    const bucket = next++;
    if (bucket >= endBucket) return undefined;
    const read = () => toChunk(database.first(sql, familyId, bucket), options);
    return cache.get(`${familyId} ${bucket} ${options.columns.join()}`, versions.get(bucket) ?? 0, read);
  };
}

/** All rows in order, a chunk after the other; those of other keys are dropped inside SQLite. */
function scan(options: RollupChunkOptions): ReadRollupChunk {
  const { database, table, familyId, startBucket, endBucket, keys } = options;
  const ids = keys.ids === undefined ? [] : [JSON.stringify(keys.ids)];
  // The unary "+" keeps SQLite from using the term for the index (https://sqlite.org/optoverview.html), which
  // would look for every key in every bucket.
  const ofKeys = keys.ids === undefined ? "" : "AND +key_id IN (SELECT value FROM json_each(?))";
  const sql = `${selection(options)} FROM (
    SELECT * FROM ${table}
    WHERE family_id = ? AND (bucket, key_id) > (?, ?) AND bucket < ? ${ofKeys}
    ORDER BY bucket, key_id LIMIT ${CHUNK_ROWS}
  )`;
  let last: readonly [bucket: number, keyId: number] | undefined = [startBucket, -1];
  return () => {
    if (last === undefined) return undefined;
    const chunk = toChunk(database.first(sql, familyId, ...last, endBucket, ...ids), options);
    const { buckets, keyIds } = chunk;
    last = buckets.length < CHUNK_ROWS ? undefined : [buckets.at(-1) ?? 0, keyIds.at(-1) ?? 0];
    return chunk;
  };
}

/** Every pair of bucket and key, looked up; CROSS JOIN keeps SQLite from reordering the loops. */
function seek(options: RollupChunkOptions): ReadRollupChunk {
  const { database, table, familyId, startBucket, endBucket } = options;
  const ids = options.keys.ids ?? [];
  const sql = `${selection(options)} FROM (
    SELECT r.* FROM json_each(?) AS b CROSS JOIN json_each(?) AS k CROSS JOIN ${table} AS r
    WHERE r.family_id = ? AND r.bucket = b.value AND r.key_id = k.value
  )`;
  const bucketsAtATime = Math.max(1, Math.floor(CHUNK_ROWS / ids.length));
  let next = startBucket;
  return () => {
    if (next >= endBucket) return undefined;
    const length = Math.min(bucketsAtATime, endBucket - next);
    const buckets = Array.from({ length }, (_, index) => next + index);
    next += length;
    return toChunk(database.first(sql, JSON.stringify(buckets), JSON.stringify(ids), familyId), options);
  };
}

function toChunk(row: Row | undefined, { columns: asked }: RollupChunkOptions): RollupChunk {
  const [buckets, keyIds, ...columns] = readColumns(row, asked.length + 2);
  // libsql hands out a Buffer, which the copy makes plain.
  const sketches = (row?.sketches ?? undefined) as unknown as ArrayBuffer | undefined;
  return {
    buckets: buckets as Integers,
    keyIds: keyIds as Integers,
    columns,
    sketches: sketches && new Uint8Array(sketches),
  };
}

/** The first and the last bucket that the family has: a range may be much longer. */
function storedBuckets({ database, table, familyId }: RollupChunkOptions) {
  const row = database.first(
    `SELECT (SELECT min(bucket) FROM ${table} WHERE family_id = ?) AS first,
      (SELECT max(bucket) FROM ${table} WHERE family_id = ?) AS last`,
    familyId,
    familyId,
  );
  if (row === undefined || row.first === null) return undefined;
  return { first: Number(row.first), last: Number(row.last) };
}
