import { Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.js";

/** A call that failed, as far as delivery has to know. */
export interface CallFailure {
  /** Whether the same request may succeed later; all others are counted as rejected. */
  readonly isRetryable: boolean;
  /** How long the service asks not to be called, in milliseconds; 0 when it says nothing. */
  readonly retryAfterMs: number;
  /**
   * The service's stable reason (google.rpc.ErrorInfo), such as `queue_full`; `timeout` or `unreachable`
   * where there was no answer; the code in lower case where something else has answered, such as a proxy.
   */
  readonly reason: string;
  /** For people: the error's text, the fields at fault, the cause below it. */
  readonly message: string;
}

/** A call had no answer at its deadline. Whether the service has stored anything is unknown. */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
}

/** Most field violations that a message quotes. */
const VIOLATIONS_MAX = 5;

/**
 * Classifies what a call has thrown. Retryable is only what can pass by itself: a full or absent service, a
 * rate limit, a lost connection or answer. Everything else would be rejected again.
 *
 * `nowMs` is the wall clock's, for a `retry-after` that is a date.
 */
export function classifyFailure(failure: unknown, nowMs: number): CallFailure {
  if (failure instanceof TimeoutError) {
    return { isRetryable: true, retryAfterMs: 0, reason: "timeout", message: failure.message };
  }
  const error = ConnectError.from(failure);
  const reason = error.findDetails(ErrorInfoSchema)[0]?.reason;
  const retryAfterMs = readRetryAfter(error, nowMs);
  const isUnreachable = reason === undefined && isConnectionLost(error);
  return {
    isRetryable: isUnreachable || isTransient(error.code, retryAfterMs),
    retryAfterMs: retryAfterMs ?? 0,
    reason: reason ?? (isUnreachable ? "unreachable" : Code[error.code].toLowerCase()),
    message: describe(error),
  };
}

/** By gRPC's codes (https://grpc.io/docs/guides/status-codes/). */
function isTransient(code: Code, retryAfterMs: number | undefined): boolean {
  // A body over the limit is RESOURCE_EXHAUSTED too, but nothing says when that would pass.
  if (code === Code.ResourceExhausted) return retryAfterMs !== undefined;
  return code === Code.Unavailable || code === Code.DeadlineExceeded;
}

/**
 * Whether the transport failed rather than the service: Connect then reports a cancelled call, or keeps what
 * it caught as the cause.
 */
function isConnectionLost(error: ConnectError): boolean {
  if (error.code === Code.Aborted || error.code === Code.Canceled) return true;
  return [Code.Unknown, Code.Internal].includes(error.code) && error.cause !== undefined;
}

/**
 * Milliseconds from google.rpc.RetryInfo or from `retry-after`, in either form of RFC 9110 section 10.2.3;
 * the longer one where both are given, undefined where neither is.
 */
function readRetryAfter(error: ConnectError, nowMs: number): number | undefined {
  const delay = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
  const delayMs = delay && Number(delay.seconds) * 1000 + delay.nanos / 1e6;
  const header = error.metadata.get("retry-after");
  if (header === null) return delayMs;
  const headerMs = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isNaN(headerMs) ? delayMs : Math.max(headerMs, delayMs ?? 0);
}

function describe(error: ConnectError): string {
  const violations = error.findDetails(BadRequestSchema).flatMap((detail) => detail.fieldViolations);
  const texts = violations
    .slice(0, VIOLATIONS_MAX)
    .map(({ field, description }) => `${field}: ${description}`);
  const cause = error.cause instanceof Error ? (error.cause.cause ?? error.cause) : undefined;
  if (cause instanceof Error) texts.push(cause.message);
  return [error.rawMessage, ...texts].join("; ");
}
