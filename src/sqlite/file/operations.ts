import { giveBackSpace } from "../retention/space.ts";
import type { OperationContext } from "../threads/operation.ts";
import type { Database } from "./database.ts";
import { countUngoverned, databaseSize } from "./database-stats.ts";

/** The care of the file: what of `Upkeep` the writer thread carries out, long work in steps. */
export function fileOperations({ database, read, write, proof }: OperationContext, path: string) {
  return {
    /** A real write, down to the disk: whether storage can accept. */
    probe: proof("probe", "none", () => probe(database)),
    /** Begin the write-ahead log anew. While somebody reads it does nothing. */
    truncateLog: read("checkpoint", "none", () => void database.all("PRAGMA wal_checkpoint(TRUNCATE)")),
    giveBackSpaceStep: write("vacuum", "none", () => ({
      done: undefined,
      next: giveBackSpace(database) ? true : undefined,
    })),
    size: read("select", "none", () => databaseSize(database, path)),
    countUngoverned: read("count", "all", () => countUngoverned(database)),
  };
}

/** Nothing reads user_version; changing it writes a page through log and fsync as any commit does. */
export function probe(database: Database): void {
  const next = (Number(database.first("PRAGMA user_version")?.user_version) + 1) % 1_000_000;
  database.transaction(() => database.script(`PRAGMA user_version = ${next}`));
}
