import { runSteps } from "../../store/plan/steps.ts";
import { BackupError, type BackupRun, type Upkeep } from "../../store/upkeep.ts";
import type { WriterCalls } from "../threads/operations.ts";
import { announceService, withdrawService } from "./announcement.ts";
import { BackgroundJobError, startBackgroundJob } from "./background-job.ts";
import { removePartial } from "./backup-file.ts";
import { backupLog, databaseFileBytes, databaseLogBytes } from "./database-stats.ts";
import { readInstallationSecret } from "./installation-secret.ts";
import { MIGRATIONS_FOLDER } from "./migrator.ts";

/** Bytes of the write-ahead log on disk that a service which is asked without pause may leave there. */
export const LOG_BYTES_MAX = 64 * 1024 * 1024;
/** How often the log's size is looked at. */
const LOG_INTERVAL_MS = 1_000;

export interface FileUpkeepOptions {
  readonly path: string;
  readonly calls: WriterCalls["file"];
  /** Do `work` while no query runs. */
  readonly withReadersPaused: (work: () => Promise<unknown>) => Promise<void>;
}

/** The care of a database file and of what stands beside it. */
export function createFileUpkeep({ path, calls, withReadersPaused }: FileUpkeepOptions): Upkeep {
  const largeLog = () => truncateLargeLog({ path, calls, withReadersPaused });
  return {
    jobs: [{ name: "large log", everyMs: LOG_INTERVAL_MS, run: largeLog }],
    bytes: () => databaseFileBytes(path),
    size: calls.size,
    countUngoverned: calls.countUngoverned,
    giveBackSpace: (pace) => runSteps(() => calls.giveBackSpaceStep(), pace),
    startBackup: (target) => startFileBackup(path, target),
    installationSecret: async () => readInstallationSecret(path),
    announce: (service) => announceService(path, service),
    withdraw: () => withdrawService(path),
  };
}

/**
 * Begin the write-ahead log anew once it is large.
 *
 * SQLite does so by itself when nobody reads. Where one query follows the other, each sees its own moment of
 * the log, and it would grow for ever: so the next query waits for a moment.
 */
export async function truncateLargeLog(
  { path, calls, withReadersPaused }: FileUpkeepOptions,
  bytesMax = LOG_BYTES_MAX,
): Promise<void> {
  if (databaseLogBytes(path) > bytesMax) await withReadersPaused(calls.truncateLog);
}

/** The operating system's rejections of a path, as opposed to a backup that failed. */
const PATH_CODES = ["EACCES", "EPERM", "EROFS", "EISDIR", "ENOENT", "ENOTDIR", "ENAMETOOLONG"];
const FULL_CODES = ["ENOSPC", "EDQUOT", "SQLITE_FULL"];

/**
 * Begin to copy the database at `source`, which a service may be writing, to the new file `target`, in a process
 * of its own. Whatever ends it early, `target` is not there then.
 */
export function startFileBackup(source: string, target: string): BackupRun {
  const job = startBackgroundJob({ kind: "backup", source, target, migrationsFolder: MIGRATIONS_FOLDER });
  return {
    result: job.result.catch((error: unknown) => {
      throw error instanceof BackgroundJobError ? toBackupError(error) : error;
    }),
    async cancel() {
      await job.cancel();
      removePartial(target);
    },
    log: () => backupLog(source),
  };
}

function toBackupError(error: BackgroundJobError): BackupError {
  const { code = "", message } = error.failure;
  const kind = PATH_CODES.includes(code) ? "path" : FULL_CODES.includes(code) ? "full" : "failed";
  return new BackupError(kind, message, { cause: error });
}
