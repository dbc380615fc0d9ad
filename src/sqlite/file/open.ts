import { closeSync, openSync } from "node:fs";
import Libsql from "libsql";
import { Database } from "./database.ts";
import { giveIdentity, readIdentity, rejectForeignLog, rejectLoneLog } from "./identity.ts";

/** What the writing connection relies on; read back after being set, since libsql ignores what it does not know. */
const WRITER_PRAGMAS = {
  journal_mode: "wal",
  // FULL: a commit returns after its fsync, so that a power cut loses nothing that was acknowledged.
  synchronous: 2,
  wal_autocheckpoint: 1000,
  foreign_keys: 0,
} as const;

/**
 * Open the one connection that writes. The caller holds the lock of `lock.ts`.
 *
 * `check` sees the database before anything of it is changed, and throws to refuse it.
 *
 * @throws when the file is no database, or a pragma does not take.
 */
export function openWriter(path: string, check: (database: Database) => void): Database {
  rejectLoneLog(path);
  // Made here for its mode, which SQLite gives to the log beside it too. libsql would follow the umask.
  closeSync(openSync(path, "a", 0o600));
  const identity = readIdentity(path);
  // Looked at through a connection that cannot write: one that can would move the log of a killed
  // process into the file, also when the file is then refused.
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
  // Before there is a log: the file itself must say it.
  if (identity === undefined) giveIdentity(database);
  for (const [pragma, wanted] of Object.entries(WRITER_PRAGMAS)) {
    database.script(`PRAGMA ${pragma} = ${wanted}`);
    const found = database.first(`PRAGMA ${pragma}`)?.[pragma];
    if (found !== wanted) throw new Error(`PRAGMA ${pragma} is ${found}, not ${wanted}`);
  }
  return database;
}

/**
 * Open a connection that cannot write and never checkpoints. `immutable`: nobody else writes either, and
 * there is no log; then nothing at all is made beside the file.
 */
export function openReader(path: string, { immutable = false } = {}): Database {
  const uri = `file:${encodeURI(path).replaceAll("?", "%3f").replaceAll("#", "%23")}?mode=ro`;
  const database = new Database(new Libsql(immutable ? `${uri}&immutable=1` : uri));
  database.script("PRAGMA query_only = 1; PRAGMA wal_autocheckpoint = 0");
  return database;
}
