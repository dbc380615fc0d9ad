import { fork } from "node:child_process";
import { text } from "node:stream/consumers";
import { siblingModule } from "../../lib/sibling-module.ts";
import type { Failure } from "./failure.ts";

/** What reads a whole database file, and therefore takes minutes for a large one. Paths are absolute. */
export type BackgroundJob =
  | {
      readonly kind: "backup";
      /** The database, which a service may be writing. */
      readonly source: string;
      /** A file that does not exist. */
      readonly target: string;
      /** The migrations that the copy is compared with. */
      readonly migrationsFolder: string;
    }
  /** Whether the file is sound; `full` compares every index with its table, too, which takes longer. */
  | { readonly kind: "check"; readonly path: string; readonly full: boolean };

/** What each kind of job results in. */
export interface JobResults {
  /** Bytes of the complete copy. */
  readonly backup: { readonly bytes: number };
  /** What is wrong; empty when nothing is. */
  readonly check: readonly string[];
}

/** The one message that the process sends. */
export type JobReply = { readonly result: unknown } | { readonly failure: Failure };

/** The job failed and the process reported why; `failure` is the error on its way between processes. */
export class BackgroundJobError extends Error {
  override readonly name = "BackgroundJobError";
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** A job under way. */
export interface RunningJob<Result> {
  /**
   * Rejects with a `BackgroundJobError` for what the job reported, and with an `Error` that holds the end of
   * its standard error for a process that died or could not be started.
   */
  readonly result: Promise<Result>;
  /** Kill it, if it still runs. `result` rejects; resolves once the process is gone. */
  cancel(): Promise<void>;
}

/**
 * Start a job in a process of its own, of a low priority. The process ends with the job, and with this
 * process.
 *
 * Rejected: a worker thread. `VACUUM INTO` and `integrity_check` are one statement each, libsql can interrupt
 * one only from the thread that is inside it, and a shutdown would have to wait for it. A process can be
 * killed at any instant, since it writes nothing that the database relies on.
 */
export function startBackgroundJob<Job extends BackgroundJob>(job: Job): RunningJob<JobResults[Job["kind"]]> {
  const child = fork(siblingModule("./worker-process", import.meta.url), {
    execArgv: [],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  const stderrText = child.stderr === null ? Promise.resolve("") : text(child.stderr);
  const exited = new Promise<void>((resolve) => void child.once("exit", () => resolve()));
  const result = new Promise<JobResults[Job["kind"]]>((resolve, reject) => {
    child.once("error", reject);
    child.once("message", (reply: JobReply) => {
      if ("failure" in reply) reject(new BackgroundJobError(reply.failure));
      else resolve(reply.result as JobResults[Job["kind"]]);
    });
    // After the answer this changes nothing: a promise is settled once.
    child.once("exit", async (code, signal) => {
      reject(new Error(`${job.kind} ended early (${signal ?? code}) ${(await stderrText).trim()}`.trim()));
    });
  });
  child.send(job);
  return {
    result,
    async cancel() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
