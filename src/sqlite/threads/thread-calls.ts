/** Calls to a thread, each a promise of its answer. */
import { Worker } from "node:worker_threads";
import { ServiceError } from "../../errors.ts";
import type { StoreCall } from "../../store/store.ts";
import type { Failure } from "../file/failure.ts";
import type { OperationLabels } from "./operation.ts";

/** What a thread is asked: the name of an operation, as `keys.create`, or to close. */
export interface CallMessage {
  readonly id: number;
  readonly name: string;
  readonly input: readonly unknown[];
}

/** Asks a thread to finish what was asked before, and to end. */
export const CLOSE = "close";

/** What a thread answers; `ms`: how long the operation took in it. Without labels: no such operation. */
export type ReplyMessage = {
  readonly id: number;
  readonly ms: number;
  readonly labels: Omit<OperationLabels, "run"> | undefined;
} & ({ readonly result: unknown } | { readonly failure: Failure });

/** How an operation went, for whoever watches them. */
export interface ObservedCall extends StoreCall {
  readonly isProof: boolean;
}

export interface ThreadCallsOptions {
  /** What to call the thread in errors. */
  readonly title: string;
  /** It died, or what it works on can no longer be trusted. Every later call fails. */
  readonly onBroken: (error: Error) => void;
  /** After each operation. */
  readonly onCall: (call: ObservedCall) => void;
  /** What a caller is told whose call came to nothing because of storage. */
  readonly unavailable: (cause: unknown) => ServiceError;
}

export interface ThreadCalls {
  /** Carried out in the order they are made. `transfer` is moved, not copied. */
  call(name: string, input: readonly unknown[], transfer?: readonly ArrayBuffer[]): Promise<unknown>;
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

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Calls to a started thread. */
export function createThreadCalls(
  { worker, exited }: StartedThread<unknown>,
  { title, onBroken, onCall, unavailable }: ThreadCallsOptions,
): ThreadCalls {
  const pending = new Map<number, Pending>();
  let nextId = 1;
  let broken: Error | undefined;
  /** A message to an ended thread goes nowhere, and nobody would ever answer it. */
  let isClosed = false;

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
    if (reply.labels !== undefined) {
      const { kind: operation, table, isProof } = reply.labels;
      // An operation that rejected its input has not failed.
      const failed = failure !== undefined && failure.reason === undefined;
      onCall({ operation, table, seconds: reply.ms / 1000, failed, isProof });
    }
    if (failure === undefined) call.resolve("result" in reply ? reply.result : undefined);
    else call.reject(toError(failure, unavailable));
    if (failure?.kind === "fatal") fail(new Error(`${failure.code ?? failure.name}: ${failure.message}`));
  });
  worker.on("error", fail);
  worker.on("exit", () => pending.size > 0 && fail(new Error(`${title} ended`)));

  return {
    call(name, input, transfer = []) {
      if (broken !== undefined) return Promise.reject(unavailable(broken));
      if (isClosed) return Promise.reject(unavailable(new Error(`${title} is closed`)));
      const id = nextId++;
      return new Promise((resolve, reject) => {
        pending.set(id, { resolve, reject });
        worker.postMessage({ id, name, input } satisfies CallMessage, transfer);
      });
    },
    close() {
      isClosed = true;
      worker.postMessage({ id: 0, name: CLOSE, input: [] } satisfies CallMessage);
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

type CallByName = (name: string, ...input: unknown[]) => Promise<unknown>;

/**
 * The operations of a thread as functions, `calls.keys.create(…)`, each made when it is first used. The names
 * are those of the thread's own objects, whose types `Calls` derives from: there is no second list of them.
 */
export function callsByName<Calls extends object>(call: CallByName): Calls {
  const onDemand = (make: (name: string) => unknown) => {
    const made = new Map<string, unknown>();
    const get = (_: object, name: string | symbol) => {
      if (typeof name === "symbol") return undefined;
      if (!made.has(name)) made.set(name, make(name));
      return made.get(name);
    };
    return new Proxy({}, { get });
  };
  return onDemand((domain) =>
    onDemand(
      (name) =>
        (...input: unknown[]) =>
          call(`${domain}.${name}`, ...input),
    ),
  ) as Calls;
}
