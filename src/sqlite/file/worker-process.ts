/**
 * A process that carries out one job of `background-job.ts`, answers, and ends.
 *
 * The work is done in a thread of it, so that the process notices when whoever asked has died, and dies too:
 * the main thread waits for messages, and a statement of SQLite holds its thread until it ends. The same file
 * is the script of both threads.
 */
import { open } from "node:fs/promises";
import { constants, setPriority } from "node:os";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { systemClock } from "../../lib/clock.ts";
import type { BackgroundJob, JobReply } from "./background-job.ts";
import { partialOf, writeBackup } from "./backup-file.ts";
import { findDamage } from "./damage.ts";
import { describeFailure } from "./failure.ts";
import { readMigrations } from "./migrator.ts";
import { openReader } from "./open.ts";

/** Behind ingest; not last of all, or it would not end on a busy machine, and the log grows until it does. */
const PRIORITY = constants.priority.PRIORITY_BELOW_NORMAL;

/** Pause between two syncs of a growing backup: at 500 MB/s, some MB reach the disk each time. */
const SYNC_INTERVAL_MS = 5;

function carryOut(job: BackgroundJob): unknown {
  if (job.kind === "check") return check(job.path, job.full);
  return writeBackup(job.source, job.target, readMigrations(job.migrationsFolder));
}

function check(path: string, full: boolean): readonly string[] {
  const reader = openReader(path);
  try {
    return findDamage(reader, full);
  } finally {
    reader.close();
  }
}

/** What the thread does; never throws, since an error would reach nobody. */
function work(): JobReply {
  try {
    return { result: carryOut(workerData as BackgroundJob) };
  } catch (error) {
    return { failure: describeFailure(error) };
  }
}

/** What the process does: take one job, start the thread, pass its answer on. */
function supervise(): void {
  // Killed, not ended: ending would wait for the thread, and SQLite is not interrupted.
  const die = () => process.kill(process.pid, "SIGKILL");
  process.once("disconnect", die);
  process.once("message", (job: BackgroundJob) => {
    setPriority(PRIORITY);
    if (job.kind === "backup") syncSteadily(partialOf(job.target));
    const worker = new Worker(new URL(import.meta.url), { workerData: job });
    worker.once("message", (reply: JobReply) => {
      process.off("disconnect", die);
      // Without the channel nothing is left to wait for: the process ends.
      process.send?.(reply, () => process.disconnect?.());
    });
  });
}

/**
 * Let a file that is being written reach the disk little by little. All of it at once, at the end, fills the
 * disk's queue, and the fsync of every commit waits behind it for seconds.
 */
function syncSteadily(path: string): void {
  const again = () => void systemClock.after(SYNC_INTERVAL_MS, () => syncSteadily(path));
  open(path)
    .then((file) => file.datasync().finally(() => file.close()))
    // Not made yet, or complete and renamed: whether it is on disk, the work itself makes sure.
    .catch(() => {})
    .finally(again);
}

if (isMainThread) supervise();
else parentPort?.postMessage(work());
