import { siblingModule } from "../../lib/sibling-module.ts";
import type { Batch } from "../../store/batch.ts";
import type { CommitResult } from "../../store/metrics.ts";
import { adviceFor } from "../file/damage.ts";
import { type Failure, storageUnavailable } from "../file/failure.ts";
import type { Operations } from "./operations.ts";
import { createThreadCalls, startThread } from "./thread-calls.ts";
import type { StartMessage, WriterData } from "./writer-messages.ts";

export interface WriterOptions extends WriterData {
  /** The database can no longer be trusted. Every later call fails; the process must end. */
  readonly onFatal: (error: Error) => void;
  /** After each operation: how long it ran in the thread, and whether storage failed it. */
  readonly onOperation: (operation: keyof Operations, seconds: number, failed: boolean) => void;
}

/** The writer thread, seen from the main thread. Calls are carried out in the order they are made. */
export interface Writer {
  /** Migrations that opening the database applied. */
  readonly applied: readonly { readonly version: number; readonly name: string }[];
  /** Whether opening it included a search for damage: a large database takes too long for that. */
  readonly isChecked: boolean;
  /** @throws {ServiceError} `storage_unavailable`: nothing of the batch is stored, and a retry may succeed. */
  commitMetrics(batch: Batch, nowMs: number): Promise<CommitResult>;
  /** Any other operation. @throws {ServiceError} `storage_unavailable`, or the operation's own. */
  call<Name extends keyof Operations>(
    name: Name,
    ...input: Parameters<Operations[Name]>
  ): Promise<ReturnType<Operations[Name]>>;
  /** Finish what was asked, checkpoint, close the file, end the thread. */
  close(): Promise<void>;
}

/** The database could not be opened; the message says why and what to do. */
export class DatabaseOpenError extends Error {
  override readonly name = "DatabaseOpenError";
  readonly failure: Failure;
  constructor(path: string, failure: Failure) {
    const message = failure.message.includes(path) ? failure.message : `${path}: ${failure.message}`;
    super(message + adviceFor(failure));
    this.failure = failure;
  }
}

/** Start the writer thread and wait until the database is open and migrated. @throws {DatabaseOpenError} */
export async function openWriterThread(options: WriterOptions): Promise<Writer> {
  const { path, migrationsFolder } = options;
  const thread = await startThread<StartMessage>(siblingModule("./writer-thread", import.meta.url), {
    path,
    migrationsFolder,
  });
  const { started } = thread;
  if ("failure" in started) throw new DatabaseOpenError(path, started.failure);
  const { call, close } = createThreadCalls<keyof Operations>(thread, {
    title: "the writer thread",
    onBroken: options.onFatal,
    onOperation: options.onOperation,
    unavailable: storageUnavailable,
  });
  return {
    applied: started.applied,
    isChecked: started.isChecked,
    // The numbers are moved, not copied; the batch is the writer's from here on.
    commitMetrics: (batch, nowMs) =>
      call("commitMetrics", [batch, nowMs], [batch.numbers.buffer as ArrayBuffer]) as Promise<CommitResult>,
    call: (name, ...input) => call(name, input) as Promise<never>,
    close,
  };
}
