import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import Libsql from "libsql";
import { describeDamage, findDamage } from "./damage.ts";
import { Database } from "./database.ts";
import { giveIdentity } from "./identity.ts";
import { type Migration, readApplied } from "./migrator.ts";
import { openReader } from "./open.ts";

/** Where a backup stands while it is written; a killed one leaves it behind, and the next one replaces it. */
export const partialOf = (target: string) => `${target}.partial`;

/** Remove what an ended backup has left beside `target`. */
export function removePartial(target: string): void {
  // SQLite's own journal of the copy, too: it would be played back into the next one.
  for (const suffix of ["", "-journal"]) rmSync(partialOf(target) + suffix, { force: true });
}

/** The copy is not what it should be, or may not take its place; nothing of it is left. */
class UnsoundCopyError extends Error {
  override readonly name = "UnsoundCopyError";
}

/**
 * Write a copy of the database as of now to `target`, complete or not at all: a restore is a copy back. It
 * holds everything that was committed before, whether or not a service goes on writing. Runs in a process of
 * its own, and takes about as long as the disk needs to read the database and write it.
 *
 * It is `VACUUM INTO` (https://sqlite.org/lang_vacuum.html), since libsql 0.5.29 has no backup API, and file
 * and log copied one after the other are of two moments unless the writer stands still. The copy has no free
 * pages and no log.
 *
 * @throws {UnsoundCopyError} when `target` exists or the copy is not sound.
 */
export function writeBackup(
  source: string,
  target: string,
  migrations: readonly Migration[],
): { readonly bytes: number } {
  const partial = partialOf(target);
  removePartial(target);
  // Made here for its mode: it holds what the database holds. VACUUM INTO takes an empty file.
  closeSync(openSync(partial, "wx", 0o600));
  try {
    copy(source, partial);
    renewIdentity(partial);
    check(partial, migrations);
    sync(partial);
    if (existsSync(target)) throw new UnsoundCopyError(`${target} exists already`);
    renameSync(partial, target);
    sync(dirname(target));
    return { bytes: statSync(target).size };
  } catch (error) {
    removePartial(target);
    throw error;
  }
}

/**
 * Reads in one transaction, beside whoever writes; the log cannot start anew until it is over, and so grows.
 */
function copy(source: string, partial: string): void {
  const reader = openReader(source);
  try {
    // It would forbid VACUUM INTO to write the copy. `mode=ro` still keeps the source from being written.
    reader.script("PRAGMA query_only = 0");
    reader.run("VACUUM INTO ?", partial);
  } finally {
    reader.close();
  }
}

/**
 * Give the copy a number of its own (`identity.ts`), so that SQLite never reads it together with the log of
 * the database that it was copied from.
 */
function renewIdentity(partial: string): void {
  const database = new Database(new Libsql(partial));
  try {
    // A crash leaves nothing of worth, so nothing needs to be recovered.
    database.script("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
    giveIdentity(database);
  } finally {
    database.close();
  }
}

/** Open the copy as a restore would. @throws {UnsoundCopyError} @throws {MigrationError} */
function check(partial: string, migrations: readonly Migration[]): void {
  const reader = openReader(partial);
  try {
    readApplied(reader, migrations);
    const findings = findDamage(reader, false);
    if (findings.length > 0) throw new UnsoundCopyError(describeDamage(findings));
  } finally {
    reader.close();
  }
}

/** Down to the disk; of a folder, its names: a rename survives a power cut only after that (fsync(2)). */
export function sync(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
