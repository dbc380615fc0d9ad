import { FAILURES, type FailureReason, type ServiceError } from "../../errors.ts";
import type { FailureDialect } from "../openapi/failure-answers.ts";
import { exampleOf } from "../openapi/reasons.ts";
import { otlpFailure, STATUS_SCHEMA, statusOverOtlp } from "../rest/otlp/failure-status.ts";
import type { RestAnswer } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import { flag, integer, type JsonSchema, list, record, text } from "./json-schema.ts";

/** How one family of clients is told of failures; status and `Retry-After` come with it. */
interface Dialect {
  readonly say: (failure: ServiceError, exchange: Asked) => SaidFailure;
  readonly schema: JsonSchema;
  /** Where the body has the reason, unless deeper than in a field of its own. */
  readonly reasonField?: string;
  /** The status of a reason, where these clients know another than all others. */
  readonly statusOf?: (reason: FailureReason) => number;
}
type SaidFailure = Omit<RestAnswer, "status">;

/** What was asked for, as far as failures tell of it. */
interface Asked extends Pick<Exchange, "path" | "requestId"> {
  /** Of the request's body. */
  readonly contentType?: string | undefined;
}

const MESSAGE = text("What went wrong, for people.");
const REASON = text("The stable name of what went wrong.");
const REQUEST_ID = text("Names the call in the log; also in `X-Request-Id`.");

const COLLECTION: Dialect = {
  say: collectionBody,
  reasonField: "error",
  schema: record(
    {
      detail: MESSAGE,
      status_code: integer("The HTTP status."),
      status: text("Always this.", { const: "error" }),
      error: REASON,
      message: MESSAGE,
      request_id: REQUEST_ID,
    },
    {
      accepted: integer("With `validation_failed`: nothing was stored.", { const: 0 }),
      rejected: integer("With `validation_failed`: how many metrics were refused one by one."),
      errors: list("With `validation_failed`: a text a broken rule.", { type: "string" }),
    },
    { title: "Failure", description: "Why a call failed." },
  ),
};

const COMPOSER: Dialect = {
  say: composerBody,
  reasonField: "error",
  schema: record(
    {
      detail: MESSAGE,
      error: REASON,
      message: MESSAGE,
      details: { type: "object", description: "Always empty." },
      request_id: REQUEST_ID,
    },
    {},
    { title: "ComposerFailure", description: "Why a call failed." },
  ),
};

const DIRECTORY: Dialect = {
  say: directoryBody,
  reasonField: "code",
  schema: record(
    {
      success: flag("Always this.", { const: false }),
      error: MESSAGE,
      code: REASON,
      request_id: REQUEST_ID,
    },
    {},
    { title: "DirectoryFailure", description: "Why a call failed." },
  ),
};

const OTLP: Dialect = {
  say: (failure, { contentType }) => otlpFailure(failure, contentType),
  statusOf: statusOverOtlp,
  schema: STATUS_SCHEMA,
};

/** Which clients a path is for, by its beginning; the collection service's have all others. */
const DIALECTS: readonly (readonly [prefix: string, dialect: Dialect])[] = [
  ["/v1/metrics", OTLP],
  ["/api/v1/", COMPOSER],
  ["/functions/v1/", DIRECTORY],
  ["/servers/", DIRECTORY],
];

function dialectOf(path: string): Dialect {
  return DIALECTS.find(([prefix]) => path.startsWith(prefix))?.[1] ?? COLLECTION;
}

/** What the failures of a path look like. */
export function failuresOf(path: string): FailureDialect {
  const { schema, reasonField, statusOf = statusOfReason } = dialectOf(path);
  return {
    statusOf,
    schemaOf: (reasons) =>
      reasonField === undefined
        ? schema
        : { allOf: [schema, { properties: { [reasonField]: { enum: reasons } } }] },
    exampleOf: (reason) =>
      failureAnswer(exampleOf(reason), { path, requestId: "req_0003580743480001" }).body as object,
  };
}

/** A failure as the clients of its path know it, known path or not. */
export function failureAnswer(failure: ServiceError, exchange: Asked): RestAnswer {
  const { say, statusOf = statusOfReason } = dialectOf(exchange.path);
  const { body, headers } = say(failure, exchange);
  const { retryAfterSeconds } = failure;
  return {
    status: statusOf(failure.reason),
    body,
    headers: {
      ...headers,
      ...(retryAfterSeconds !== undefined && {
        "retry-after": String(Math.max(1, Math.ceil(retryAfterSeconds))),
      }),
    },
  };
}

function statusOfReason(reason: FailureReason): number {
  return FAILURES[reason].httpStatus;
}

function collectionBody(failure: ServiceError, { requestId }: Asked): SaidFailure {
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

function composerBody({ reason, message }: ServiceError, { requestId }: Asked): Omit<RestAnswer, "status"> {
  const isUnauthenticated = FAILURES[reason].httpStatus === 401;
  return {
    body: { detail: message, error: reason, message, details: {}, request_id: requestId },
    ...(isUnauthenticated && { headers: { "www-authenticate": "Bearer" } }),
  };
}

function directoryBody({ reason, message }: ServiceError, { requestId }: Asked): { readonly body: object } {
  const text = reason === "method_not_allowed" ? "Method not allowed" : message;
  return { body: { success: false, error: text, code: reason, request_id: requestId } };
}
