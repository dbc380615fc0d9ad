import { FAILURES, type ServiceError } from "../../errors.ts";
import type { Exchange } from "../exchange.ts";

/** What a REST route answers. An object is sent as JSON. */
export interface RestAnswer {
  readonly status: number;
  readonly body: object | string;
  readonly headers?: Readonly<Record<string, string>>;
}

const HEAD_BODY = Buffer.alloc(0);

/** Send an answer; headers set before on the response go with it. */
export function sendAnswer({ request, response }: Exchange, { status, body, headers }: RestAnswer): void {
  const bytes = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  response.statusCode = status;
  response.setHeader("content-type", "application/json");
  for (const [name, value] of Object.entries(headers ?? {})) response.setHeader(name, value);
  response.setHeader("content-length", bytes.length);
  response.end(request.method === "HEAD" ? HEAD_BODY : bytes);
}

/** A failure as clients of the predecessor know it: `detail` and `status_code`, and what we add. */
export function failureAnswer(failure: ServiceError, requestId: string): RestAnswer {
  const { httpStatus } = FAILURES[failure.reason];
  const retryAfter = failure.retryAfterSeconds;
  return {
    status: httpStatus,
    body: {
      detail: failure.message,
      status_code: httpStatus,
      status: "error",
      error: failure.reason,
      message: failure.message,
      request_id: requestId,
      ...(failure.reason === "validation_failed" && refusal(failure)),
    },
    ...(retryAfter !== undefined && {
      headers: { "retry-after": String(Math.max(1, Math.ceil(retryAfter))) },
    }),
  };
}

function refusal({ violations }: ServiceError) {
  const rejected = new Set(violations.map(({ field }) => /^metrics\[\d+\]/.exec(field)?.[0])).size;
  const errors = violations.map(({ field, message }) => `${field}: ${message}`);
  return { accepted: 0, rejected, errors };
}
