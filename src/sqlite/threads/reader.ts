import { ServiceError } from "../../errors.ts";
import { siblingModule } from "../../lib/sibling-module.ts";
import type { Failure } from "../file/failure.ts";
import type { ReaderCalls } from "./operations.ts";
import {
  callsByName,
  createThreadCalls,
  type ObservedCall,
  startThread,
  type ThreadCalls,
} from "./thread-calls.ts";

/** What the reader is opened with. */
export interface ReaderOptions {
  /** The database; the writer has opened it, and so it is sound and migrated. */
  readonly path: string;
  /** How long a query may run, without the time it waited, before it fails with `deadline_exceeded`. */
  readonly timeoutMs: number;
  /** After each query that reached the thread. */
  readonly onCall: (call: ObservedCall) => void;
  /** The thread died, or could not read. The next query starts another. */
  readonly onBroken: (error: Error) => void;
}

/**
 * The reader thread, seen from the main thread. Queries run one after the other: two threads that read would
 * take a core from the writer, whose commits acknowledge metrics.
 *
 * Every call rejects with `storage_unavailable` when the database cannot be read, `queue_full` when too many
 * wait, `deadline_exceeded` when its time or its caller's is over.
 */
export interface Reader {
  readonly calls: ReaderCalls;
  /**
   * Do `work` while no query runs; those that come meanwhile wait for it. For what needs a log that nobody
   * reads.
   */
  withReadersPaused(work: () => Promise<unknown>): Promise<void>;
  /** Finish what was asked, end the thread. */
  close(): Promise<void>;
}

/**
 * What the thread is started with. `cancelled` has a place for every query that can wait: 1 once nobody waits
 * for it any more. A message would come too late, since none is taken while a query runs.
 */
export interface ReaderData {
  readonly path: string;
  readonly timeoutMs: number;
  readonly cancelled: Int32Array<SharedArrayBuffer>;
}

/** The thread's first message: that the database is open, or why it is not. */
export interface ReaderStart {
  readonly failure: Failure | undefined;
}

/**
 * Queries that run or wait; one more is rejected with `queue_full`. Each may run for `timeoutMs`, so that the last
 * of more would be answered when nobody waits for it any more.
 */
const QUERIES_MAX = 32;

/**
 * The reader thread, started with the first query: a service that only takes metrics has none. One that died
 * is started again with the next query, since it holds nothing that could be lost.
 */
export function openReaderThread({ path, timeoutMs, onCall, onBroken }: ReaderOptions): Reader {
  const cancelled = new Int32Array(new SharedArrayBuffer(QUERIES_MAX * Int32Array.BYTES_PER_ELEMENT));
  const freeSlots = Array.from({ length: QUERIES_MAX }, (_, slot) => slot);
  const running = new Set<Promise<unknown>>();
  /** Queries begin once it is resolved: one pause after the other, each waiting for the one before it. */
  let unpaused = Promise.resolve();
  let thread: Promise<ThreadCalls> | undefined;
  let isClosed = false;

  async function start(): Promise<ThreadCalls> {
    const script = siblingModule("./reader-thread", import.meta.url);
    const data: ReaderData = { path, timeoutMs, cancelled };
    const started = await startThread<ReaderStart>(script, data);
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

  async function opened(): Promise<ThreadCalls> {
    thread ??= start();
    try {
      return await thread;
    } catch (error) {
      thread = undefined;
      throw unreadable(error);
    }
  }

  async function call(name: string, query: unknown, signal?: AbortSignal): Promise<unknown> {
    // Also where no query has started the thread yet: nobody would end it.
    if (isClosed) throw unreadable(new Error("the reader thread is closed"));
    const slot = freeSlots.pop();
    if (slot === undefined) {
      throw new ServiceError("queue_full", `${QUERIES_MAX} queries wait already; retry later`);
    }
    const cancel = () => void Atomics.store(cancelled, slot, 1);
    Atomics.store(cancelled, slot, signal?.aborted ? 1 : 0);
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      await unpaused;
      const answer = opened().then((calls) => calls.call(name, [slot, query]));
      running.add(answer);
      return await answer.finally(() => running.delete(answer));
    } finally {
      signal?.removeEventListener("abort", cancel);
      freeSlots.push(slot);
    }
  }

  return {
    calls: callsByName<ReaderCalls>((name, query, signal) =>
      call(name, query, signal as AbortSignal | undefined),
    ),
    async withReadersPaused(work) {
      const earlier = unpaused;
      const { promise, resolve } = Promise.withResolvers<void>();
      unpaused = promise;
      try {
        await earlier;
        await Promise.allSettled(running);
        await work();
      } finally {
        resolve();
      }
    },
    async close() {
      isClosed = true;
      // Those that were asked before have been handed to the thread then.
      await unpaused;
      await Promise.allSettled(running);
      await (await thread?.catch(() => undefined))?.close();
    },
  };
}

/** What the caller of a query gets that could not be carried out for a reason of the database. */
function unreadable(cause: unknown): ServiceError {
  return new ServiceError("storage_unavailable", "storage cannot be read now; retry later", {
    retryAfterSeconds: 2,
    cause,
  });
}
