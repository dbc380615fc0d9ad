/**
 * Every way a call can fail, in one table.
 *
 * The reason is API: it stands in google.rpc.ErrorInfo and in every REST error body, so renaming one
 * is a breaking change. The code is gRPC's (https://grpc.io/docs/guides/status-codes/), the status HTTP's.
 * `retryable` says that the same call may succeed later; such an answer carries RetryInfo and Retry-After.
 */
export const FAILURES = {
  api_key_missing: { code: "unauthenticated", httpStatus: 401, retryable: false },
  api_key_invalid: { code: "unauthenticated", httpStatus: 401, retryable: false },
  api_key_inactive: { code: "unauthenticated", httpStatus: 401, retryable: false },
  api_key_expired: { code: "unauthenticated", httpStatus: 401, retryable: false },
  signature_invalid: { code: "unauthenticated", httpStatus: 401, retryable: false },
  permission_denied: { code: "permission_denied", httpStatus: 403, retryable: false },
  service_not_allowed: { code: "permission_denied", httpStatus: 403, retryable: false },
  metrics_disabled: { code: "permission_denied", httpStatus: 403, retryable: false },
  rate_limited: { code: "resource_exhausted", httpStatus: 429, retryable: true },
  daily_limit_exceeded: { code: "resource_exhausted", httpStatus: 429, retryable: true },
  monthly_limit_exceeded: { code: "resource_exhausted", httpStatus: 429, retryable: true },
  malformed_body: { code: "invalid_argument", httpStatus: 400, retryable: false },
  validation_failed: { code: "invalid_argument", httpStatus: 422, retryable: false },
  body_too_large: { code: "resource_exhausted", httpStatus: 413, retryable: false },
  unsupported_encoding: { code: "unimplemented", httpStatus: 415, retryable: false },
  unsupported_media_type: { code: "unimplemented", httpStatus: 415, retryable: false },
  not_found: { code: "not_found", httpStatus: 404, retryable: false },
  unimplemented: { code: "unimplemented", httpStatus: 404, retryable: false },
  method_not_allowed: { code: "unimplemented", httpStatus: 405, retryable: false },
  idempotency_conflict: { code: "already_exists", httpStatus: 409, retryable: false },
  queue_full: { code: "unavailable", httpStatus: 503, retryable: true },
  storage_unavailable: { code: "unavailable", httpStatus: 503, retryable: true },
  shutting_down: { code: "unavailable", httpStatus: 503, retryable: true },
  deadline_exceeded: { code: "deadline_exceeded", httpStatus: 504, retryable: true },
  internal: { code: "internal", httpStatus: 500, retryable: false },
} as const;

export type FailureReason = keyof typeof FAILURES;

/** One broken rule of a request, as google.rpc.BadRequest.FieldViolation says it. */
export interface Violation {
  /** Where, by the name that the request has for it: `metrics[3].value`. */
  readonly field: string;
  /** Which rule: `out_of_range`. Clients may compare it, so renaming one breaks them. */
  readonly reason: string;
  /** For people. */
  readonly message: string;
}

export interface ServiceErrorOptions {
  /** Seconds until a retry can succeed; at least 1 wherever it is sent. */
  readonly retryAfterSeconds?: number;
  /** What a `validation_failed` found. */
  readonly violations?: readonly Violation[];
  /** Metrics that were validated, and not one of them good; 0 where none was looked at. */
  readonly rejected?: number;
  /** For our log only; never sent. */
  readonly cause?: unknown;
}

/**
 * An expected failure. The message is safe to show to the caller; the cause is not.
 *
 * It has no stack: where a request was rejected its reason says, and a rejection is to cost next to nothing. A
 * defect that becomes one of these is its cause, and has its own.
 */
export class ServiceError extends Error {
  readonly reason: FailureReason;
  readonly retryAfterSeconds: number | undefined;
  readonly violations: readonly Violation[];
  readonly rejected: number;

  constructor(reason: FailureReason, message: string, options: ServiceErrorOptions = {}) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message, { cause: options.cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.name = "ServiceError";
    this.reason = reason;
    this.retryAfterSeconds = FAILURES[reason].retryable ? (options.retryAfterSeconds ?? 1) : undefined;
    this.violations = options.violations ?? [];
    this.rejected = options.rejected ?? 0;
  }
}

/** A `validation_failed` for one field. */
export function invalidField(field: string, reason: string, message: string): ServiceError {
  return validationFailed([{ field, reason, message }]);
}

/** A `validation_failed` for every broken rule; its message is theirs, one after another. */
export function validationFailed(violations: readonly Violation[]): ServiceError {
  const message = violations.map((violation) => violation.message).join("; ");
  return new ServiceError("validation_failed", message, { violations });
}
