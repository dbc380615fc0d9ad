import { existsSync, statSync } from "node:fs";
import { dirname, isAbsolute } from "node:path";
import { invalidField, ServiceError } from "../../errors.ts";
import type { Clock } from "../../lib/clock.ts";
import { BackupError, type BackupRun, type Upkeep } from "../../store/upkeep.ts";

export interface BackupAnswer {
  readonly path: string;
  readonly bytes: number;
  readonly seconds: number;
}

export interface BackupDeps {
  readonly clock: Clock;
  /** Begin to write a backup to this path. */
  readonly start: Upkeep["startBackup"];
  /** Everything that was acknowledged is on disk when it resolves. */
  readonly flush: () => Promise<unknown>;
  /** Gives up the backup that runs: it may take longer than a shutdown. */
  readonly signal: AbortSignal;
}

/** How often the log is looked at. */
const LOOK_INTERVAL_MS = 1000;

export type Backup = (path: string) => Promise<BackupAnswer>;

/**
 * Backup: a consistent copy of the database in a new file, while metrics are taken on. It holds
 * everything that was acknowledged before the call.
 *
 * @throws {ServiceError} `validation_failed` for the path, `storage_unavailable` when another backup runs
 *   or this one failed or let the log become too large; nothing is left behind then.
 */
export function createBackup(deps: BackupDeps): Backup {
  const { clock, start, flush } = deps;
  let isRunning = false;
  return async (path) => {
    if (start === undefined)
      throw new ServiceError("unimplemented", "this database is backed up by its own means");
    checkPath(path);
    if (isRunning) throw unavailable("a backup is being written already; one at a time");
    isRunning = true;
    const startedMs = clock.monotonicMs();
    try {
      await flush();
      const { bytes } = await finished(start(path), deps);
      return { path, bytes, seconds: (clock.monotonicMs() - startedMs) / 1000 };
    } catch (error) {
      throw explain(error, path);
    } finally {
      isRunning = false;
    }
  };
}

async function finished(run: BackupRun, deps: BackupDeps): Promise<{ readonly bytes: number }> {
  const { clock, signal } = deps;
  let reason: ServiceError | undefined;
  const giveUp = (why: ServiceError) => {
    reason ??= why;
    void run.cancel();
  };
  const onAbort = () => giveUp(new ServiceError("shutting_down", "the backup was given up: shutting down"));
  const look = () => {
    const { bytes, bytesMax } = run.log();
    if (bytes > bytesMax) giveUp(logTooLarge(bytesMax));
    else stopLooking = clock.after(LOOK_INTERVAL_MS, look);
  };
  let stopLooking = clock.after(LOOK_INTERVAL_MS, look);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await run.result;
  } catch (error) {
    // Also when the process died: what it had written goes, and it is gone when this returns.
    await run.cancel();
    throw reason ?? error;
  } finally {
    stopLooking();
    signal.removeEventListener("abort", onAbort);
  }
}

function logTooLarge(bytesMax: number): ServiceError {
  const megabytes = Math.floor(bytesMax / 1_000_000);
  return unavailable(
    `the backup was given up: what is written meanwhile waits in a log, which has grown beyond ${megabytes} MB; ` +
      "repeat it when less arrives",
  );
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
  if (!(error instanceof BackupError)) return error;
  const { kind, message } = error;
  if (kind === "path") return badPath(path, `cannot be written: ${message}`);
  const why = kind === "full" ? "there is no room for it on the disk" : message;
  return unavailable(`the backup to ${path} failed: ${why}; nothing is left of it`, error);
}

function unavailable(message: string, cause?: unknown): ServiceError {
  return new ServiceError("storage_unavailable", message, { retryAfterSeconds: 10, cause });
}

function badPath(path: string, problem: string): ServiceError {
  const message = `path ${JSON.stringify(path)} ${problem}`;
  return invalidField("path", "invalid", message);
}
