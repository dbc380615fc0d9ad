import type { ServerResponse } from "node:http";
import { FAILURES, type ServiceError } from "../../errors.ts";
import type { Exchange } from "../exchange.ts";

/** What a REST route answers. An object is sent as JSON. */
export interface RestAnswer {
  readonly status: number;
  readonly body: object | string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Send an answer, with the headers that the exchange has gathered. */
export function sendAnswer(exchange: Exchange, { status, body, headers }: RestAnswer): void {
  const { request, response } = exchange;
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const length = { "content-length": Buffer.byteLength(text) };
  const head = Object.assign(exchange.headers, { "content-type": "application/json" }, headers, length);
  (response as ServerResponse).writeHead(status, head);
  response.end(request.method === "HEAD" ? "" : text);
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

/** `rejected` counts the metrics that were judged: none when the envelope was refused already. */
function refusal({ violations }: ServiceError) {
  const rejected = new Set(violations.flatMap(({ field }) => /^metrics\[\d+\]/.exec(field)?.[0] ?? [])).size;
  const errors = violations.map(({ field, message }) => `${field}: ${message}`);
  return { accepted: 0, rejected, errors };
}
