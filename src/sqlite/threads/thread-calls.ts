import { Worker } from "node:worker_threads";
import { ServiceError } from "../../errors.ts";
import type { Failure } from "../file/failure.ts";

/** What a thread is asked. */
export interface CallMessage<Name extends string> {
  readonly id: number;
  readonly name: Name | "close";
  readonly input: readonly unknown[];
}

/** `ms`: how long the operation took in the thread. */
export type ReplyMessage = { readonly id: number; readonly ms: number } & (
  | { readonly result: unknown }
  | { readonly failure: Failure }
);

export interface ThreadCallsOptions<Name extends string> {
  /** What to call the thread in errors. */
  readonly title: string;
  /** It died, or what it works on can no longer be trusted. Every later call fails. */
  readonly onBroken: (error: Error) => void;
  /** After each operation: how long it ran in the thread, and whether storage failed it. */
  readonly onOperation: (operation: Name, seconds: number, failed: boolean) => void;
  /** What a caller is told whose call came to nothing because of storage. */
  readonly unavailable: (cause: unknown) => ServiceError;
}

export interface ThreadCalls<Name extends string> {
  /** Carried out in the order they are made. `transfer` is moved, not copied. */
  call(name: Name, input: readonly unknown[], transfer?: readonly ArrayBuffer[]): Promise<unknown>;
  /** Let it finish what was asked, and end. */
  close(): Promise<void>;
}

/** A thread that has said its first word. */
export interface StartedThread<Started> {
  readonly worker: Worker;
  readonly started: Started;
  readonly exited: Promise<void>;
}

/** Start a thread and wait for its first message. */
export async function startThread<Started>(
  script: URL,
  workerData: unknown,
): Promise<StartedThread<Started>> {
  const worker = new Worker(script, { workerData });
  // Watched from the beginning: a thread that died is not waited for when it is closed.
  const exited = new Promise<void>((resolve) => void worker.once("exit", () => resolve()));
  const started = await new Promise<Started>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  return { worker, started, exited };
}

interface Pending<Name> {
  readonly name: Name;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Calls to a started thread, each a promise of its answer. */
export function createThreadCalls<Name extends string>(
  { worker, exited }: StartedThread<unknown>,
  { title, onBroken, onOperation, unavailable }: ThreadCallsOptions<Name>,
): ThreadCalls<Name> {
  const pending = new Map<number, Pending<Name>>();
  let nextId = 1;
  let broken: Error | undefined;

  function fail(error: Error): void {
    if (broken !== undefined) return;
    broken = error;
    for (const { reject } of pending.values()) reject(unavailable(error));
    pending.clear();
    onBroken(error);
  }

  worker.on("message", (reply: ReplyMessage) => {
    const call = pending.get(reply.id);
    if (call === undefined) return;
    pending.delete(reply.id);
    const failure = "failure" in reply ? reply.failure : undefined;
    onOperation(call.name, reply.ms / 1000, failure !== undefined && failure.reason === undefined);
    if (failure === undefined) call.resolve("result" in reply ? reply.result : undefined);
    else call.reject(toError(failure, unavailable));
    if (failure?.kind === "fatal") fail(new Error(`${failure.code ?? failure.name}: ${failure.message}`));
  });
  worker.on("error", fail);
  worker.on("exit", () => pending.size > 0 && fail(new Error(`${title} ended`)));

  return {
    call(name, input, transfer = []) {
      if (broken !== undefined) return Promise.reject(unavailable(broken));
      const id = nextId++;
      return new Promise((resolve, reject) => {
        pending.set(id, { name, resolve, reject });
        worker.postMessage({ id, name, input } satisfies CallMessage<Name>, transfer);
      });
    },
    close() {
      worker.postMessage({ id: 0, name: "close", input: [] } satisfies CallMessage<Name>);
      return exited;
    },
  };
}

function toError(failure: Failure, unavailable: (cause: unknown) => ServiceError): Error {
  if (failure.reason !== undefined) {
    return new ServiceError(failure.reason, failure.message, { violations: failure.violations });
  }
  const cause = new Error(`${failure.code ?? failure.name}: ${failure.message}`);
  // An unexpected failure is a defect: the caller gets `internal`, the log the cause.
  return failure.kind === "unexpected" ? cause : unavailable(cause);
}
