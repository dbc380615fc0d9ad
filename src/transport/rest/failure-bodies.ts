import { FAILURES, type ServiceError } from "../../errors.ts";
import type { Exchange } from "../exchange.ts";
import type { RestAnswer } from "./answer.ts";

/** Says a failure in the words that one family of clients knows; status and `Retry-After` come with it. */
type FailureBody = (failure: ServiceError, exchange: Exchange) => SaidFailure;
type SaidFailure = Omit<RestAnswer, "status">;

/** Which clients a path is for, by its beginning; the collection service's have all others. */
const BODIES: readonly (readonly [prefix: string, body: FailureBody])[] = [
  ["/api/v1/", composerBody],
  ["/functions/v1/", directoryBody],
  ["/servers/", directoryBody],
];

/** A failure as the clients of its path know it, known path or not. */
export function failureAnswer(failure: ServiceError, exchange: Exchange): RestAnswer {
  const known = BODIES.find(([prefix]) => exchange.path.startsWith(prefix));
  const { body, headers } = (known?.[1] ?? collectionBody)(failure, exchange);
  const { retryAfterSeconds } = failure;
  return {
    status: FAILURES[failure.reason].httpStatus,
    body,
    headers: {
      ...headers,
      ...(retryAfterSeconds !== undefined && {
        "retry-after": String(Math.max(1, Math.ceil(retryAfterSeconds))),
      }),
    },
  };
}

function collectionBody(failure: ServiceError, { requestId }: Exchange): SaidFailure {
  return {
    body: {
      detail: failure.message,
      status_code: FAILURES[failure.reason].httpStatus,
      status: "error",
      error: failure.reason,
      message: failure.message,
      request_id: requestId,
      ...(failure.reason === "validation_failed" && refusal(failure)),
    },
  };
}

/** `rejected` counts the metrics that were judged: none when the envelope was refused already. */
function refusal({ violations }: ServiceError) {
  const rejected = new Set(violations.flatMap(({ field }) => /^metrics\[\d+\]/.exec(field)?.[0] ?? [])).size;
  const errors = violations.map(({ field, message }) => `${field}: ${message}`);
  return { accepted: 0, rejected, errors };
}

function composerBody(
  { reason, message }: ServiceError,
  { requestId }: Exchange,
): Omit<RestAnswer, "status"> {
  const isUnauthenticated = FAILURES[reason].httpStatus === 401;
  return {
    body: { detail: message, error: reason, message, details: {}, request_id: requestId },
    ...(isUnauthenticated && { headers: { "www-authenticate": "Bearer" } }),
  };
}

function directoryBody(
  { reason, message }: ServiceError,
  { requestId }: Exchange,
): { readonly body: object } {
  const text = reason === "method_not_allowed" ? "Method not allowed" : message;
  return { body: { success: false, error: text, code: reason, request_id: requestId } };
}
