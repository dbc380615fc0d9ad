/**
 * Calls to a thread, each a promise of its answer: the main thread's half of both protocols.
 *
 * One message a call and one a reply, matched by number. A thread takes its messages in order, so that
 * nothing here has to lock or sequence.
 */
import { Worker } from "node:worker_threads";
import { ServiceError } from "../../errors.ts";
import type { StoreCall } from "../../store/store.ts";
import type { Failure } from "../file/failure.ts";
import type { OperationLabels } from "./operation.ts";

/** What a thread is asked: the name of an operation, as `keys.create`, or to close. */
export interface CallMessage {
  /** Repeated in the reply. */
  readonly id: number;
  readonly name: string;
  /** The operation's arguments. */
  readonly input: readonly unknown[];
}

/** In the place of a call's number: what a thread says of itself. Only a failure of it, and a fatal one. */
export const UNASKED = 0;

/** Asks a thread to finish what was asked before, and to end. */
export const CLOSE = "close";

/**
 * What a thread answers. `ms`: how long the operation took, without waiting. Without labels: no such
 * operation.
 */
export type ReplyMessage = {
  readonly id: number;
  readonly ms: number;
  readonly labels: Omit<OperationLabels, "run"> | undefined;
} & ({ readonly result: unknown } | { readonly failure: Failure });

/** How an operation went, for the service's own metrics and for whether storage works. */
export interface ObservedCall extends StoreCall {
  readonly isProof: boolean;
}

/** What calls to a thread are made with. */
export interface ThreadCallsOptions {
  /** What to call the thread in errors: `the writer thread`. */
  readonly title: string;
  /** It died, or what it works on can no longer be trusted. Every later call fails. */
  readonly onBroken: (error: Error) => void;
  /** After each operation that exists, before its caller's promise is settled. */
  readonly onCall: (call: ObservedCall) => void;
  /** The error for a caller whose call came to nothing because of storage; it may be retried. */
  readonly unavailable: (cause: unknown) => ServiceError;
}

/** A thread that can be called. */
export interface ThreadCalls {
  /**
   * Carried out in the order they are made. The buffers of `transfer` are moved, and empty here afterwards.
   */
  call(name: string, input: readonly unknown[], transfer?: readonly ArrayBuffer[]): Promise<unknown>;
  /** Let it finish what was asked, and end; resolves once the thread is gone. */
  close(): Promise<void>;
}

/** A thread that has sent its first message. */
export interface StartedThread<Started> {
  readonly worker: Worker;
  /** That message: how the start went. */
  readonly started: Started;
  /** Resolves when the thread has ended, however. */
  readonly exited: Promise<void>;
}

/** Start a thread and wait for its first message. Rejects with what the script threw, or that it ended, before that. */
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
    worker.once("exit", (code) =>
      reject(new Error(`the thread ended with code ${code} before it had begun`)),
    );
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

  /** The thread is of no use any more: every call that waits fails, and every later one. */
  function fail(error: Error): void {
    if (broken !== undefined) return;
    broken = error;
    for (const { reject } of pending.values()) reject(unavailable(error));
    pending.clear();
    onBroken(error);
  }

  const failFatally = ({ code, name, message }: Failure) => fail(new Error(`${code ?? name}: ${message}`));

  worker.on("message", (reply: ReplyMessage) => {
    const failure = "failure" in reply ? reply.failure : undefined;
    const call = pending.get(reply.id);
    if (call === undefined) {
      if (reply.id === UNASKED && failure !== undefined) failFatally(failure);
      return;
    }
    pending.delete(reply.id);
    if (reply.labels !== undefined) {
      const { kind: operation, table, isProof } = reply.labels;
      // An operation that rejected its input has not failed.
      const failed = failure !== undefined && failure.reason === undefined;
      onCall({ operation, table, seconds: reply.ms / 1000, failed, isProof });
    }
    if (failure === undefined) call.resolve("result" in reply ? reply.result : undefined);
    else call.reject(toError(failure, unavailable));
    if (failure?.kind === "fatal") failFatally(failure);
  });
  worker.on("error", fail);
  // Also with nothing to answer: the next call would wait for ever.
  worker.on("exit", () => (pending.size > 0 || !isClosed) && fail(new Error(`${title} ended`)));

  return {
    call(name, input, transfer = []) {
      if (broken !== undefined) return Promise.reject(unavailable(broken));
      if (isClosed) return Promise.reject(unavailable(new Error(`${title} is closed`)));
      const id = nextId++;
      return new Promise((resolve, reject) => {
        // What cannot be cloned rejects here, and nothing waits for an answer to it.
        worker.postMessage({ id, name, input } satisfies CallMessage, transfer);
        pending.set(id, { resolve, reject });
      });
    },
    close() {
      isClosed = true;
      worker.postMessage({ id: UNASKED, name: CLOSE, input: [] } satisfies CallMessage);
      return exited;
    },
  };
}

/** The error that a failure of the thread becomes for its caller. */
function toError(failure: Failure, unavailable: (cause: unknown) => ServiceError): Error {
  if (failure.reason !== undefined) {
    return new ServiceError(failure.reason, failure.message, { violations: failure.violations });
  }
  const cause = new Error(`${failure.code ?? failure.name}: ${failure.message}`);
  // An unexpected failure is a defect: the caller gets `internal`, the log the cause.
  return failure.kind === "unexpected" ? cause : unavailable(cause);
}

/** What the language itself asks of any object. */
const NOT_OPERATIONS: ReadonlySet<string> = new Set(["then", "toJSON", "constructor", "prototype"]);

type CallByName = (name: string, ...input: unknown[]) => Promise<unknown>;

/**
 * The operations of a thread as functions, `calls.keys.create(…)`, each made when it is first used. The names
 * are those of the thread's own objects, whose types `Calls` derives from: there is no second list of them
 * that could disagree. A name that the types do not have cannot be written, and the thread rejects it.
 *
 * So they cannot be listed either: spreading them throws, and they are no promises (`then` is undefined), which
 * `await` would otherwise take them for.
 */
export function callsByName<Calls extends object>(call: CallByName): Calls {
  const onDemand = (make: (name: string) => unknown) => {
    const made = new Map<string, unknown>();
    const get = (_: object, name: string | symbol) => {
      if (typeof name === "symbol" || NOT_OPERATIONS.has(name)) return undefined;
      if (!made.has(name)) made.set(name, make(name));
      return made.get(name);
    };
    const ownKeys = () => {
      throw new Error("the operations of a thread are not listed: name the one that is meant");
    };
    return new Proxy({}, { get, ownKeys });
  };
  return onDemand((domain) =>
    onDemand(
      (name) =>
        (...input: unknown[]) =>
          call(`${domain}.${name}`, ...input),
    ),
  ) as Calls;
}
