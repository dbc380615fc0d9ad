import {
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "../../lib/clock.ts";
import { StoreError } from "../../store/errors.ts";
import { removePartial, sync } from "./backup-file.ts";
import { examineDatabase } from "./examine.ts";
import { acquireLock } from "./lock.ts";
import { MIGRATIONS_FOLDER } from "./migrator.ts";
import { realDatabasePath } from "./real-path.ts";
import { startFileBackup } from "./upkeep.ts";

/** What was restored, and where the database is that was there before. */
export interface Restored {
  readonly bytes: number;
  /** The newest migration of the backup. */
  readonly migration: number;
  /** Undefined where there was none. */
  readonly keptAs: string | undefined;
}

/** What is to be restored is not fit for it; nothing was changed. */
export class RestoreError extends StoreError {
  override readonly name = "RestoreError";
}

/**
 * Put a copy of the backup at `source` in the place of the database at `path`, complete or not at all: the backup is
 * searched for damage, copied beside the database, and takes its place in one step. What was there is kept beside
 * it, log and all; whoever has no use for it deletes it. The backup itself is only read.
 *
 * @throws {StoreInUseError} while a service holds the database.
 * @throws {DatabaseOpenError} for a backup that is damaged, foreign or newer than this program.
 * @throws {RestoreError} for one that is not there, or holds nothing. @throws {BackupError} without room for it.
 */
export async function restoreDatabase(source: string, path: string, clock: Clock): Promise<Restored> {
  const target = realDatabasePath(path);
  if (!statSync(source, { throwIfNoEntry: false })?.isFile()) throw new RestoreError(`${source} is no file`);
  if (realDatabasePath(source) === target) throw new RestoreError(`${source} is the database itself`);
  mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
  const lock = acquireLock(path);
  const copy = `${target}.restoring`;
  try {
    const migration = await check(source, clock);
    for (const left of [copy, `${copy}-journal`]) rmSync(left, { force: true });
    removePartial(copy);
    // A copy and not the file itself: it has a number of its own, so that no log of another is taken for its.
    const { bytes } = await startFileBackup(source, copy).result;
    return { bytes, migration, keptAs: replace(copy, target, clock.wallMs()) };
  } finally {
    rmSync(copy, { force: true });
    lock.release();
  }
}

/** The newest migration of a sound backup. */
async function check(source: string, clock: Clock): Promise<number> {
  const options = {
    path: source,
    migrationsFolder: MIGRATIONS_FOLDER,
    full: true,
    limitMs: undefined,
    clock,
  };
  const migration = (await examineDatabase(options))?.migration ?? 0;
  if (migration === 0) throw new RestoreError(`${source} holds nothing: it is no backup`);
  return migration;
}

/**
 * Put `copy` in the place of `target`; returns where that is from now on. Killed between the two steps, it leaves
 * the copy beside a log that is not its own, which every start rejects and which repeating the restore mends.
 */
function replace(copy: string, target: string, nowMs: number): string | undefined {
  const stamp = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, "");
  const kept = freeName(`${target}.before-restore-${stamp}`);
  const files = ["", "-wal"].filter((suffix) => existsSync(target + suffix));
  for (const suffix of files) keep(target + suffix, kept + suffix);
  renameSync(copy, target);
  for (const suffix of ["-wal", "-shm"]) rmSync(target + suffix, { force: true });
  sync(dirname(target));
  return files.length === 0 ? undefined : kept;
}

/** The name, or with a number for another restore in the same second. */
function freeName(name: string): string {
  const isTaken = (candidate: string) => ["", "-wal"].some((suffix) => existsSync(candidate + suffix));
  for (let number = 1; ; number += 1) {
    const candidate = number === 1 ? name : `${name}-${number}`;
    if (!isTaken(candidate)) return candidate;
  }
}

/** A second name of a file, which costs no room; a copy where the file system knows none. */
function keep(file: string, kept: string): void {
  try {
    linkSync(file, kept);
  } catch (error) {
    if (!["EPERM", "ENOTSUP", "ENOSYS", "EMLINK"].includes((error as NodeJS.ErrnoException).code ?? ""))
      throw error;
    copyFileSync(file, kept, constants.COPYFILE_EXCL);
    sync(kept);
  }
}
