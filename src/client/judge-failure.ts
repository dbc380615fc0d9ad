import { Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.js";

/** What to do about a call that failed. */
export interface Verdict {
  /** Whether the same call may succeed later. */
  readonly isRetryable: boolean;
  /** How long the service asks to be left alone; 0 when it says nothing. */
  readonly retryAfterMs: number;
  /** The service's stable reason; `timeout` or `unreachable` where there was no answer. */
  readonly reason: string;
  readonly message: string;
}

/** As the deadline of a call rejects. */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
}

/** Longer texts of a refusal say nothing new. */
const VIOLATIONS_MAX = 5;

/**
 * Only what can pass by itself is tried again: a full or absent service, a rate limit, a lost connection or
 * answer. Everything else would be refused again.
 */
export function judgeFailure(failure: unknown, nowMs: number): Verdict {
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

function isTransient(code: Code, retryAfterMs: number | undefined): boolean {
  // A body over the limit is RESOURCE_EXHAUSTED too, but nothing says when that would pass.
  if (code === Code.ResourceExhausted) return retryAfterMs !== undefined;
  return code === Code.Unavailable || code === Code.DeadlineExceeded;
}

/** Whether the transport failed, rather than the service: it keeps what it caught, or has no answer to show. */
function isConnectionLost(error: ConnectError): boolean {
  if (error.code === Code.Aborted || error.code === Code.Canceled) return true;
  return [Code.Unknown, Code.Internal].includes(error.code) && error.cause !== undefined;
}

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
