/**
 * A submission as it came in, whatever the protocol and its spelling: nothing in it has been checked but
 * that it is an object. Every door decodes leniently into this form and `validate` validates it, so that one
 * odd metric does not fail its neighbours and every protocol has the same rules in the same words.
 *
 * undefined means absent; null means an explicit null, which equals absent everywhere except in `value`.
 * The names are those of the REST body and of the proto's fields.
 */
export interface SubmittedMetrics {
  /** Who measured; metrics are counted under this name. */
  readonly service: unknown;
  /** The release of that service. */
  readonly version: unknown;
  /** Which of its processes. */
  readonly instance_id: unknown;
  /** Equal in every retry of one request. */
  readonly idempotency_key: unknown;
  /** A list of `SubmittedMetric`. */
  readonly metrics: unknown;
}

/** One metric, as it came in. */
export interface SubmittedMetric {
  /** Of the catalogue. */
  readonly type?: unknown;
  readonly value?: unknown;
  /** Milliseconds. */
  readonly duration_ms?: unknown;
  /** When it was measured: see `readTimestamp`. */
  readonly timestamp?: unknown;
  /** Short scalars that metrics are filtered and grouped by. */
  readonly dimensions?: unknown;
  /** Anything else, kept with the metric and never grouped by. */
  readonly metadata?: unknown;
}
