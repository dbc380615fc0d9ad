import { existsSync, statSync } from "node:fs";
import { dirname, isAbsolute } from "node:path";
import { ServiceError } from "../../errors.ts";
import type { Clock } from "../../lib/clock.ts";
import { type Reading, ReadingError, type ReadingResults } from "../../storage/reading-task.ts";

export interface BackupAnswer {
  readonly path: string;
  readonly bytes: number;
  readonly seconds: number;
}

export interface BackupDeps {
  readonly clock: Clock;
  /** Begin to write a backup to this path. */
  readonly start: (path: string) => Reading<ReadingResults["backup"]>;
  /** Everything that was acknowledged is on disk when it resolves. */
  readonly flush: () => Promise<unknown>;
  /** Gives up the backup that runs: it may take longer than a shutdown. */
  readonly signal: AbortSignal;
}

export type Backup = (path: string) => Promise<BackupAnswer>;

/** The operating system's refusals of a path, as opposed to a backup that failed. */
const PATH_CODES = ["EACCES", "EPERM", "EROFS", "EISDIR", "ENOENT", "ENOTDIR", "ENAMETOOLONG"];
const FULL_CODES = ["ENOSPC", "EDQUOT", "SQLITE_FULL"];

/**
 * Backup: a consistent copy of the database in a new file, while metrics are taken on. It holds
 * everything that was acknowledged before the call.
 *
 * @throws {ServiceError} `validation_failed` for the path, `storage_unavailable` when another backup runs
 *   or this one failed; nothing is left behind then.
 */
export function createBackup({ clock, start, flush, signal }: BackupDeps): Backup {
  let isRunning = false;
  return async (path) => {
    checkPath(path);
    if (isRunning) throw unavailable("a backup is being written already; one at a time");
    isRunning = true;
    const startedMs = clock.monotonicMs();
    try {
      await flush();
      const { bytes } = await finished(start(path), signal);
      return { path, bytes, seconds: (clock.monotonicMs() - startedMs) / 1000 };
    } catch (error) {
      throw explain(error, path);
    } finally {
      isRunning = false;
    }
  };
}

async function finished<Result>(reading: Reading<Result>, signal: AbortSignal): Promise<Result> {
  const giveUp = () => void reading.cancel();
  if (signal.aborted) giveUp();
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    return await reading.result;
  } catch (error) {
    // Also when the process died: what it had written goes, and it is gone when this returns.
    await reading.cancel();
    if (signal.aborted) throw new ServiceError("shutting_down", "the backup was given up: shutting down");
    throw error;
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

function checkPath(path: string): void {
  if (!isAbsolute(path)) throw badPath(path, "must be absolute");
  if (path.includes("\0")) throw badPath(path, "must not hold a NUL");
  if (existsSync(path)) throw badPath(path, "exists already; a backup replaces nothing");
  if (!statSync(dirname(path), { throwIfNoEntry: false })?.isDirectory()) {
    throw badPath(path, "is in a folder that is not there");
  }
}

function explain(error: unknown, path: string): unknown {
  if (!(error instanceof ReadingError)) return error;
  const { code = "", message } = error.failure;
  if (PATH_CODES.includes(code)) return badPath(path, `cannot be written: ${message}`);
  const why = FULL_CODES.includes(code) ? "there is no room for it on the disk" : message;
  return unavailable(`the backup to ${path} failed: ${why}; nothing is left of it`, error);
}

function unavailable(message: string, cause?: unknown): ServiceError {
  return new ServiceError("storage_unavailable", message, { retryAfterSeconds: 10, cause });
}

function badPath(path: string, problem: string): ServiceError {
  const message = `path ${JSON.stringify(path)} ${problem}`;
  return new ServiceError("validation_failed", message, {
    violations: [{ field: "path", reason: "invalid", message }],
  });
}
