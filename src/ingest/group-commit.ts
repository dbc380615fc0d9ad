import { ServiceError } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import type { CommitResult, IdempotencyRecord, StoredAnswer } from "../store/metrics.ts";

/** What one request adds to a transaction; it can be queued. */
interface Queueable {
  readonly idempotency: IdempotencyRecord | undefined;
}

/** Gathers what requests add into batches, each of which becomes a transaction. */
export interface BatchGatherer<Item extends Queueable, Batch> {
  /** Rows of what was added since the last `take`. */
  readonly rowCount: number;
  rowsOf(item: Item): number;
  add(item: Item): void;
  take(): Batch;
  /** Whether a batch has nothing to store. */
  isEmpty(batch: Batch): boolean;
}

export interface GroupCommitOptions<Item extends Queueable, Batch> {
  readonly clock: Clock;
  readonly gatherer: BatchGatherer<Item, Batch>;
  readonly commit: (batch: Batch, nowMs: number) => Promise<CommitResult>;
  /** Metrics that may wait or be on their way to disk; so a slow disk costs memory only up to here. */
  readonly queuedMetricsMax: number;
  /** Set: commits wait until this many metrics are there or the first has waited this long. */
  readonly linger: { readonly metrics: number; readonly ms: number } | undefined;
  readonly onCommit: (metrics: number, seconds: number) => void;
}

/** Rows a transaction at the most: bounds how long one commit, and what waits behind it, can take. */
const BATCH_METRICS_MAX = 4000;
/**
 * Turns of the event loop between the first submission and its transaction. While nothing arrives a turn
 * takes microseconds; under load each brings in what the answers before have called forth, and the
 * transactions are half as many: a sixth more requests on one core, as many on two (1 to 12 tried).
 */
const GATHER_TURNS = 3;
/** How long buffered metrics wait after a failed commit before they are tried again. */
const RETRY_MS = 1000;

/** A submission, or (undefined) the mark a flush leaves behind what it waits for. */
interface Entry<Item> {
  readonly submission: Item | undefined;
  readonly resolve: (earlier: StoredAnswer | undefined) => void;
  readonly reject: (error: Error) => void;
}

/** Whether nobody waits for this entry to be on disk: its metrics were answered when they were queued. */
const isAnswered = ({ submission }: Entry<Queueable>) =>
  submission !== undefined && submission.idempotency === undefined;

/**
 * Joins submissions into transactions.
 *
 * No fixed linger: while one transaction is on its way to disk the next one gathers, so that
 * throughput comes from load and an idle service answers at once. The exception is `linger`, the
 * predecessor's buffer, for those who ask for answers before the disk has them.
 */
export class GroupCommit<Item extends Queueable, Batch> {
  readonly #options: GroupCommitOptions<Item, Batch>;
  #waiting: Entry<Item>[] = [];
  #waitingMetrics = 0;
  #inFlightMetrics = 0;
  #isCommitting = false;
  /** Something waits that must not linger: somebody waits for it, or its time is over. */
  #isUrgent = false;
  #scheduled = false;
  #cancelTimer: (() => void) | undefined;
  #backingOff = false;
  #closed = false;

  constructor(options: GroupCommitOptions<Item, Batch>) {
    this.#options = options;
  }

  /** Metrics that wait or are on their way to disk. */
  get depth(): number {
    return this.#waitingMetrics + this.#inFlightMetrics;
  }

  /**
   * Queue a submission and resolve once it is on disk, all of it or none. Resolves to the earlier
   * answer, with nothing stored, when its idempotency key was used before; rejects with
   * `storage_unavailable` when it could not be stored.
   *
   * @throws {ServiceError} at once, `queue_full` or `shutting_down`: it was not queued.
   */
  add(submission: Item): Promise<StoredAnswer | undefined> {
    if (this.#closed) throw new ServiceError("shutting_down", "the service is shutting down");
    const metrics = this.#options.gatherer.rowsOf(submission);
    if (this.depth + metrics > this.#options.queuedMetricsMax) {
      throw new ServiceError("queue_full", `${this.depth} metrics wait for storage already; retry later`);
    }
    this.#waitingMetrics += metrics;
    return this.#enqueue(submission);
  }

  /**
   * Resolve once everything that waits now, or is on its way, is on disk.
   *
   * @throws {ServiceError} `storage_unavailable` as soon as some of it could not be stored.
   */
  async flush(): Promise<void> {
    if (this.depth > 0) await this.#enqueue(undefined);
  }

  /**
   * Take nothing more; resolves once everything taken is on disk.
   *
   * @throws {ServiceError} `storage_unavailable` when everything was tried and some of it has failed.
   */
  async close(): Promise<void> {
    this.#closed = true;
    const failures: unknown[] = [];
    // A failure ends one flush; what waited behind it still has its turn. Every turn leaves less.
    while (this.depth > 0) await this.flush().catch((error: unknown) => void failures.push(error));
    if (failures.length > 0) throw failures[0];
  }

  #enqueue(submission: Item | undefined): Promise<StoredAnswer | undefined> {
    return new Promise((resolve, reject) => {
      const entry = { submission, resolve, reject };
      this.#waiting.push(entry);
      this.#isUrgent ||= !isAnswered(entry);
      this.#scheduleWhenDue();
    });
  }

