import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { type Backup, createBackup } from "../api/admin/backup.ts";
import type { Config } from "../config.ts";
import { systemClock } from "../lib/clock.ts";
import { createBackupClient } from "../remote/admin-client.ts";
import { findService } from "../sqlite/file/announcement.ts";
import { acquireLock } from "../sqlite/file/lock.ts";
import { startFileBackup } from "../sqlite/file/upkeep.ts";
import { StoreInUseError } from "../store/errors.ts";
import type { CommandRun } from "./commands.ts";
import { CommandError, type Output } from "./output.ts";

/** A parsed `backup` command line. */
type BackupRun = Extract<CommandRun, { name: "backup" }>;

/**
 * Back the configured database up to a new file, through the service that holds it or, while none runs, from
 * here. The path is relative to the current folder, also where the service writes it. Prints the size and the
 * time taken.
 *
 * @throws {CommandError} when there is no database, or the backup did not succeed; no file is left then.
 */
export async function runBackup({ values }: BackupRun, config: Config, output: Output): Promise<void> {
  const source = config.database.path;
  if (!existsSync(source)) throw new CommandError(`${source} is not there: nothing to back up`);
  const { path, bytes, seconds } = await withBackup(source, (backup) => backup(resolve(values.path)));
  output.print(`${path}: ${bytes} bytes, complete and on disk after ${seconds.toFixed(1)} s`, {
    path,
    bytes,
    seconds,
  });
}

/**
 * Holds the lock meanwhile: a service that starts now would not know that its log must not grow too large.
 */
async function withBackup<Result>(
  source: string,
  work: (backup: Backup) => Promise<Result>,
): Promise<Result> {
  try {
    const lock = acquireLock(source);
    try {
      return await work(openBackup(source));
    } finally {
      lock.release();
    }
  } catch (error) {
    if (!(error instanceof StoreInUseError)) throw error;
    const service = findService(source);
    if (service === undefined) throw new CommandError(`${error.message}, and it takes no calls (yet)`);
    return work(createBackupClient(service.url, service.adminKey)).catch((failure: Error) => {
      throw new CommandError(failure.message, { cause: failure });
    });
  }
}

/** The backup of a database that no service holds; the copy is still written by a process of its own. */
function openBackup(source: string): Backup {
  return createBackup({
    clock: systemClock,
    start: (target) => startFileBackup(source, target),
    // Nothing waits: no service runs.
    flush: async () => {},
    // The process ends with its terminal's Ctrl-C, and so does the one that writes.
    signal: new AbortController().signal,
  });
}
