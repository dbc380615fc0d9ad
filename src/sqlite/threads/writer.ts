import { siblingModule } from "../../lib/sibling-module.ts";
import { StoreInUseError } from "../../store/errors.ts";
import { DatabaseOpenError, type Failure, storageUnavailable } from "../file/failure.ts";
import type { OpenToOthers } from "../file/modes.ts";
import type { WriterCalls } from "./operations.ts";
import { callsByName, createThreadCalls, type ObservedCall, startThread } from "./thread-calls.ts";

/** What the writer thread is started with. */
export interface WriterData {
  /** The database; it and its folder are made where they are not there yet. */
  readonly path: string;
  readonly migrationsFolder: string;
}

/** What opening the database did. */
export interface WriterStart {
  /** Migrations that were applied. */
  readonly applied: readonly { readonly version: number; readonly name: string }[];
  /** Whether the file was searched for damage; a large one takes too long for that. */
  readonly isChecked: boolean;
  /** What more than its owner could open. */
  readonly openToOthers: readonly OpenToOthers[];
}

/** The thread's first message: that the database is open, or why it is not. */
export type StartMessage = WriterStart | { readonly failure: Failure };

/** What the writer is opened with. */
export interface WriterOptions extends WriterData {
  /** The database can no longer be trusted. Every later call fails; the process must end. */
  readonly onFatal: (error: Error) => void;
  /** After each operation. */
  readonly onCall: (call: ObservedCall) => void;
}

/**
 * The writer thread, seen from the main thread. Calls are carried out in the order they are made, each as one
 * transaction, and resolve when it is on disk. A call rejects with `storage_unavailable` when nothing was
 * stored, and may be made again; one that the thread died under may have been stored.
 */
export interface Writer extends WriterStart {
  readonly calls: WriterCalls;
  /**
   * Finish what was asked, write the rollups, checkpoint, close the file, release the lock, end the thread. After a
   * fatal failure the files are left as they are.
   */
  close(): Promise<void>;
}

/**
 * Start the writer thread and wait until the database is open and migrated.
 *
 * @throws {DatabaseOpenError} {StoreInUseError}
 */
export async function openWriterThread(options: WriterOptions): Promise<Writer> {
  const { path, migrationsFolder, onFatal, onCall } = options;
  const data: WriterData = { path, migrationsFolder };
  const thread = await startThread<StartMessage>(siblingModule("./writer-thread", import.meta.url), data);
  const { started } = thread;
  if ("failure" in started) throw openError(path, started.failure);
  let isBroken = false;
  const { call, close } = createThreadCalls(thread, {
    title: "the writer thread",
    onBroken(error) {
      isBroken = true;
      onFatal(error);
    },
    onCall,
    unavailable: storageUnavailable,
  });
  const calls = callsByName<WriterCalls>((name, ...input) => call(name, input, transferable(input)));
  return {
    ...started,
    calls,
    async close() {
      const closed = close();
      // It stays with its file open, until the process ends without closing it.
      if (isBroken) thread.worker.unref();
      else await closed;
    },
  };
}

function openError(path: string, failure: Failure): Error {
  const isInUse = failure.name === StoreInUseError.name;
  return isInUse ? new StoreInUseError(failure.message) : new DatabaseOpenError(path, failure);
}

/**
 * The numbers of a batch are moved, not copied: they are most of its bytes, and nobody here reads them again.
 */
function transferable([first]: readonly unknown[]): readonly ArrayBuffer[] {
  const numbers = (first as { readonly numbers?: unknown } | undefined)?.numbers;
  return numbers instanceof Float64Array ? [numbers.buffer as ArrayBuffer] : [];
}
