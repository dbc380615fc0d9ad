/**
 * The reader threads, seen from the main thread: whose query runs next, on which of the two, and for how long.
 *
 * A query cannot be interrupted and resumed, and nobody knows beforehand how long it takes. So it runs to its
 * end on the long lane when that is free; otherwise it is tried on the short lane for `SHORT_MS`, which is
 * enough for most, and waits for the long lane if it was not. What a caller without much to ask waits for is
 * then one short try, not the whole of somebody else's questions.
 *
 *   asked ──► fresh ──┬─ long lane free ──────────► long lane, to its end
 *                     └─ otherwise: short lane ──┬─► answered within SHORT_MS
 *                                                └─► slow ──► long lane, from its beginning
 */
import { ServiceError } from "../../errors.ts";
import type { Clock } from "../../lib/clock.ts";
import { FairShares, type Share } from "../../lib/fair-shares.ts";
import type { Asker } from "../../store/queries.ts";
import type { ReaderCalls } from "./operations.ts";
import { openReaderLane, type ReaderLane, type ReaderLaneOptions, unreadable } from "./reader-lane.ts";
import { callsByName } from "./thread-calls.ts";

/** What the readers are opened with. */
export interface ReaderOptions extends Omit<ReaderLaneOptions, "cancelled"> {
  readonly clock: Clock;
}

/**
 * Every call rejects with `storage_unavailable` when the database cannot be read, `queue_full` when too many
 * wait, `deadline_exceeded` when its time or its caller's is over.
 */
export interface Readers {
  readonly calls: ReaderCalls;
  /**
   * Do `work` while no query runs; those that come meanwhile wait for it. For what needs a log that nobody
   * reads.
   */
  withReadersPaused(work: () => Promise<unknown>): Promise<void>;
  /** Finish what was asked, end the threads. */
  close(): Promise<void>;
}

/** Queries that run or wait, in all; one more is rejected with `queue_full`. */
const QUERIES_MAX = 128;
/** Those of one caller: a dashboard asks some twenty at once. */
const QUERIES_PER_CALLER_MAX = QUERIES_MAX / 4;
/** Time that a query is tried for, in ms, while another runs to its end. */
const SHORT_MS = 100;

