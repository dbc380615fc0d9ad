import { ServiceError } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import type { CommitResult, StoredAnswer } from "../store/metrics.ts";
import type { IdempotencyRecord } from "../store/submission.ts";

/** What one request adds to a transaction; it can be queued. */
interface Queueable {
  /** Set: a request with the same key that was stored before is answered as that one was. */
  readonly idempotency: IdempotencyRecord | undefined;
}

/**
 * Gathers what requests add into batches, each of which becomes a transaction. Of submissions and of the
 * directory's entries there is one each.
 */
export interface BatchGatherer<Item extends Queueable, Batch> {
  /** Rows of what was added since the last `take`. */
  readonly rowCount: number;
  /** Rows that `item` will add. */
  rowsOf(item: Item): number;
  /** Bytes that `item` takes in memory, roughly. */
  bytesOf(item: Item): number;
  add(item: Item): void;
  /** All that was added, in that order; the gatherer is empty then. */
  take(): Batch;
  /** Whether a batch has nothing to store. */
  isEmpty(batch: Batch): boolean;
}

export interface GroupCommitOptions<Item extends Queueable, Batch> {
  readonly clock: Clock;
  readonly gatherer: BatchGatherer<Item, Batch>;
  /**
   * Stores a batch in one transaction, all of it or none, and names the items (by their place among those
   * with an idempotency key) that were stored before. Called once at a time.
   */
  readonly commit: (batch: Batch, nowMs: number) => Promise<CommitResult>;
  /** Metrics that may wait or be on their way to disk; so a slow disk costs memory only up to here. */
  readonly queuedMetricsMax: number;
  /**
   * Bytes that may. For answers before the disk has the metrics: otherwise the calls that wait bound it.
   */
  readonly queuedBytesMax: number | undefined;
  /** Set: commits wait until this many metrics are there or the first has waited this long. */
  readonly linger: { readonly metrics: number; readonly ms: number } | undefined;
  /** After every commit that was not empty, failed ones included. */
  readonly onCommit: (commit: { readonly metrics: number; readonly seconds: number }) => void;
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

/** A place in the queue, and the promise that somebody may wait for. */
interface Entry<Item> {
  /** Undefined: the mark that a flush leaves behind what it waits for. */
  readonly submission: Item | undefined;
  /** What it takes of `queuedBytesMax`. */
  readonly bytes: number;
  readonly resolve: (earlier: StoredAnswer | undefined) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Whether nobody has to wait for this entry to be on disk: neither a flush nor a retry depends on it. Where
 * commits linger, its metrics were answered when they were queued.
 */
const mayLinger = ({ submission }: Entry<Queueable>) =>
  submission !== undefined && submission.idempotency === undefined;

/**
 * Joins submissions into transactions (group commit: one fsync for all that has come in).
 *
 * Submissions are committed in the order of `add`, in one transaction at a time. No fixed linger: while one
 * transaction is on its way to disk the next one gathers, so that throughput comes from load and an idle
 * service answers at once. The exception is `linger`, the predecessor's buffer, for those who ask for answers
 * before the disk has them.
 */
export class GroupCommit<Item extends Queueable, Batch> {
  readonly #options: GroupCommitOptions<Item, Batch>;
  /** Entries that no transaction holds yet, oldest first. */
  #waiting: Entry<Item>[] = [];
  #waitingMetrics = 0;
  /** Bytes of what waits or is on its way to disk. */
  #bytes = 0;
  /** Metrics of the transaction under way. */
  #inFlightMetrics = 0;
  #isCommitting = false;
  /** Something waits that must not linger: somebody waits for it, or its time is over. */
  #isUrgent = false;
  /** The next transaction starts after some turns of the event loop. */
  #scheduled = false;
  /** … after so many. */
  #turnsLeft = 0;
  /** Ends the wait of a lingering commit. */
  #cancelTimer: (() => void) | undefined;
  /** A commit of answered metrics has failed; the next try waits for `RETRY_MS`. */
  #backingOff = false;
  #closed = false;
  /** How long the last transaction took, in ms; 0 before the first. */
  lastCommitMs = 0;

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
    const { gatherer, queuedBytesMax } = this.#options;
    const bytes = queuedBytesMax === undefined ? 0 : gatherer.bytesOf(submission);
    if (this.#bytes + bytes > (queuedBytesMax ?? 0) && this.#bytes > 0) {
      throw new ServiceError("queue_full", `${this.#bytes} bytes wait for storage already; retry later`);
    }
    this.#bytes += bytes;
    this.#waitingMetrics += metrics;
    return this.#enqueue(submission, bytes);
  }

