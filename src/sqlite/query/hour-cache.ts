import type { Database } from "../file/database.ts";
import type { Column, Integers } from "./columns.ts";

/** Rollup rows in the order of bucket and key, a column each, and their sketches one after the other. */
export interface RollupChunk {
  /** Hours or days since 1970 UTC. */
  readonly buckets: Integers;
  readonly keyIds: Integers;
  /** Those that were asked for, in that order. */
  readonly columns: readonly Column[];
  /** Encoded, without separators: a column holds the length of each. Undefined where none were asked for. */
  readonly sketches: Uint8Array | undefined;
}

/** Bytes that the cache may take, as estimated below; beyond, what was not used for longest is dropped. */
const BYTES_MAX = 32_000_000;
/** Bytes of a number in a list. */
const CELL_BYTES = 8;

const CHANGES = `SELECT bucket, last_measurement_id FROM rollup_hours
  WHERE family_id = ? AND bucket >= ? AND bucket < ?`;

interface Entry {
  readonly version: number;
  readonly chunk: RollupChunk;
  readonly bytes: number;
}

/**
 * Rows of hours that were read before. A dashboard asks for the same day every few seconds, and all of its
 * hours but the last stay as they are: reading them anew would cost more than all the rest.
 *
 * An hour's version is the id of the measurement it was last written with (`rollup_hours`, in the transaction
 * that writes the rows), so that an entry of the same version is what the query's own snapshot holds.
 * Retention deletes whole hours, and those are not asked for any more. On the reader thread only.
 */
export class HourCache {
  /** The one that was used last stands last. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  /** The versions of a family's hours; an hour that is not there has not changed since there are versions. */
  versions(
    database: Database,
    familyId: number,
    startBucket: number,
    endBucket: number,
  ): Map<number, number> {
    const rows = database.all(CHANGES, familyId, startBucket, endBucket);
    return new Map(rows.map((row) => [Number(row.bucket), Number(row.last_measurement_id)]));
  }

  /** The chunk that is known by this name if it is of this version, or else the one that `read` reads. */
  get(name: string, version: number, read: () => RollupChunk): RollupChunk {
    const known = this.#entries.get(name);
    this.#remove(name);
    if (known?.version === version) {
      this.#add(name, known);
      return known.chunk;
    }
    const chunk = read();
    const cells = chunk.buckets.length * (chunk.columns.length + 2);
    const bytes = cells * CELL_BYTES + (chunk.sketches?.length ?? 0) + name.length;
    this.#add(name, { version, chunk, bytes });
    return chunk;
  }

  #add(name: string, entry: Entry): void {
    this.#entries.set(name, entry);
    this.#bytes += entry.bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= BYTES_MAX) return;
      this.#remove(oldest);
    }
  }

  #remove(name: string): void {
    this.#bytes -= this.#entries.get(name)?.bytes ?? 0;
    this.#entries.delete(name);
  }
}
