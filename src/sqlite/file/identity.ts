import { randomInt } from "node:crypto";
import { closeSync, openSync, readSync, statSync } from "node:fs";
import type { Database } from "./database.ts";
import { realDatabasePath } from "./real-path.ts";

/**
 * Where SQLite's header keeps `application_id`, four bytes, big-endian (https://sqlite.org/fileformat.html).
 */
const IDENTITY_OFFSET = 68;

/**
 * The log beside a database is not the log of that database; nothing was touched. The message says what to
 * do.
 */
export class ForeignLogError extends Error {
  override readonly name = "ForeignLogError";
}

/**
 * Give a database file a random number of its own, in `application_id`, which nothing else uses here.
 *
 * It tells a database from its copies: a backup that is put in the place of a lost database, beside the
 * lost one's log, would otherwise be overwritten by that log page by page, without any error
 * (https://sqlite.org/howtocorrupt.html, 1.4). The checksums in a log only say that the log is whole.
 */
export function giveIdentity(database: Database): void {
  // A pragma takes no parameters; a number is no injection.
  database.script(`PRAGMA application_id = ${randomInt(1, 2 ** 31)}`);
}

/** Whether a database has the table of this program's migrations. */
export function hasSchema(database: Database): boolean {
  return database.first("SELECT 1 FROM sqlite_schema WHERE name = 'schema_migrations'") !== undefined;
}

/**
 * Reject a log without its database: SQLite would delete the log, and with it what was committed last.
 * Called before anything is opened or made.
 *
 * @throws {ForeignLogError}
 */
export function rejectLoneLog(path: string): void {
  const log = `${realDatabasePath(path)}-wal`;
  const sizeOf = (file: string) => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (sizeOf(path) > 0 || sizeOf(log) === 0) return;
  throw new ForeignLogError(
    `${path} is empty or not there, and its log ${log} is: put the database back, or move the log away`,
  );
}

/**
 * What the file says without its log; undefined when it is too short to say anything.
 *
 * Called before the database is opened: closing a file that SQLite has open in this process would drop
 * SQLite's locks on it (POSIX advisory locks, https://sqlite.org/howtocorrupt.html, 2.2).
 */
export function readIdentity(path: string): number | undefined {
  const bytes = Buffer.alloc(4);
  const file = openSync(path, "r");
  try {
    return readSync(file, bytes, 0, 4, IDENTITY_OFFSET) === 4 ? bytes.readInt32BE(0) : undefined;
  } finally {
    closeSync(file);
  }
}

/**
 * Reject a log of another database: `identity` is the number in the file itself, which was written before
 * there was a log, and `reader` sees the file through its log. They differ when the log's first page is of
 * another file.
 *
 * @throws {ForeignLogError}
 */
export function rejectForeignLog(path: string, identity: number | undefined, reader: Database): void {
  const seen = reader.first("PRAGMA application_id")?.application_id;
  if (identity === undefined || identity === seen) return;
  // Ended while it moved into another program's file: the number is in the log alone, and nothing else is.
  if (identity === 0 && !hasSchema(reader)) return;
  throw new ForeignLogError(
    `the log ${realDatabasePath(path)}-wal is not of ${path}, which was replaced or damaged: ` +
      "if it was restored from a backup, move the log away",
  );
}
