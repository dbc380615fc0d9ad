/** How REST answers say a failure: each family of clients was written against another body. */
import { FAILURES, type FailureReason, type ServiceError } from "../../errors.ts";
import type { Exchange } from "../http/exchange.ts";
import { otlpFailure } from "./otlp/content.ts";
import type { RestAnswer } from "./route.ts";

/** A family of clients, by the interface it was written for. */
export type FailureDialect = "collection" | "composer" | "directory" | "otlp";

/** What was asked for, as far as failures tell of it. */
interface Asked extends Pick<Exchange, "path" | "requestId"> {
  /** Of the request's body. */
  readonly contentType?: string | undefined;
}

/** A body with headers of its own; the status depends on the reason alone. */
type FailureBody = Omit<RestAnswer, "status">;

/** How each family of clients is answered. */
const BODIES: Readonly<Record<FailureDialect, (failure: ServiceError, asked: Asked) => FailureBody>> = {
  collection: collectionBody,
  composer: composerBody,
  directory: directoryBody,
  otlp: (failure, { contentType }) => otlpFailure(failure, contentType),
};

/** Which clients a path is for, by its beginning; all others are the collection service's. */
const PREFIXES: readonly (readonly [prefix: string, dialect: FailureDialect])[] = [
  ["/v1/metrics", "otlp"],
  ["/api/v1/", "composer"],
  ["/functions/v1/", "directory"],
  ["/servers/", "directory"],
];

/** Whose clients a path is for, whether or not it is served. */
export function dialectOf(path: string): FailureDialect {
  return PREFIXES.find(([prefix]) => path.startsWith(prefix))?.[1] ?? "collection";
}

/** The HTTP status of a reason. OTLP knows 400 alone for what will never be accepted. */
export function statusOf(reason: FailureReason, dialect: FailureDialect): number {
  return dialect === "otlp" && reason === "validation_failed" ? 400 : FAILURES[reason].httpStatus;
}

/** A failure as the clients of its path know it. */
export function failureAnswer(failure: ServiceError, asked: Asked): RestAnswer {
  const dialect = dialectOf(asked.path);
  const { body, headers } = BODIES[dialect](failure, asked);
  const { retryAfterSeconds } = failure;
  return {
    status: statusOf(failure.reason, dialect),
    body,
    headers: {
      ...headers,
      ...(retryAfterSeconds !== undefined && {
        "retry-after": String(Math.max(1, Math.ceil(retryAfterSeconds))),
      }),
    },
  };
}

/** FastAPI's `detail`, which the predecessor's clients read, and what they added to it. */
function collectionBody(failure: ServiceError, { requestId }: Asked): FailureBody {
  return {
    body: {
      detail: failure.message,
      status_code: FAILURES[failure.reason].httpStatus,
      status: "error",
      error: failure.reason,
      message: failure.message,
      request_id: requestId,
      ...(failure.reason === "validation_failed" && violationFields(failure)),
    },
  };
}

/** `rejected` counts the metrics that were validated: none when the envelope was rejected already. */
function violationFields({ violations, rejected }: ServiceError) {
  const errors = violations.map(({ field, message }) => `${field}: ${message}`);
  return { accepted: 0, rejected, errors };
}

/** FastAPI's `detail`, with a challenge where a key is missing (RFC 9110, 11.6.1). */
function composerBody({ reason, message }: ServiceError, { requestId }: Asked): FailureBody {
  const isUnauthenticated = FAILURES[reason].httpStatus === 401;
  return {
    body: { detail: message, error: reason, message, details: {}, request_id: requestId },
    ...(isUnauthenticated && { headers: { "www-authenticate": "Bearer" } }),
  };
}

/** As the directory's functions answer: `success`, then why not. */
function directoryBody({ reason, message }: ServiceError, { requestId }: Asked): FailureBody {
  const text = reason === "method_not_allowed" ? "Method not allowed" : message;
  return { body: { success: false, error: text, code: reason, request_id: requestId } };
}
