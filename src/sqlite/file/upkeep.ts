import { runSteps } from "../../store/plan/steps.ts";
import { BackupError, type BackupRun, type Upkeep } from "../../store/upkeep.ts";
import type { WriterCalls } from "../threads/operations.ts";
import { announceService, withdrawService } from "./announcement.ts";
import { BackgroundJobError, startBackgroundJob } from "./background-job.ts";
import { removePartial } from "./backup-file.ts";
import { backupLog, databaseFileBytes, databaseLogBytes } from "./database-stats.ts";
import { readInstallationSecret } from "./installation-secret.ts";
import { readInstanceId } from "./instance-id.ts";
import { MIGRATIONS_FOLDER } from "./migrator.ts";

/** Bytes of the write-ahead log on disk, at which it is emptied: 16 times what one checkpoint moves. */
export const LOG_BYTES_MAX = 64 * 1024 * 1024;
/** ms between two looks at the log's size. */
const LOG_INTERVAL_MS = 1_000;

/** What the care of a database file is given. */
export interface FileUpkeepOptions {
  readonly path: string;
  /** The writer's operations on the file. */
  readonly calls: WriterCalls["file"];
  /** Do `work` while no query runs; queries that come meanwhile wait for it. */
  readonly withReadersPaused: (work: () => Promise<unknown>) => Promise<void>;
}

/**
 * `Upkeep` of the port, for a database file and what stands beside it: log, announcement, secret, backups.
 */
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
    instanceId: async () => readInstanceId(path),
    announce: (service) => announceService(path, service),
    withdraw: () => withdrawService(path),
  };
}

/**
 * Empty the write-ahead log once it is larger than `bytesMax`.
 *
 * SQLite starts its log anew by itself when a checkpoint has moved all of it and nobody reads. Where one
 * query follows the other, each still reads some moment of the log, and it would grow for ever ("checkpoint
 * starvation", https://sqlite.org/wal.html, 6): so the next query waits until it is emptied.
 */
export async function truncateLargeLog(
  { path, calls, withReadersPaused }: FileUpkeepOptions,
  bytesMax = LOG_BYTES_MAX,
): Promise<void> {
  if (databaseLogBytes(path) > bytesMax) await withReadersPaused(calls.truncateLog);
}

/**
 * The operating system's rejections of a path, which the caller can mend, as opposed to a backup that failed.
 */
const PATH_CODES = ["EACCES", "EPERM", "EROFS", "EISDIR", "ENOENT", "ENOTDIR", "ENAMETOOLONG"];
const FULL_CODES = ["ENOSPC", "EDQUOT", "SQLITE_FULL"];

/**
 * Begin to copy the database at `source`, which a service may be writing, to the new file `target`, in a
 * process of its own. Whatever ends it early, `target` is not there then. The log cannot start anew until it
 * ends: whoever started it watches `log()`.
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
