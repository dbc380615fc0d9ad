import { dialectOf, type FailureDialect, failureAnswer, statusOf } from "../rest/failures.ts";
import { boolean, type JsonSchema, list, record, string, wholeNumberSchema } from "../schema/json-schema.ts";
import type { FailureDocument } from "./failure-answers.ts";
import { exampleOf } from "./reasons.ts";

/** The body that one family of clients is sent. */
interface BodySchema {
  /** The whole body. */
  readonly schema: JsonSchema;
  /** Where the body has the reason; undefined where it stands deeper than in a field of its own. */
  readonly reasonField?: string;
}

/** Fields that several families of clients have. */
const MESSAGE = string("What went wrong, for people.");
const REASON = string("The stable name of what went wrong.");
const REQUEST_ID = string("Names the call in the log; also in `X-Request-Id`.");

/** By family of clients; `rest/failures.ts` makes the bodies themselves. */
const BODIES: Readonly<Record<FailureDialect, BodySchema>> = {
  collection: {
    reasonField: "error",
    schema: record(
      {
        detail: MESSAGE,
        status_code: wholeNumberSchema("The HTTP status."),
        status: string("Always this.", { const: "error" }),
        error: REASON,
        message: MESSAGE,
        request_id: REQUEST_ID,
      },
      {
        accepted: wholeNumberSchema("With `validation_failed`: nothing was stored.", { const: 0 }),
        rejected: wholeNumberSchema("With `validation_failed`: how many metrics were refused one by one."),
        errors: list("With `validation_failed`: a text a broken rule.", { type: "string" }),
      },
      { title: "Failure", description: "Why a call failed." },
    ),
  },
  composer: {
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
  },
  directory: {
    reasonField: "code",
    schema: record(
      {
        success: boolean("Always this.", { const: false }),
        error: MESSAGE,
        code: REASON,
        request_id: REQUEST_ID,
      },
      {},
      { title: "DirectoryFailure", description: "Why a call failed." },
    ),
  },
  otlp: {
    schema: record(
      {
        code: wholeNumberSchema("The gRPC code."),
        message: string("What went wrong, for people."),
        details: list("google.rpc.ErrorInfo with the reason, and RetryInfo where a retry may succeed.", {
          type: "object",
        }),
      },
      {},
      { title: "OtlpStatus", description: "Why a call failed, written as its body was." },
    ),
  },
};

/** What the failures of a path look like. */
export function failuresOf(path: string): FailureDocument {
  const dialect = dialectOf(path);
  const { schema, reasonField } = BODIES[dialect];
  return {
    statusOf: (reason) => statusOf(reason, dialect),
    schemaOf: (reasons) =>
      reasonField === undefined
        ? schema
        : { allOf: [schema, { properties: { [reasonField]: { enum: reasons } } }] },
    exampleOf: (reason) =>
      failureAnswer(exampleOf(reason), { path, requestId: "req_0003580743480001" }).body as object,
  };
}
