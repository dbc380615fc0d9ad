import type { SubmitRequest, SubmitResponse } from "../../gen/mcp/metrics/v1/metrics_service_pb.js";
import { LIMITS } from "../catalogue/limits.ts";
import type { Clock } from "../lib/clock.ts";
import { HOUR_MS } from "../lib/time.ts";
import { Backoff } from "./backoff.ts";
import { type ClientIdentity, createBatch, halve, type SubmitBatch } from "./batch.ts";
import { type CallFailure, classifyFailure } from "./classify-failure.ts";
import { FlushWaiters, MetricBuffer } from "./metric-buffer.ts";
import type { DropCause, Outcomes } from "./outcomes.ts";
import type { PendingMetric } from "./read-emitted-metric.ts";

export interface DeliveryOptions {
  readonly clock: Clock;
  readonly identity: ClientIdentity;
  /** Most metrics in one request; the service's own limit is MAX_METRICS_PER_REQUEST. */
  readonly batchMetrics: number;
  /** Longest wait of a metric for its batch to fill, in milliseconds. */
  readonly flushIntervalMs: number;
  /**
   * Most metrics that wait or are being sent, which bounds memory; beyond, the oldest that waits is dropped.
   */
  readonly bufferMetrics: number;
  /** Sends one request. Must reject in the end, when there is no answer in time or `signal` aborts. */
  readonly submit: (request: SubmitRequest, signal: AbortSignal) => Promise<SubmitResponse>;
  /** Counts and reports what becomes of every metric. */
  readonly outcomes: Outcomes;
}

/** Requests at a time: with one, a distant service would be sent no more than a batch for each round trip. */
const CALLS_MAX = 4;
/**
 * Longest time a batch is repeated: the service forgets its idempotency key after a day, and would store it
 * twice.
 */
const RETRY_MS_MAX = LIMITS.IDEMPOTENCY_MS - HOUR_MS;
/** Most texts of a partial rejection that are reported. */
const ERRORS_MAX = 5;

