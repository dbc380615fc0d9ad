import type { SubmitRequest, SubmitResponse } from "../../gen/mcp/metrics/v1/metrics_service_pb.js";
import { LIMITS } from "../catalogue/limits.ts";
import type { Clock } from "../lib/clock.ts";
import { HOUR_MS } from "../lib/time.ts";
import { Alarm } from "./alarm.ts";
import { type Batch, createBatch, halve, type Source } from "./batch.ts";
import { judgeFailure, type Verdict } from "./judge-failure.ts";
import { MetricBuffer } from "./metric-buffer.ts";
import type { DropCause, Outcomes } from "./outcomes.ts";
import type { PendingMetric } from "./read-metric.ts";
import { RetryPause } from "./retry-pause.ts";
import { Waiters } from "./waiters.ts";

export interface DeliveryOptions {
  readonly clock: Clock;
  readonly source: Source;
  /** Metrics in one request. */
  readonly batchMetrics: number;
  /** Longest wait of a metric for its batch to fill. */
  readonly flushIntervalMs: number;
  /** Most metrics that wait or are being sent. */
  readonly bufferMetrics: number;
  /** Sends one request; rejects when there is no answer in time, or `signal` aborts. */
  readonly submit: (request: SubmitRequest, signal: AbortSignal) => Promise<SubmitResponse>;
  readonly outcomes: Outcomes;
}

/** With one at a time, a distant service would be sent no more than a batch for each round trip. */
const CALLS_MAX = 4;
/** The service forgets an idempotency key after a day; repeated later, a batch could be stored twice. */
const RETRY_MS_MAX = LIMITS.IDEMPOTENCY_MS - HOUR_MS;
/** How many texts of a partial refusal are told. */
const ERRORS_MAX = 5;

/**
 * Takes metrics, sends them in batches, repeats what may have been lost. Every metric is accepted, rejected
 * or dropped in the end, and counted so once. What is being sent is never dropped to make room: it may be
 * stored already.
 */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #buffer: MetricBuffer;
  readonly #pause: RetryPause;
  readonly #calls = new Map<Batch, AbortController>();
  /** Sent before, to be sent again, oldest first. */
  readonly #resend: Batch[] = [];
  /** Metrics in the two above. */
  #underway = 0;
  /** How many of the oldest in the buffer wait for no fuller batch. */
  #due = 0;
  /** Sends what waits for a fuller batch. */
  readonly #interval: Alarm;
  /** Sends what can be sent. */
  readonly #wake: Alarm;
  readonly #flushes = new Waiters();
  #isClosed = false;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#buffer = new MetricBuffer(options.bufferMetrics);
    this.#pause = new RetryPause(options.clock);
    this.#interval = new Alarm(options.clock, () => this.#sendAll());
    this.#wake = new Alarm(options.clock, () => this.#pump());
  }

  /** Metrics without an outcome. */
  get waiting(): number {
    return this.#buffer.size + this.#underway;
  }

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

  /** Resolves once everything added before has an outcome. */
  async flush(): Promise<void> {
    const sequence = this.#buffer.nextSequence;
    this.#pause.hurry();
    this.#sendAll();
    if (this.#oldestSequence() < sequence) await this.#flushes.wait(sequence);
  }

  /** Give up what has no outcome yet, and whatever is added later. */
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
    this.#options.outcomes.tellDrops();
  }

  #sendAll(): void {
    this.#due = this.#buffer.size;
    this.#pump();
  }

  /** After a failure, one call finds out whether the service is back. */
  #mayCall(): boolean {
    return this.#calls.size < (this.#pause.isTrying ? 1 : CALLS_MAX);
  }

  #pump(): void {
    if (this.#isClosed) return;
    const pauseMs = this.#pause.remainingMs();
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

  #nextBatch(): Batch | undefined {
    const { source, batchMetrics, clock } = this.#options;
    const size = Math.min(batchMetrics, this.#buffer.size);
    if (size === 0 || (size < batchMetrics && this.#due === 0)) return undefined;
    this.#due = Math.max(0, this.#due - size);
    this.#underway += size;
    const { firstSequence } = this.#buffer;
    const metrics = this.#buffer.take(size);
    const startedMs = [clock.wallMs(), clock.monotonicMs()] as const;
    return createBatch(source, { metrics, firstSequence, startedMs });
  }

  async #send(batch: Batch): Promise<void> {
    const controller = new AbortController();
    this.#calls.set(batch, controller);
    let settle: () => void;
    try {
      const answer = await this.#options.submit(batch.request, controller.signal);
      settle = () => this.#accept(batch, answer);
    } catch (failure) {
      const verdict = judgeFailure(failure, this.#options.clock.wallMs());
      settle = () => this.#fail(batch, verdict);
    }
    // Of a call that ended with the client, the metrics are counted already.
    if (!this.#calls.delete(batch)) return;
    settle();
    this.#flushes.settle(() => this.#oldestSequence());
    this.#pump();
  }

  #accept(batch: Batch, answer: SubmitResponse): void {
    const { outcomes } = this.#options;
    const metrics = batch.metrics.length;
    this.#pause.succeeded();
    this.#underway -= metrics;
    outcomes.accepted += answer.accepted;
    if (answer.accepted === metrics) return;
    const reason = answer.rejections[0]?.reason ?? "validation_failed";
    outcomes.reject(metrics - answer.accepted, reason, answer.errors.slice(0, ERRORS_MAX).join("; "));
  }

  #fail(batch: Batch, { isRetryable, retryAfterMs, reason, message }: Verdict): void {
    const { source, outcomes } = this.#options;
    const metrics = batch.metrics.length;
    if (isRetryable) {
      const pauseMs = this.#pause.failed(retryAfterMs);
      if (this.#ageMs(batch) + pauseMs < RETRY_MS_MAX) {
        outcomes.retry(metrics, reason, message);
        this.#sendAgain(batch);
      } else {
        this.#underway -= metrics;
        this.#drop(metrics, "expired");
      }
      return;
    }
    // The service is there and has said its word.
    this.#pause.succeeded();
    if (reason === "body_too_large" && metrics > 1) {
      this.#sendAgain(...halve(batch, source));
    } else {
      this.#underway -= metrics;
      outcomes.reject(metrics, reason, message);
    }
  }

  #ageMs({ startedMs: [wallMs, monotonicMs] }: Batch): number {
    const { clock } = this.#options;
    return Math.max(clock.wallMs() - wallMs, clock.monotonicMs() - monotonicMs);
  }

  #sendAgain(...batches: readonly Batch[]): void {
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