  #scheduleWhenDue(): void {
    const { linger, clock } = this.#options;
    if (this.#waiting.length === 0) return;
    if (linger === undefined || this.#isUrgent || this.#waitingMetrics >= linger.metrics) {
      this.#schedule();
      return;
    }
    this.#cancelTimer ??= clock.after(linger.ms, () => {
      this.#cancelTimer = undefined;
      // Also where a commit is on its way: the next one must not wait for another interval.
      this.#isUrgent = true;
      this.#schedule();
    });
  }

  /** Start a transaction after the input that is there already, so that it holds all that has arrived by then. */
  #schedule(): void {
    if (this.#scheduled || this.#backingOff || this.#isCommitting) return;
    this.#scheduled = true;
    afterTurns(GATHER_TURNS, () => this.#start());
  }

  #start(): void {
    this.#scheduled = false;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const entries = this.#takeEntries();
    if (entries.length === 0) return;
    this.#isCommitting = true;
    this.#inFlightMetrics = this.#options.gatherer.rowCount;
    this.#waitingMetrics -= this.#inFlightMetrics;
    void this.#commit(entries);
  }

  #takeEntries(): readonly Entry<Item>[] {
    const { gatherer } = this.#options;
    let count = 0;
    for (const { submission } of this.#waiting) {
      if (submission !== undefined) gatherer.add(submission);
      count += 1;
      if (gatherer.rowCount >= BATCH_METRICS_MAX) break;
    }
    const entries = this.#waiting.splice(0, count);
    this.#isUrgent &&= this.#waiting.length > 0;
    return entries;
  }

  /** Never rejects: every entry is told itself. */
  async #commit(entries: readonly Entry<Item>[]): Promise<void> {
    const { clock, gatherer, commit, onCommit } = this.#options;
    const startedMs = clock.monotonicMs();
    const metrics = this.#inFlightMetrics;
    try {
      const batch = gatherer.take();
      const { duplicates } = gatherer.isEmpty(batch)
        ? { duplicates: [] }
        : await commit(batch, clock.wallMs());
      const earlier = new Map(duplicates.map(({ index, stored }) => [index, stored]));
      let keyed = 0;
      for (const { submission, resolve } of entries) {
        resolve(submission?.idempotency === undefined ? undefined : earlier.get(keyed++));
      }
    } catch (error) {
      this.#failed(entries, error as Error);
    }
    this.#isCommitting = false;
    this.#inFlightMetrics = 0;
    this.#scheduleWhenDue();
    if (metrics > 0) onCommit(metrics, (clock.monotonicMs() - startedMs) / 1000);
  }

  #failed(entries: readonly Entry<Item>[], error: Error): void {
    const retryable = error instanceof ServiceError && error.reason === "storage_unavailable";
    const isKept = (entry: Entry<Item>) =>
      this.#options.linger !== undefined && retryable && !this.#closed && isAnswered(entry);
    for (const entry of entries) if (!isKept(entry)) entry.reject(error);
    // A flush that waits already waits for these entries too.
    for (const { submission, reject } of this.#waiting) if (submission === undefined) reject(error);
    this.#waiting = this.#waiting.filter(({ submission }) => submission !== undefined);
    // Metrics that have been answered are kept until storage takes them.
    const kept = entries.filter(isKept);
    if (kept.length === 0) return;
    this.#waiting = [...kept, ...this.#waiting];
    for (const { submission } of kept) {
      if (submission !== undefined) this.#waitingMetrics += this.#options.gatherer.rowsOf(submission);
    }
    this.#backingOff = true;
    this.#options.clock.after(RETRY_MS, () => {
      this.#backingOff = false;
      this.#schedule();
    });
  }
}

function afterTurns(turns: number, job: () => void): void {
  setImmediate(turns > 1 ? () => afterTurns(turns - 1, job) : job);
}
