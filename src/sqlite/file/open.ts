/**
 * How connections to the database are opened: the one that writes, and those that only read.
 *
 * Whatever is wrong with a file is found before anything of it is changed, so that the wrong path never costs
 * more than an error message.
 */
import { closeSync, openSync } from "node:fs";
import Libsql from "libsql";
import { Database } from "./database.ts";
import { giveIdentity, hasSchema, readIdentity, rejectForeignLog, rejectLoneLog } from "./identity.ts";

/**
 * What the writing connection relies on (https://sqlite.org/pragma.html); read back after being set, since
 * SQLite ignores what it does not know or cannot do.
 */
const WRITER_PRAGMAS = {
  // Readers see one moment while the writer goes on, and a commit is one sequential write.
  journal_mode: "wal",
  // FULL: a commit returns after its fsync, so that a power cut loses nothing that was acknowledged.
  synchronous: 2,
  // Pages of the log, 4 MB of them, after which a commit moves them into the file.
  wal_autocheckpoint: 1000,
  // The schema declares none: the writer itself makes the rows that it refers to.
  foreign_keys: 0,
} as const;

/**
 * Open the one connection that writes, and make the file when it is not there. The caller holds the lock of
 * `lock.ts`; the folder exists.
 *
 * `check` sees the database through a connection that cannot write, before anything of it is changed, and
 * throws to reject it. It is called for a new file too, which has no tables.
 *
 * @throws {ForeignLogError} when the log beside the file is of another database.
 * @throws when the file is no database, or a pragma does not take.
 */
export function openWriter(path: string, check: (database: Database) => void): Database {
  rejectLoneLog(path);
  // Made here for its mode, which SQLite gives to the log beside it too. libsql would follow the umask.
  closeSync(openSync(path, "a", 0o600));
  const identity = readIdentity(path);
  // Looked at through a connection that cannot write: one that can would move the log of a killed
  // process into the file, also when the file is then rejected.
  const reader = openReader(path);
  try {
    rejectForeignLog(path, identity, reader);
    check(reader);
  } finally {
    reader.close();
  }
  const database = new Database(new Libsql(path));
  // Only takes effect on a file without tables: lets freed pages be given back without VACUUM.
  database.script("PRAGMA auto_vacuum = INCREMENTAL");
  if (identity === undefined) giveIdentity(database);
  else if (identity === 0 && !hasSchema(database)) moveIn(database);
  for (const [pragma, wanted] of Object.entries(WRITER_PRAGMAS)) {
    database.script(`PRAGMA ${pragma} = ${wanted}`);
    const found = database.first(`PRAGMA ${pragma}`)?.[pragma];
    if (found !== wanted) throw new Error(`PRAGMA ${pragma} is ${found}, not ${wanted}`);
  }
  return database;
}

/**
 * Make a file one of ours that another program made and `check` has accepted: without rows, that is. The
 * identity must stand in the file itself before there is a log of ours; `auto_vacuum` is only set while
 * everything is written anew.
 */
function moveIn(database: Database): void {
  database.script("VACUUM");
  giveIdentity(database);
  database.all("PRAGMA wal_checkpoint(TRUNCATE)");
}

/**
 * Open a connection that cannot write and never checkpoints. It may be open beside the writer, in any
 * thread or process. `mode=ro` (https://sqlite.org/uri.html) keeps the file from being written,
 * `query_only` rejects statements that would, and without automatic checkpoints none can meet one of the
 * writer.
 *
 * `immutable`: nobody else writes either, and there is no log; then SQLite takes no locks and makes nothing
 * at all beside the file, which is what a read-only folder needs.
 */
export function openReader(path: string, { immutable = false } = {}): Database {
  const uri = `file:${encodeURI(path).replaceAll("?", "%3f").replaceAll("#", "%23")}?mode=ro`;
  const database = new Database(new Libsql(immutable ? `${uri}&immutable=1` : uri));
  database.script("PRAGMA query_only = 1; PRAGMA wal_autocheckpoint = 0");
  return database;
}
