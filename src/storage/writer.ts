import { Worker } from "node:worker_threads";
import { ServiceError } from "../errors.ts";
import type { Batch } from "./batch.ts";
import { type Failure, storageUnavailable } from "./failure.ts";
import type { CommitResult } from "./metric-store.ts";
import type { Operations } from "./operations.ts";
import type { CallMessage, ReplyMessage, StartMessage, WriterData } from "./writer-messages.ts";

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
    super(failure.message.includes(path) ? failure.message : `${path}: ${failure.message}`);
    this.failure = failure;
  }
}

interface Pending {
  readonly name: keyof Operations;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Start the writer thread and wait until the database is open and migrated. @throws {DatabaseOpenError} */
export async function openWriterThread(options: WriterOptions): Promise<Writer> {
  const { path, migrationsFolder } = options;
  const worker = new Worker(new URL("./writer-thread.ts", import.meta.url), {
    workerData: { path, migrationsFolder },
  });
  // Watched from the beginning: a thread that died is not waited for when it is closed.
  const exited = new Promise<void>((resolve) => void worker.once("exit", () => resolve()));
  const started = await firstMessage(worker);
  if ("failure" in started) throw new DatabaseOpenError(path, started.failure);
  const call = createCalls(worker, options);
  return {
    applied: started.applied,
    // The numbers are moved, not copied; the batch is the writer's from here on.
    commitMetrics: (batch, nowMs) =>
      call("commitMetrics", [batch, nowMs], [batch.numbers.buffer as ArrayBuffer]) as Promise<CommitResult>,
    call: (name, ...input) => call(name, input, []) as Promise<never>,
    close() {
      worker.postMessage({ id: 0, name: "close", input: [] } satisfies CallMessage);
      return exited;
    },
  };
}

function firstMessage(worker: Worker): Promise<StartMessage> {
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

function createCalls(worker: Worker, { onFatal, onOperation }: WriterOptions) {
  const pending = new Map<number, Pending>();
  let nextId = 1;
  let broken: Error | undefined;

  function fail(error: Error): void {
    if (broken !== undefined) return;
    broken = error;
    for (const { reject } of pending.values()) reject(storageUnavailable(error));
    pending.clear();
    onFatal(error);
  }

  worker.on("message", (reply: ReplyMessage) => {
    const call = pending.get(reply.id);
    if (call === undefined) return;
    pending.delete(reply.id);
    const failure = "failure" in reply ? reply.failure : undefined;
    onOperation(call.name, reply.ms / 1000, failure !== undefined && failure.reason === undefined);
    if (failure === undefined) call.resolve("result" in reply ? reply.result : undefined);
    else call.reject(toError(failure));
    if (failure?.kind === "fatal") fail(new Error(`${failure.code ?? failure.name}: ${failure.message}`));
  });
  worker.on("error", fail);
  worker.on("exit", () => pending.size > 0 && fail(new Error("the writer thread ended")));

  return (name: keyof Operations, input: readonly unknown[], transfer: ArrayBuffer[]): Promise<unknown> => {
    if (broken !== undefined) return Promise.reject(storageUnavailable(broken));
    const id = nextId++;
    return new Promise((resolve, reject) => {
      pending.set(id, { name, resolve, reject });
      worker.postMessage({ id, name, input } satisfies CallMessage, transfer);
    });
  };
}

function toError(failure: Failure): Error {
  if (failure.reason !== undefined) return new ServiceError(failure.reason, failure.message);
  const cause = new Error(`${failure.code ?? failure.name}: ${failure.message}`);
  // An unexpected failure is a defect: the caller gets `internal`, the log the cause.
  return failure.kind === "unexpected" ? cause : storageUnavailable(cause);
}