  /**
   * Resolve once everything that waits now, or is on its way, is on disk.
   *
   * @throws {ServiceError} `storage_unavailable` as soon as some of it could not be stored.
   */
  async flush(): Promise<void> {
    if (this.#holdsEntries) await this.#enqueue(undefined, 0);
  }

  /**
   * Take nothing more; resolves once everything taken is on disk.
   *
   * @throws {ServiceError} `storage_unavailable` when everything was tried and some of it has failed.
   */
  async close(): Promise<void> {
    this.#closed = true;
    const failures: unknown[] = [];
    // A failure ends one flush; what waited behind it is still committed. Every round leaves less.
    while (this.#holdsEntries) await this.flush().catch((error: unknown) => void failures.push(error));
    if (failures.length > 0) throw failures[0];
  }

  /** Also of submissions that have no rows, such as a series that stands where it stood: `depth` is 0 then. */
  get #holdsEntries(): boolean {
    return this.#waiting.length > 0 || this.#isCommitting;
  }

  #enqueue(submission: Item | undefined, bytes: number): Promise<StoredAnswer | undefined> {
    return new Promise((resolve, reject) => {
      const entry = { submission, bytes, resolve, reject };
      this.#waiting.push(entry);
      // Without a linger nothing waits for it.
      if (this.#options.linger !== undefined) this.#isUrgent ||= !mayLinger(entry);
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

  /**
   * Start a transaction after the input that is there already, so that it holds all that has arrived by then.
   */
  #schedule(): void {
    if (this.#scheduled || this.#backingOff || this.#isCommitting) return;
    this.#scheduled = true;
    this.#turnsLeft = GATHER_TURNS;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#turnsLeft -= 1;
    if (this.#turnsLeft > 0) setImmediate(this.#turn);
    else this.#start();
  };

  /** Begin a transaction with all that waits, as far as one holds it. */
  #start(): void {
    const { gatherer } = this.#options;
    this.#scheduled = false;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    let count = 0;
    for (const { submission } of this.#waiting) {
      if (submission !== undefined) gatherer.add(submission);
      count += 1;
      if (gatherer.rowCount >= BATCH_METRICS_MAX) break;
    }
    const entries = this.#waiting.splice(0, count);
    this.#isUrgent &&= this.#waiting.length > 0;
    if (entries.length === 0) return;
    this.#isCommitting = true;
    this.#inFlightMetrics = gatherer.rowCount;
    this.#waitingMetrics -= this.#inFlightMetrics;
    void this.#commit(entries);
  }

  /**
   * Commit what the gatherer holds of `entries`. Never rejects: the promise of each entry says how it went.
   */
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
    for (const { bytes } of entries) this.#bytes -= bytes;
    this.#scheduleWhenDue();
    if (metrics === 0) return;
    this.lastCommitMs = clock.monotonicMs() - startedMs;
    onCommit({ metrics, seconds: this.lastCommitMs / 1000 });
  }

  /** Reject what somebody waits for, and queue again what was answered already, in front of all else. */
  #failed(entries: readonly Entry<Item>[], error: Error): void {
    const retryable = error instanceof ServiceError && error.reason === "storage_unavailable";
    const isKept = (entry: Entry<Item>) =>
      this.#options.linger !== undefined && retryable && !this.#closed && mayLinger(entry);
    for (const entry of entries) if (!isKept(entry)) entry.reject(error);
    // A flush that waits already waits for these entries too.
    for (const { submission, reject } of this.#waiting) if (submission === undefined) reject(error);
    this.#waiting = this.#waiting.filter(({ submission }) => submission !== undefined);
    // Metrics that have been answered are kept until storage takes them.
    const kept = entries.filter(isKept);
    if (kept.length === 0) return;
    this.#waiting = [...kept, ...this.#waiting];
    for (const { submission, bytes } of kept) {
      if (submission !== undefined) this.#waitingMetrics += this.#options.gatherer.rowsOf(submission);
      // Taken off again with the transaction that has failed.
      this.#bytes += bytes;
    }
    this.#backingOff = true;
    this.#options.clock.after(RETRY_MS, () => {
      this.#backingOff = false;
      this.#schedule();
    });
  }
}
