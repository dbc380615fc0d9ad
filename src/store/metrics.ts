/** The record of an idempotency key, to be written with the rows it answers for. */
export interface IdempotencyRecord {
  readonly key: string;
  readonly fingerprint: string;
  /** The answer to give, and to give again; JSON. */
  readonly answer: string;
}

/** What an idempotency key was answered, and for which request. */
export interface StoredAnswer {
  readonly fingerprint: string;
  readonly answer: string;
}

/** What a commit answers. */
export interface CommitResult {
  /** Idempotency keys that were there before, by their place in `batch.keyed`; their rows were not stored again. */
  readonly duplicates: readonly { readonly index: number; readonly stored: StoredAnswer }[];
}

/** A series after a commit. */
export interface SeriesUpdate {
  readonly key: string;
  readonly owner: string;
  /** JSON. */
  readonly lastPoint: string;
  readonly isNew: boolean;
}

export interface KnownSeries {
  readonly lastPoint: string;
  readonly seenMs: number;
}

export interface SeriesQuestion {
  readonly owner: string;
  readonly keys: readonly string[];
  /** Whether this has been answered before. */
  readonly apiKeyId: number;
  readonly idempotencyKey: string;
}

export interface SeriesFound {
  readonly earlier: StoredAnswer | undefined;
  readonly series: ReadonlyMap<string, KnownSeries>;
  /** Of the series that are new, how many there is room for; they count as begun from now on. */
  readonly room: number;
}
