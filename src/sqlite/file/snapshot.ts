import type { Database } from "./database.ts";

/** Let `work` see one moment of the database: what commits meanwhile is not there. Does not nest. */
export function inSnapshot<Result>(database: Database, work: () => Result): Result {
  database.run("BEGIN");
  try {
    return work();
  } finally {
    // Nothing was written: it only lets go of the moment.
    database.run("ROLLBACK");
  }
}
