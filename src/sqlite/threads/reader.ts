import { ServiceError } from "../../errors.ts";
import { siblingModule } from "../../lib/sibling-module.ts";
import type { ChartAnswer, ChartQuery } from "../../store/directory/chart.ts";
import type { AggregateAnswer, AggregateQuery, EventsAnswer, EventsQuery } from "../../store/queries.ts";
import type { ListQuery, StoredServerEvent } from "../directory/events.ts";
import type { StoredServerUse } from "../directory/usage.ts";
import type { Failure } from "../file/failure.ts";
import type { LatestQuery, LatestValue } from "../metrics/latest-values.ts";
import type { SurveyStep, SurveyStepResult } from "../retention/operations.ts";
import type { ReaderOperations } from "./reader-operations.ts";
import { createThreadCalls, startThread, type ThreadCalls } from "./thread-calls.ts";

export interface ReaderOptions {
  /** The database; the writer has opened it. */
  readonly path: string;
  /** How long a query may run before it fails with `deadline_exceeded`. */
  readonly timeoutMs: number;
  /** After each query: how long it ran, and whether storage failed it. */
  readonly onOperation: (operation: keyof ReaderOperations, seconds: number, failed: boolean) => void;
  /** The thread died, or could not read. The next query starts another. */
  readonly onBroken: (error: Error) => void;
}

/**
 * The reader thread, seen from the main thread. Queries run one after the other; `signal` lets one go that
 * nobody waits for any more.
 *
 * @throws {ServiceError} `queue_full` when too many wait; `deadline_exceeded`; `validation_failed` for what only
 * the database could tell; `storage_unavailable`.
 */
export interface Reader {
  aggregate(query: AggregateQuery, signal?: AbortSignal): Promise<AggregateAnswer>;
  events(query: EventsQuery, signal?: AbortSignal): Promise<EventsAnswer>;
  /** What instances said last of what is the case. */
  latestValues(query: LatestQuery, signal?: AbortSignal): Promise<readonly LatestValue[]>;
  /** A step of counting; repeat with the cursor it returns. */
  survey(step: SurveyStep): Promise<SurveyStepResult>;
  /** A server's metrics over time. */
  chart(query: ChartQuery): Promise<ChartAnswer>;
  serverEvents(query: ListQuery): Promise<readonly StoredServerEvent[]>;
  serverUses(query: ListQuery): Promise<readonly StoredServerUse[]>;
  /** Do `work` while no query runs; those that come meanwhile wait for it. */
  quietly(work: () => Promise<unknown>): Promise<void>;
  /** Finish what was asked, end the thread. */
  close(): Promise<void>;
}

/** What the thread is started with. `cancelled` has a place for every query that can wait: 1 once it was let go. */
export interface ReaderData {
  readonly path: string;
  readonly timeoutMs: number;
  readonly cancelled: Int32Array<SharedArrayBuffer>;
}

export interface ReaderStart {
  readonly failure: Failure | undefined;
}

/** Queries that run or wait; with the budget of each, none waits for minutes. */
const QUERIES_MAX = 32;

/** Open the reader thread when it is first needed. */
export function openReaderThread({ path, timeoutMs, onOperation, onBroken }: ReaderOptions): Reader {
  const cancelled = new Int32Array(new SharedArrayBuffer(QUERIES_MAX * Int32Array.BYTES_PER_ELEMENT));
  const freeSlots = Array.from({ length: QUERIES_MAX }, (_, slot) => slot);
  const running = new Set<Promise<unknown>>();
  /** Queries begin once it is resolved. */
  let gate = Promise.resolve();
  let thread: Promise<ThreadCalls<keyof ReaderOperations>> | undefined;

  async function start(): Promise<ThreadCalls<keyof ReaderOperations>> {
    const script = siblingModule("./reader-thread", import.meta.url);
    const data: ReaderData = { path, timeoutMs, cancelled };
    const started = await startThread<ReaderStart>(script, data);
    const { failure } = started.started;
    if (failure !== undefined) throw new Error(`${failure.code ?? failure.name}: ${failure.message}`);
    const calls = createThreadCalls<keyof ReaderOperations>(started, {
      title: "the reader thread",
      onBroken(error) {
        thread = undefined;
        onBroken(error);
        void calls.close();
      },
      onOperation,
      unavailable: unreadable,
    });
    return calls;
  }

  async function opened(): Promise<ThreadCalls<keyof ReaderOperations>> {
    thread ??= start();
    try {
      return await thread;
    } catch (error) {
      thread = undefined;
      throw unreadable(error);
    }
  }

  async function call(name: keyof ReaderOperations, query: unknown, signal?: AbortSignal): Promise<never> {
    const slot = freeSlots.pop();
    if (slot === undefined) {
      throw new ServiceError("queue_full", `${QUERIES_MAX} queries wait already; retry later`);
    }
    const cancel = () => void Atomics.store(cancelled, slot, 1);
    Atomics.store(cancelled, slot, signal?.aborted ? 1 : 0);
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      await gate;
      const answer = opened().then((calls) => calls.call(name, [slot, query]));
      running.add(answer);
      return (await answer.finally(() => running.delete(answer))) as never;
    } finally {
      signal?.removeEventListener("abort", cancel);
      freeSlots.push(slot);
    }
  }

  return {
    aggregate: (query, signal) => call("aggregate", query, signal),
    events: (query, signal) => call("events", query, signal),
    latestValues: (query, signal) => call("latestValues", query, signal),
    survey: (step) => call("survey", step),
    chart: (query) => call("chart", query),
    serverEvents: (query) => call("serverEvents", query),
    serverUses: (query) => call("serverUses", query),
    async quietly(work) {
      const earlier = gate;
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      try {
        await earlier;
        await Promise.allSettled(running);
        await work();
      } finally {
        resolve();
      }
    },
    close: async () => (await thread?.catch(() => undefined))?.close(),
  };
}

function unreadable(cause: unknown): ServiceError {
  return new ServiceError("storage_unavailable", "storage cannot be read now; retry later", {
    retryAfterSeconds: 2,
    cause,
  });
}
