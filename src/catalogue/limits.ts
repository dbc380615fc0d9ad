/**
 * What a submission may hold. Lengths are in Unicode code points. The validator, the proto comments, the REST
 * documentation and README state these numbers; a test compares them. Raising one is compatible, lowering one
 * rejects what clients were promised.
 */
export const LIMITS = {
  /** `service`: a whole-string match, so that a trailing newline fails. */
  SERVICE_LENGTH_MAX: 100,
  /** `version`, of the service that measures. */
  VERSION_LENGTH_MAX: 100,
  /** `instance_id`, of letters, digits, `_`, `.` and `-`. */
  INSTANCE_ID_LENGTH_MAX: 100,
  /** Metrics in one request: the default of MAX_METRICS_PER_REQUEST, and of the client's batches. */
  METRICS_PER_REQUEST: 100,
  /** `idempotency_key`, of printable ASCII characters. */
  IDEMPOTENCY_KEY_LENGTH_MAX: 255,
  /** `value` is finite and within ± this. */
  VALUE_ABS_MAX: 1e12,
  /** `duration_ms` is from 0 to 24 hours. */
  DURATION_MS_MAX: 86_400_000,
  /**
   * A timestamp further ahead of the service's clock rejects its metric: a client's clock may be a little
   * fast.
   */
  TIMESTAMP_AHEAD_MS_MAX: 5 * 60_000,
  /**
   * An older timestamp is accepted with a warning, since it is a clock that is wrong as often as a late
   * metric.
   */
  TIMESTAMP_AGE_MS_WARN: 7 * 86_400_000,
  /** Dimensions of a metric, catalogued or not. */
  DIMENSIONS_MAX: 20,
  DIMENSION_KEY_LENGTH_MAX: 50,
  DIMENSION_VALUE_LENGTH_MAX: 200,
  /** Metadata fields of a metric. */
  METADATA_FIELDS_MAX: 30,
  METADATA_KEY_LENGTH_MAX: 50,
  /** An object or a list counts as its JSON text. */
  METADATA_VALUE_LENGTH_MAX: 1000,
  /** How long an idempotency key is remembered. */
  IDEMPOTENCY_MS: 24 * 3_600_000,
} as const;
