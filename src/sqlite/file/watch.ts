import { fstatSync, openSync, readSync, type Stats, statSync } from "node:fs";
import type { Database } from "./database.ts";
import { DatabaseMovedError } from "./failure.ts";
import { realDatabasePath } from "./real-path.ts";

/** The files of an open database, which nobody but its writer may change. */
export interface FileWatch {
  /** @throws {DatabaseMovedError} when somebody else has changed a file since it was last looked at. */
  check(): void;
  /**
   * Do `work`, all that changes the files. With `emptiesLog` the log may be shorter afterwards.
   *
   * @throws {DatabaseMovedError} when a file is not what it can have made of it.
   */
  during<Result>(work: () => Result, options: { readonly emptiesLog: boolean }): Result;
}

/** Of SQLite's header (https://sqlite.org/fileformat.html), what a database keeps for ever: magic and identity. */
const HEADER_BYTES = 100;
const LASTING = [
  { from: 0, to: 18 },
  { from: 68, to: 72 },
] as const;

interface Seen {
  readonly databaseBytes: number;
  readonly logBytes: number;
  readonly header: Buffer;
}

/**
 * Watch a database from now on. What is committed to a file that was removed, replaced, cut or overwritten
 * succeeds and is lost: SQLite itself looks at neither name nor length again.
 *
 * The file stays open until the thread ends: closing it would drop SQLite's locks on it (`identity.ts`).
 */
export function watchFiles(path: string, database: Database): FileWatch {
  // SQLite keeps its log beside the real file, not beside a link to it.
  const log = `${realDatabasePath(path)}-wal`;
  const file = openSync(path, "r");
  const opened = { database: fstatSync(file), log: statSync(log, { throwIfNoEntry: false }) };

  function look(): Seen {
    const header = Buffer.alloc(HEADER_BYTES);
    readSync(file, header, 0, HEADER_BYTES, 0);
    const databaseBytes = bytesOf(path, opened.database);
    return { databaseBytes, logBytes: bytesOf(log, opened.log), header };
  }
  let seen = look();

  function bytesOf(name: string, before: Stats | undefined): number {
    const found = statSync(name, { throwIfNoEntry: false });
    if (found?.dev !== before?.dev || found?.ino !== before?.ino)
      throw new DatabaseMovedError(`${name} was removed or replaced while in use`);
    return found?.size ?? 0;
  }

  function check(): void {
    const now = look();
    if (now.databaseBytes < seen.databaseBytes) throw shortened(path, seen.databaseBytes, now.databaseBytes);
    if (now.logBytes < seen.logBytes) throw shortened(log, seen.logBytes, now.logBytes);
    if (!now.header.equals(seen.header)) throw overwritten();
  }

  const overwritten = () => new DatabaseMovedError(`${path} was overwritten while in use`);

  function accept(emptiesLog: boolean): void {
    const now = look();
    if (now.logBytes < seen.logBytes && !emptiesLog) throw shortened(log, seen.logBytes, now.logBytes);
    if (LASTING.some(({ from, to }) => now.header.compare(seen.header, from, to, from, to) !== 0))
      throw overwritten();
    // A checkpoint gives free pages back, and leaves the file as long as SQLite says it is.
    if (now.databaseBytes < seen.databaseBytes && now.databaseBytes !== logicalBytes(database))
      throw shortened(path, seen.databaseBytes, now.databaseBytes);
    seen = now;
  }

  return {
    check,
    during(work, { emptiesLog }) {
      check();
      try {
        return work();
      } finally {
        accept(emptiesLog);
      }
    },
  };
}

function shortened(name: string, before: number, now: number): DatabaseMovedError {
  return new DatabaseMovedError(`${name} was cut from ${before} to ${now} bytes while in use`);
}

function logicalBytes(database: Database): number {
  const pages = Number(database.first("PRAGMA page_count")?.page_count);
  return pages * Number(database.first("PRAGMA page_size")?.page_size);
}
