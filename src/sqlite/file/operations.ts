import type { OperationContext } from "../threads/operation.ts";
import type { Database } from "./database.ts";
import { countUngoverned, databaseSize } from "./database-stats.ts";

/** The care of the file: what of `Upkeep` the writer thread carries out, long work in steps. */
export function fileOperations({ database, read, write, proof }: OperationContext, path: string) {
  return {
    /** A real write, down to the disk: whether storage can accept. */
    probe: proof("probe", "none", () => probe(database)),
    /**
     * Empty the write-ahead log (https://sqlite.org/pragma.html#pragma_wal_checkpoint). Does nothing while
     * somebody reads.
     */
    truncateLog: read("checkpoint", "none", () => void database.all("PRAGMA wal_checkpoint(TRUNCATE)")),
    /** One step; `next` says that there is more to give. */
    giveBackSpaceStep: write("vacuum", "none", () => ({
      done: undefined,
      next: giveBackSpace(database) ? true : undefined,
    })),
    size: read("select", "none", () => databaseSize(database, path)),
    countUngoverned: read("count", "all", () => countUngoverned(database)),
  };
}

/**
 * Commit something that means nothing. Nothing reads `user_version`; changing it writes a page through log
 * and fsync as any commit does, and fails where a metric would fail. A `SELECT` would succeed on a full disk.
 */
export function probe(database: Database): void {
  const next = (Number(database.first("PRAGMA user_version")?.user_version) + 1) % 1_000_000;
  database.transaction(() => database.script(`PRAGMA user_version = ${next}`));
}

/** Pages a step: a few milliseconds. A constant of the SQL text, which a pragma takes no parameter in. */
const GIVE_BACK = "PRAGMA incremental_vacuum(64)";
/**
 * Free pages that are left to be used again: this many, or this share of the file where that is more.
 * Giving all back would let the file shrink and grow with every cleanup.
 */
const SPARE_PAGES = 256;
const SPARE_SHARE = 0.02;

/**
 * Give some free pages of the file back to the file system. Returns whether there are more to give.
 *
 * Rejected: `VACUUM`, which writes the whole database anew and holds up every commit meanwhile.
 */
export function giveBackSpace(database: Database): boolean {
  const excess = () => {
    const pages = Number(database.first("PRAGMA page_count")?.page_count);
    const free = Number(database.first("PRAGMA freelist_count")?.freelist_count);
    return free - Math.max(SPARE_PAGES, Math.ceil(pages * SPARE_SHARE));
  };
  const before = excess();
  if (before <= 0) return false;
  database.all(GIVE_BACK);
  const after = excess();
  // A file that was made without auto_vacuum keeps its pages; they are used again.
  return after > 0 && after < before;
}
