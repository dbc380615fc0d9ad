/** What one request adds to a transaction. */
import type { Measurement } from "../catalogue/measurement.ts";

/** Who sent a measurement, Equal sources need not be the same object. */
export interface Source {
  readonly service: string;
  readonly version: string;
  readonly instanceId: string;
  readonly apiKeyId: number;
}

/** What one request adds to a transaction. */
export interface Submission {
  readonly source: Source;
  readonly requestNumber: number;
  readonly measurements: readonly Measurement[];
  readonly idempotency: IdempotencyRecord | undefined;
  /** Series whose last points the measurements take into account. Only with an idempotency key. */
  readonly series?: readonly SeriesUpdate[];
}

/** The record of an idempotency key, to be stored with the rows it answers for. */
export interface IdempotencyRecord {
  /** Unique for the API key that sent it. */
  readonly key: string;
  /** Tells the request from others that come with the same key. */
  readonly fingerprint: string;
  /** The answer to give, and to give again; JSON. */
  readonly answer: string;
}

/** The last point of a cumulative series after a commit: the next one is worth what it adds to this. */
export interface SeriesUpdate {
  readonly key: string;
  /** The service whose keys send it: series are counted and bounded by owner. */
  readonly owner: string;
  /** JSON. */
  readonly lastPoint: string;
  /** Whether it was not found before. */
  readonly isNew: boolean;
}
