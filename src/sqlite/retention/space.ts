import type { Database } from "../file/database.ts";

/** Pages a step: a few milliseconds. A constant of the SQL text, which a pragma takes no parameter in. */
const GIVE_BACK = "PRAGMA incremental_vacuum(64)";
/** Free pages that are left to be used again: this many, or this share of the file where that is more. */
const SPARE_PAGES = 256;
const SPARE_SHARE = 0.02;

/** Give some free pages of the file back to the file system. Returns whether there are more to give. */
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
