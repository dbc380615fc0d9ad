import { fork } from "node:child_process";
import { text } from "node:stream/consumers";
import { siblingModule } from "../../lib/sibling-module.ts";
import type { Failure } from "./failure.ts";

/** What reads a whole database file, and therefore takes long. */
export type BackgroundJob =
  | {
      readonly kind: "backup";
      readonly source: string;
      readonly target: string;
      readonly migrationsFolder: string;
    }
  /** Whether the file is sound; `full` compares every index with its table, too. */
  | { readonly kind: "check"; readonly path: string; readonly full: boolean };

export interface JobResults {
  readonly backup: { readonly bytes: number };
  /** What is wrong; empty when nothing is. */
  readonly check: readonly string[];
}

/** What the process answers. */
export type JobReply = { readonly result: unknown } | { readonly failure: Failure };

/** The process said what failed. */
export class BackgroundJobError extends Error {
  override readonly name = "BackgroundJobError";
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

export interface RunningJob<Result> {
  /** @throws {BackgroundJobError} */
  readonly result: Promise<Result>;
  /** Kill it, if it still runs. `result` rejects; resolves once the process is gone. */
  cancel(): Promise<void>;
}

/**
 * Start a job in a process of its own, of a low priority.
 *
 * Not in a thread: SQLite is not interrupted there, so that a shutdown would have to wait for it.
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
    // After the answer it changes nothing.
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
