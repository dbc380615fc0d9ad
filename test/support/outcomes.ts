/** What came of a call, read from each protocol into one form, so that tests can compare doors. */

import { type Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import type { SubmitResponse } from "../../gen/mcp/metrics/v1/metrics_service_pb.js";
import type { RestAnswer } from "./http.ts";

/** A broken rule; of a metric, `field` begins with `metrics[<index>]`. */
export interface Problem {
  readonly field: string;
  readonly reason: string;
  readonly message: string;
}

export interface Outcome {
  readonly requestId: string;
  /** The reason of a failed call; undefined for success. */
  readonly failure: string | undefined;
  /** The code of a failed RPC; undefined for REST and for success. */
  readonly code: Code | undefined;
  /** REST only. */
  readonly httpStatus: number | undefined;
  readonly message: string;
  readonly accepted: number;
  readonly rejected: number;
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  /** Empty for a failed REST call, whose body has them as `errors` only. */
  readonly problems: readonly Problem[];
  readonly duplicate: boolean;
  /** From RetryInfo, or the header Retry-After. */
  readonly retryAfterSeconds: number | undefined;
  readonly headers: Headers;
}

const NOTHING = {
  requestId: "",
  failure: undefined,
  code: undefined,
  httpStatus: undefined,
  message: "",
  accepted: 0,
  rejected: 0,
  errors: [],
  warnings: [],
  problems: [],
  duplicate: false,
  retryAfterSeconds: undefined,
} as const;

interface RestBody {
  readonly accepted?: number;
  readonly rejected?: number;
  readonly errors?: readonly string[];
  readonly warnings?: readonly string[];
  readonly rejections?: readonly (Problem & { readonly index: number })[];
  readonly request_id: string;
  readonly duplicate?: boolean;
  readonly error?: string;
  readonly message?: string;
}

export function readRestAnswer({ status, headers, text }: RestAnswer): Outcome {
  const body = JSON.parse(text) as RestBody;
  const retryAfter = headers.get("retry-after");
  return {
    ...NOTHING,
    requestId: body.request_id,
    failure: status === 200 ? undefined : body.error,
    httpStatus: status,
    message: status === 200 ? "" : (body.message ?? ""),
    accepted: body.accepted ?? 0,
    rejected: body.rejected ?? 0,
    errors: body.errors ?? [],
    warnings: body.warnings ?? [],
    problems: (body.rejections ?? []).map(placed),
    duplicate: body.duplicate ?? false,
    retryAfterSeconds: retryAfter === null ? undefined : Number(retryAfter),
    headers,
  };
}

export function readSubmitResponse(answer: SubmitResponse, headers: Headers): Outcome {
  const { requestId, accepted, rejected, errors, warnings, duplicate } = answer;
  const problems = answer.rejections.map(placed);
  return { ...NOTHING, requestId, accepted, rejected, errors, warnings, duplicate, problems, headers };
}

function placed({ index, field, reason, message }: Problem & { readonly index: number }): Problem {
  return { field: field === "" ? `metrics[${index}]` : `metrics[${index}].${field}`, reason, message };
}

/** @throws what is no answer of the server: a ConnectError without ErrorInfo is the client's own. */
export function readConnectError(error: unknown): Outcome {
  if (!(error instanceof ConnectError)) throw error;
  const [info] = error.findDetails(ErrorInfoSchema);
  if (info === undefined || info.domain !== "mcp.metrics") throw error;
  const [retry] = error.findDetails(RetryInfoSchema);
  const violations = error.findDetails(BadRequestSchema).flatMap((detail) => detail.fieldViolations);
  const isAboutMetrics = violations.every(({ field }) => field.startsWith("metrics["));
  return {
    ...NOTHING,
    requestId: error.metadata.get("x-request-id") ?? "",
    failure: info.reason,
    code: error.code,
    message: error.rawMessage,
    rejected: isAboutMetrics ? new Set(violations.map(({ field }) => field.split(".", 1)[0])).size : 0,
    errors: violations.map(({ field, description }) => `${field}: ${description}`),
    problems: violations.map(({ field, reason, description }) => ({ field, reason, message: description })),
    retryAfterSeconds: retry?.retryDelay && Number(retry.retryDelay.seconds),
    headers: error.metadata,
  };
}
