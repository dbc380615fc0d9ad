import type { Batch } from "./batch.ts";
import type { Pace } from "./plan/steps.ts";

/** What an idempotency key was answered, and for which request. */
export interface StoredAnswer {
  readonly fingerprint: string;
  readonly answer: string;
}

/** What a commit answers. */
export interface CommitResult {
  /**
   * Idempotency keys that were stored before and have not expired (`LIMITS.IDEMPOTENCY_MS`), by their place in
   * `batch.keyed`; of what they cover nothing was stored again.
   */
  readonly duplicates: readonly { readonly index: number; readonly stored: StoredAnswer }[];
}

/** A cumulative series as it is stored. */
export interface KnownSeries {
  readonly lastPoint: string;
  /** When it was stored. */
  readonly seenMs: number;
}

/** Which cumulative series a request continues, and what tells it from a repetition. */
export interface SeriesQuestion {
  readonly owner: string;
  readonly keys: readonly string[];
  readonly apiKeyId: number;
  readonly idempotencyKey: string;
}

/** What is stored of the series of a question. */
export interface SeriesFound {
  /** The answer of the same request, when it was stored before: nothing else is to be done then. */
  readonly earlier: StoredAnswer | undefined;
  /** By key; series that are new are not in it. */
  readonly series: ReadonlyMap<string, KnownSeries>;
  /**
   * Of the series that are new, how many there is room for; they count as begun from now on. Room that nobody
   * stores a series in is free again within a minute of the caller's time.
   */
  readonly room: number;
}

/**
 * Cumulative series an owner may have. A new one beyond takes the place of the one that was not continued for
 * longest, unless all of them were within a day: then there is no room for it.
 */
export const SERIES_PER_OWNER_MAX = 100_000;

/** Metrics: written in batches, rolled up by hour and day. */
export interface MetricStore {
  /**
   * Store every row of `batch`, its idempotency records, its series and the states among its rows, except what
   * earlier records cover.
   *
   * An open store takes the batches of one `BatchBuilder`, all that are not empty, in the order in which they
   * were made: a batch refers to what earlier ones have defined. A batch that is rejected has stored nothing,
   * but what it defines counts, for the builder does not define it again. The batch is the store's from the call
   * on, its numbers are moved away; whoever repeats a rejected one adds its submissions to the builder again.
   */
  commit(batch: Batch, nowMs: number): Promise<CommitResult>;
  /** What is stored of cumulative series. Whoever asks next does not get the same room again. */
  findSeries(question: SeriesQuestion, nowMs: number): Promise<SeriesFound>;
  /** The number of the newest stored request; 0 in an empty database. */
  lastRequestNumber(): Promise<number>;
  /**
   * Bring hourly and daily rollups up to what was committed before the call. Queries count every committed
   * metric at once, with or without it; SQL over the rollup tables is as new as the last flush. Long work.
   */
  flushRollups(nowMs: number, pace: Pace): Promise<void>;
  /** Forget combinations of dimensions that no rollup row since `beforeDay` (days since 1970) has. Long work. */
  deleteUnusedRollupKeys(beforeDay: number, pace: Pace): Promise<void>;
  /** Forget idempotency keys that have expired by `nowMs`. Long work. */
  deleteExpiredIdempotencyKeys(nowMs: number, pace: Pace): Promise<void>;
  /** Forget cumulative series that nobody has continued for thirty days. Long work. */
  deleteEndedSeries(nowMs: number, pace: Pace): Promise<void>;
}