/**
 * Takes metrics, sends them in batches, repeats what may have been lost. Every metric is accepted, rejected
 * or dropped in the end, and counted so once. Nothing here throws or rejects.
 *
 * Order is not promised: up to four requests are under way at a time, and a failed one is repeated while
 * others go on. What is being sent is never dropped to make room: it may be stored already.
 */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #buffer: MetricBuffer;
  readonly #backoff: Backoff;
  /** Requests under way, and how to abort them. */
  readonly #calls = new Map<SubmitBatch, AbortController>();
  /** Sent before, to be sent again, oldest first. */
  readonly #resend: SubmitBatch[] = [];
  /** Metrics in the two above. */
  #underway = 0;
  /** How many of the oldest in the buffer are to be sent even in a batch that is not full. */
  #due = 0;
  /** At its time, what waits for a fuller batch is sent as it is. */
  readonly #interval: Alarm;
  /** At its time, what can be sent is sent: full batches, and those that backoff has held up. */
  readonly #wake: Alarm;
  readonly #flushes = new FlushWaiters();
  #isClosed = false;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#buffer = new MetricBuffer(options.bufferMetrics);
    this.#backoff = new Backoff(options.clock);
    this.#interval = new Alarm(options.clock, () => this.#sendAll());
    this.#wake = new Alarm(options.clock, () => this.#pump());
  }

  /** Metrics without an outcome: in the buffer, or in a request. */
  get waiting(): number {
    return this.#buffer.size + this.#underway;
  }

  /** Queues a metric and returns at once; the request is built later, on a timer. */
  add(metric: PendingMetric): void {
    const { batchMetrics, bufferMetrics, flushIntervalMs } = this.#options;
    if (this.#isClosed) {
      this.#drop(1, "closed");
      return;
    }
    if (this.waiting >= bufferMetrics) {
      const isFreed = this.#buffer.dropOldest() !== undefined;
      this.#due = Math.min(this.#due, this.#buffer.size);
      this.#drop(1, "buffer_full");
      // With nothing but what is being sent, the new one is all that can go.
      if (!isFreed) return;
    }
    this.#buffer.add(metric);
    this.#interval.within(flushIntervalMs);
    // Not at once: whoever emits does not wait while a request is built.
    if (this.#buffer.size >= batchMetrics && this.#mayCall()) this.#wake.within(0);
  }

  /**
   * Sends everything without waiting for fuller batches or for our own backoff; resolves once everything
   * added before has an outcome. That can take as long as an outage: the caller sets the time limit.
   */
  async flush(): Promise<void> {
    const sequence = this.#buffer.nextSequence;
    this.#backoff.skipPause();
    this.#sendAll();
    if (this.#oldestSequence() < sequence) await this.#flushes.wait(sequence);
  }

  /** Gives up what has no outcome yet, and whatever is added later; aborts requests. Safe to call again. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#interval.cancel();
    this.#wake.cancel();
    const lost = this.waiting;
    this.#buffer.take(this.#buffer.size);
    this.#resend.length = 0;
    this.#underway = 0;
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const call of calls) call.abort();
    this.#drop(lost, "closed");
    this.#options.outcomes.reportDrops();
  }

  #sendAll(): void {
    this.#due = this.#buffer.size;
    this.#pump();
  }

  /** After a failure one call at a time, which finds out whether the service is back. */
  #mayCall(): boolean {
    return this.#calls.size < (this.#backoff.isProbing ? 1 : CALLS_MAX);
  }

  /** Starts as many calls as may be, or sets a timer for when they may. */
  #pump(): void {
    if (this.#isClosed) return;
    const pauseMs = this.#backoff.remainingMs();
    if (pauseMs > 0) {
      this.#wake.within(pauseMs);
      return;
    }
    while (this.#mayCall()) {
      const batch = this.#resend.shift() ?? this.#nextBatch();
      if (batch === undefined) return;
      void this.#send(batch);
    }
  }

  /** Undefined while there is neither a full batch nor one that has waited long enough. */
  #nextBatch(): SubmitBatch | undefined {
    const { identity, batchMetrics, clock } = this.#options;
    const size = Math.min(batchMetrics, this.#buffer.size);
    if (size === 0 || (size < batchMetrics && this.#due === 0)) return undefined;
    this.#due = Math.max(0, this.#due - size);
    this.#underway += size;
    const { firstSequence } = this.#buffer;
    const metrics = this.#buffer.take(size);
    const startedMs = [clock.wallMs(), clock.monotonicMs()] as const;
    return createBatch(identity, { metrics, firstSequence, startedMs });
  }

  /** One call, and what follows from its answer. */
  async #send(batch: SubmitBatch): Promise<void> {
    const controller = new AbortController();
    this.#calls.set(batch, controller);
    let settle: () => void;
    try {
      const answer = await this.#options.submit(batch.request, controller.signal);
      settle = () => this.#accept(batch, answer);
    } catch (failure) {
      const classified = classifyFailure(failure, this.#options.clock.wallMs());
      settle = () => this.#fail(batch, classified);
    }
    // `close` has aborted the call and counted its metrics as dropped already.
    if (!this.#calls.delete(batch)) return;
    settle();
    this.#flushes.settle(() => this.#oldestSequence());
    this.#pump();
  }

  /** The service has taken the request; it may have rejected some of its metrics. */
  #accept(batch: SubmitBatch, answer: SubmitResponse): void {
    const { outcomes } = this.#options;
    const metrics = batch.metrics.length;
    this.#backoff.succeeded();
    this.#underway -= metrics;
    outcomes.accepted += answer.accepted;
    if (answer.accepted === metrics) return;
    const reason = answer.rejections[0]?.reason ?? "validation_failed";
    outcomes.reject(metrics - answer.accepted, reason, answer.errors.slice(0, ERRORS_MAX).join("; "));
  }

  /** Repeats the batch, halves it, or counts its metrics as rejected or dropped. */
  #fail(batch: SubmitBatch, { isRetryable, retryAfterMs, reason, message }: CallFailure): void {
    const { identity, outcomes } = this.#options;
    const metrics = batch.metrics.length;
    if (isRetryable) {
      const pauseMs = this.#backoff.failed(retryAfterMs);
      if (this.#ageMs(batch) + pauseMs < RETRY_MS_MAX) {
        outcomes.retry(metrics, reason, message);
        this.#sendAgain(batch);
      } else {
        this.#underway -= metrics;
        this.#drop(metrics, "expired");
      }
      return;
    }
    // The service is there and has rejected the request; other requests need not wait.
    this.#backoff.succeeded();
    if (reason === "body_too_large" && metrics > 1) {
      this.#sendAgain(...halve(batch, identity));
    } else {
      this.#underway -= metrics;
      outcomes.reject(metrics, reason, message);
    }
  }

  /** Time since it was first sent, by the clock that says more. */
  #ageMs({ startedMs: [wallMs, monotonicMs] }: SubmitBatch): number {
    const { clock } = this.#options;
    return Math.max(clock.wallMs() - wallMs, clock.monotonicMs() - monotonicMs);
  }

  /** Before anything new, oldest first. */
  #sendAgain(...batches: readonly SubmitBatch[]): void {
    this.#resend.push(...batches);
    this.#resend.sort((a, b) => a.firstSequence - b.firstSequence);
  }

  #drop(metrics: number, cause: DropCause): void {
    this.#options.outcomes.drop(metrics, cause);
    this.#flushes.settle(() => this.#oldestSequence());
  }

  /** The number of the oldest metric without an outcome, or of the next that will come. */
  #oldestSequence(): number {
    const batches = [...this.#calls.keys(), ...this.#resend];
    return Math.min(this.#buffer.firstSequence, ...batches.map((batch) => batch.firstSequence));
  }
}

/** A timer for one job that can be set again and again: it runs at the earliest of the times asked for. */
class Alarm {
  readonly #clock: Pick<Clock, "after" | "monotonicMs">;
  readonly #job: () => void;
  #atMs = Number.POSITIVE_INFINITY;
  #cancel = (): void => {};

  constructor(clock: Pick<Clock, "after" | "monotonicMs">, job: () => void) {
    this.#clock = clock;
    this.#job = job;
  }

  /**
   * Run the job within `delayMs`, but at the latest in an hour: timers overflow at 2^31 ms, which a monthly
   * quota's `retry-after` exceeds. The job may find that it is too early, and set the alarm again.
   */
  within(delayMs: number): void {
    const shortMs = Math.min(delayMs, HOUR_MS);
    const atMs = this.#clock.monotonicMs() + shortMs;
    if (atMs >= this.#atMs) return;
    this.#cancel();
    this.#atMs = atMs;
    this.#cancel = this.#clock.after(shortMs, () => {
      this.#atMs = Number.POSITIVE_INFINITY;
      this.#job();
    });
  }

  cancel(): void {
    this.#cancel();
    this.#atMs = Number.POSITIVE_INFINITY;
  }
}
