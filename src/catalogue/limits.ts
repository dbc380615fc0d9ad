/**
 * What a submission may hold. The validator, the proto comments, the REST documentation and README
 * state these numbers; a test compares them.
 */
export const LIMITS = {
  /** `service`: a whole-string match, so that a trailing newline fails. */
  SERVICE_LENGTH_MAX: 100,
  /** `version`, in Unicode code points as every length here. */
  VERSION_LENGTH_MAX: 100,
  INSTANCE_ID_LENGTH_MAX: 100,
  /** Default of MAX_METRICS_PER_REQUEST. */
  METRICS_PER_REQUEST: 100,
  IDEMPOTENCY_KEY_LENGTH_MAX: 255,
  /** `value` is finite and within ± this. */
  VALUE_ABS_MAX: 1e12,
  /** 24 hours. */
  DURATION_MS_MAX: 86_400_000,
  /** A timestamp further ahead of our clock is refused. */
  TIMESTAMP_AHEAD_MS_MAX: 5 * 60_000,
  /** An older timestamp is accepted with a warning. */
  TIMESTAMP_AGE_MS_WARN: 7 * 86_400_000,
  DIMENSIONS_MAX: 20,
  DIMENSION_KEY_LENGTH_MAX: 50,
  DIMENSION_VALUE_LENGTH_MAX: 200,
  METADATA_FIELDS_MAX: 30,
  METADATA_KEY_LENGTH_MAX: 50,
  METADATA_VALUE_LENGTH_MAX: 1000,
  /** How long an idempotency key is remembered. */
  IDEMPOTENCY_MS: 24 * 3_600_000,
} as const;
