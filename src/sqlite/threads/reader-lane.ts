import { ServiceError } from "../../errors.ts";
import { siblingModule } from "../../lib/sibling-module.ts";
import type { Failure } from "../file/failure.ts";
import { createThreadCalls, type ObservedCall, startThread, type ThreadCalls } from "./thread-calls.ts";

/**
 * What a reader thread is started with. `cancelled` has a place for every query that can wait: 1 once nobody
 * waits for it any more. A message would come too late, since none is taken while a query runs.
 */
export interface ReaderData {
  /** The database; the writer has opened it, and so it is sound and migrated. */
  readonly path: string;
  /** How long a query may take, with its wait, in ms. */
  readonly timeoutMs: number;
  readonly cancelled: Int32Array<SharedArrayBuffer>;
}

/** The thread's first message: that the database is open, or why it is not. */
export interface ReaderStart {
  readonly failure: Failure | undefined;
}

/** The arguments of each call: its place in `cancelled`, the time it may run now, in ms, and the question. */
export type ReaderInput = readonly [slot: number, runMs: number, query: unknown];

export interface ReaderLaneOptions extends ReaderData {
  /** After each query that reached the thread. */
  readonly onCall: (call: ObservedCall) => void;
  /** The thread died, or could not read. The next query starts another. */
  readonly onBroken: (error: Error) => void;
}

/** One reader thread, which carries out one query after the other. */
export interface ReaderLane {
  /** Rejects with `storage_unavailable` when the database cannot be read. */
  call(name: string, input: ReaderInput): Promise<unknown>;
  /** End the thread, after what was asked. */
  close(): Promise<void>;
}

/**
 * A thread that is started with its first query: a service that only takes metrics has none. One that died
 * is started again with the next query, since it holds nothing that could be lost.
 */
export function openReaderLane({ onCall, onBroken, ...data }: ReaderLaneOptions): ReaderLane {
  let thread: Promise<ThreadCalls> | undefined;

  async function start(): Promise<ThreadCalls> {
    const script = siblingModule("./reader-thread", import.meta.url);
    const started = await startThread<ReaderStart>(script, data satisfies ReaderData);
    const { failure } = started.started;
    if (failure !== undefined) throw new Error(`${failure.code ?? failure.name}: ${failure.message}`);
    const calls = createThreadCalls(started, {
      title: "the reader thread",
      onBroken(error) {
        thread = undefined;
        onBroken(error);
        void calls.close();
      },
      onCall,
      unavailable: unreadable,
    });
    return calls;
  }

  return {
    async call(name, input) {
      thread ??= start();
      let calls: ThreadCalls;
      try {
        calls = await thread;
      } catch (error) {
        thread = undefined;
        throw unreadable(error);
      }
      return calls.call(name, input);
    },
    async close() {
      await (await thread?.catch(() => undefined))?.close();
    },
  };
}

/** What the caller of a query gets that could not be carried out for a reason of the database. */
export function unreadable(cause: unknown): ServiceError {
  return new ServiceError("storage_unavailable", "storage cannot be read now; retry later", {
    retryAfterSeconds: 2,
    cause,
  });
}
