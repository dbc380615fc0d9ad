/**
 * A submission as it came in, whatever the door and its spelling: nothing in it has been checked but
 * that it is an object. Doors decode leniently into this form and `validate` judges it, so that one
 * odd metric does not fail its neighbours and every door refuses the same things.
 *
 * undefined means absent; null means an explicit null, which equals absent everywhere except in `value`.
 */
export interface SubmittedMetrics {
  readonly service: unknown;
  readonly version: unknown;
  readonly instance_id: unknown;
  readonly idempotency_key: unknown;
  readonly metrics: unknown;
}

export interface SubmittedMetric {
  readonly type?: unknown;
  readonly value?: unknown;
  readonly duration_ms?: unknown;
  readonly timestamp?: unknown;
  readonly dimensions?: unknown;
  readonly metadata?: unknown;
}