/** A query that waits or runs. */
interface Query {
  readonly name: string;
  readonly input: unknown;
  /** Its place in what the threads look at to see whether somebody still waits. */
  readonly slot: number;
  /** Whose it is. */
  readonly share: Share;
  readonly signal: AbortSignal | undefined;
  /** When its time is over, on the monotonic clock. */
  readonly endsMs: number;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Open the readers; their threads start when they are needed, the short lane's with the second query at once. */
export function openReaders(options: ReaderOptions): Readers {
  const { timeoutMs, clock } = options;
  const cancelled = new Int32Array(new SharedArrayBuffer(QUERIES_MAX * Int32Array.BYTES_PER_ELEMENT));
  const freeSlots = Array.from({ length: QUERIES_MAX }, (_, slot) => slot);
  const shares = new FairShares({ placesMax: QUERIES_MAX, placesPerCallerMax: QUERIES_PER_CALLER_MAX });
  const fresh: Query[] = [];
  const slow: Query[] = [];
  const lane = {
    path: options.path,
    timeoutMs,
    cancelled,
    onCall: options.onCall,
    onBroken: options.onBroken,
  };
  const long = openReaderLane(lane);
  const short = openReaderLane(lane);
  const running = new Map<ReaderLane, Promise<void>>();
  /** Queries that are not settled. */
  const open = new Set<Promise<unknown>>();
  /** Who pauses the readers, one after the other; queries begin while there is nobody. */
  let pauses = 0;
  let lastPause = Promise.resolve();
  let isClosed = false;

  /** Begin what can begin. */
  function startNext(): void {
    if (pauses > 0) return;
    if (!running.has(long)) {
      const query = shares.takeNext(slow) ?? shares.takeNext(fresh);
      if (query !== undefined) start(long, query, Number.POSITIVE_INFINITY);
    }
    if (running.has(long) && !running.has(short)) {
      const query = shares.takeNext(fresh);
      if (query !== undefined) start(short, query, SHORT_MS);
    }
  }

  function start(lane: ReaderLane, query: Query, laneMs: number): void {
    const done = run(lane, query, laneMs).finally(() => {
      running.delete(lane);
      startNext();
    });
    running.set(lane, done);
  }

  async function run(lane: ReaderLane, query: Query, laneMs: number): Promise<void> {
    const { name, input, slot, share, signal, endsMs } = query;
    const startedMs = clock.monotonicMs();
    const runMs = Math.min(laneMs, endsMs - startedMs);
    try {
      query.resolve(await lane.call(name, [slot, runMs, input]));
    } catch (error) {
      const isOver = error instanceof ServiceError && error.reason === "deadline_exceeded";
      // A query whose time ended while it was tried has no timer any more that would end its wait.
      const isTimeLeft = clock.monotonicMs() < endsMs;
      if (isOver && isTimeLeft && runMs === laneMs && !signal?.aborted) slow.push(query);
      else query.reject(error);
    } finally {
      share.usedMs += clock.monotonicMs() - startedMs;
    }
  }

  /** Give up a query that has not begun; one that runs ends when it looks at its budget. */
  function giveUp(query: Query, error: ServiceError): void {
    for (const waiting of [fresh, slow]) {
      const index = waiting.indexOf(query);
      if (index < 0) continue;
      waiting.splice(index, 1);
      query.reject(error);
    }
  }

  async function ask(name: string, input: unknown, { caller, signal }: Asker): Promise<unknown> {
    // Also where no query has started a thread yet: nobody would end it.
    if (isClosed) throw unreadable(new Error("the reader is closed"));
    const share = shares.enter(caller);
    if (typeof share === "string") throw queueFull(share);
    const slot = freeSlots.pop() as number;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const endsMs = clock.monotonicMs() + timeoutMs;
    const query: Query = { name, input, slot, share, signal, endsMs, resolve, reject };
    const onAbort = () => {
      Atomics.store(cancelled, slot, 1);
      giveUp(query, new ServiceError("deadline_exceeded", "the caller did not wait for the answer"));
    };
    Atomics.store(cancelled, slot, 0);
    fresh.push(query);
    if (signal?.aborted) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    startNext();
    const stopTimer = clock.after(timeoutMs, () => giveUp(query, waitedTooLong(timeoutMs)));
    open.add(promise);
    try {
      return await promise;
    } finally {
      open.delete(promise);
      stopTimer();
      signal?.removeEventListener("abort", onAbort);
      freeSlots.push(slot);
      shares.leave(share);
    }
  }

  return {
    calls: callsByName<ReaderCalls>((name, input, asker) => ask(name, input, (asker as Asker) ?? SERVICE)),
    async withReadersPaused(work) {
      const earlier = lastPause;
      const { promise, resolve } = Promise.withResolvers<void>();
      lastPause = promise;
      pauses += 1;
      try {
        await earlier;
        await Promise.all(running.values());
        await work();
      } finally {
        pauses -= 1;
        resolve();
        startNext();
      }
    },
    async close() {
      isClosed = true;
      await Promise.allSettled(open);
      await Promise.all([long.close(), short.close()]);
    },
  };
}

/** The asker of what the service wants to know for itself. */
const SERVICE: Asker = { caller: "" };

function queueFull(whose: "caller full" | "all full"): ServiceError {
  const message =
    whose === "caller full"
      ? `${QUERIES_PER_CALLER_MAX} queries of this caller wait already; retry later`
      : `${QUERIES_MAX} queries wait already; retry later`;
  return new ServiceError("queue_full", message);
}

function waitedTooLong(timeoutMs: number): ServiceError {
  return new ServiceError(
    "deadline_exceeded",
    `the query waited ${timeoutMs / 1000} s for its turn: ask less at once, or retry later`,
  );
}
