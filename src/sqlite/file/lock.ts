import { closeSync, openSync } from "node:fs";
import Libsql from "libsql";
import { StoreInUseError } from "../../store/errors.ts";
import { realDatabasePath } from "./real-path.ts";

const inUse = (path: string) =>
  new StoreInUseError(`${path} is in use by another mcp-metrics process; only one may hold a database`);

/**
 * Take the database for this process until `release`, or until the process dies.
 *
 * The lock is SQLite's own exclusive lock on an empty database beside the real one: the kernel drops it with
 * the process, so that it cannot go stale as a file with a pid in it does. It cannot be taken on the database
 * itself, because that would lock out readers.
 *
 * Nothing else may open the lock file: POSIX drops all of a process's locks on a file as soon as the process
 * closes any descriptor of it (fcntl(2)). A network file system is as unfit for this as for a database with a
 * write-ahead log at all (https://sqlite.org/wal.html, 1).
 *
 * @throws {StoreInUseError} when another process has it.
 */
export function acquireLock(databasePath: string): { release(): void } {
  const path = `${realDatabasePath(databasePath)}-lock`;
  // Made here for its mode: what stands beside the database is nobody else's to open.
  closeSync(openSync(path, "a", 0o600));
  const connection = new Libsql(path);
  try {
    connection.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    if ((error as { code?: string }).code?.startsWith("SQLITE_BUSY")) throw inUse(databasePath);
    throw error;
  }
  return {
    release() {
      connection.exec("ROLLBACK");
      connection.close();
    },
  };
}

/** Whether some process holds the database. Only a snapshot: it may have begun or ended by the next line. */
export function isDatabaseInUse(databasePath: string): boolean {
  try {
    acquireLock(databasePath).release();
    return false;
  } catch (error) {
    if (error instanceof StoreInUseError) return true;
    throw error;
  }
}
