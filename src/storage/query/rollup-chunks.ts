import type { Database } from "../database.ts";
import type { KeyGroups } from "./key-groups.ts";
import { CHUNK_ROWS } from "./row-source.ts";
import { type JsonRow, parseRows } from "./rows-json.ts";

/** Rows by bucket, and their sketches one after the other. */
export interface RollupChunk {
  readonly rows: readonly JsonRow[];
  readonly sketches: Uint8Array | undefined;
}

export interface RollupChunkOptions {
  readonly database: Database;
  readonly table: "rollups_hourly" | "rollups_daily";
  readonly familyId: number;
  readonly startBucket: number;
  readonly endBucket: number;
  readonly keys: KeyGroups;
  /** SQL of the columns of a row, constants all; the first two are bucket and key_id. */
  readonly columns: readonly string[];
  readonly withSketches: boolean;
}

/** Yields chunks until the rows are over. One may be empty. */
export type ReadRollupChunk = () => RollupChunk | undefined;

/**
 * The rows of a family from one bucket to another, of all its keys or of some.
 *
 * The rows of many keys are passed over in their order. Few keys are looked for in every bucket, which
 * takes some ten times as long for a row and reads none in vain.
 */
export function openRollupChunks(options: RollupChunkOptions): ReadRollupChunk {
  const stored = storedBuckets(options);
  if (stored === undefined || options.keys.ids?.length === 0) return () => undefined;
  const bounded = {
    ...options,
    startBucket: Math.max(options.startBucket, stored.first),
    endBucket: Math.min(options.endBucket, stored.last + 1),
  };
  return options.keys.areFew ? seek(bounded) : scan(bounded);
}

/** Sketches come as one blob, since one a row would cost more than all else: SQLite joins them like texts. */
function selection({ columns, withSketches }: RollupChunkOptions): string {
  const sketches = withSketches ? "CAST(group_concat(sketch, '') AS BLOB)" : "NULL";
  return `SELECT json_group_array(json_array(${columns.join(", ")})) AS found, ${sketches} AS sketches`;
}

function scan(options: RollupChunkOptions): ReadRollupChunk {
  const { database, table, familyId, startBucket, endBucket, keys } = options;
  const ids = keys.ids === undefined ? [] : [JSON.stringify(keys.ids)];
  // The "+" keeps SQLite from looking for every key in every bucket.
  const ofKeys = keys.ids === undefined ? "" : "AND +key_id IN (SELECT value FROM json_each(?))";
  const sql = `${selection(options)} FROM (
    SELECT * FROM ${table}
    WHERE family_id = ? AND (bucket, key_id) > (?, ?) AND bucket < ? ${ofKeys}
    ORDER BY bucket, key_id LIMIT ${CHUNK_ROWS}
  )`;
  let last: readonly [bucket: number, keyId: number] | undefined = [startBucket, -1];
  return () => {
    if (last === undefined) return undefined;
    const chunk = toChunk(database.first(sql, familyId, ...last, endBucket, ...ids));
    const end = chunk.rows.length < CHUNK_ROWS ? undefined : chunk.rows.at(-1);
    last = end && [Number(end[0]), Number(end[1])];
    return chunk;
  };
}

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
    return toChunk(database.first(sql, JSON.stringify(buckets), JSON.stringify(ids), familyId));
  };
}

function toChunk(found: Readonly<Record<string, unknown>> | undefined): RollupChunk {
  const sketches = (found?.sketches ?? undefined) as ArrayBuffer | undefined;
  return { rows: parseRows(found?.found), sketches: sketches && new Uint8Array(sketches) };
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
