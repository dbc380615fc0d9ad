import { codeFromString, codeToHttpStatus, errorToJson } from "@connectrpc/connect/protocol-connect";
import { type OperationRule, RULES } from "../../api/rules.ts";
import { FAILURES, type FailureReason } from "../../errors.ts";
import { toConnectError } from "../rpc/failures.ts";
import { type JsonSchema, list, record, string } from "../schema/json-schema.ts";
import { describeAdmission } from "./describe-admission.ts";
import { type FailureDocument, failureAnswers } from "./failure-answers.ts";
import type { Answer, OpenApiOperation } from "./operation.ts";
import { exampleOf } from "./reasons.ts";

/** https://connectrpc.com/docs/protocol#error-end-stream */
const CONNECT_FAILURE: JsonSchema = record(
  {
    code: string("The gRPC code."),
    message: string("What went wrong, for people."),
    details: list(
      "google.rpc.ErrorInfo, whose `reason` is stable; with what can be retried google.rpc.RetryInfo, with broken " +
        "rules google.rpc.BadRequest.",
      record(
        {
          type: string("The message's name."),
          value: string("The message, without padding.", { contentEncoding: "base64" }),
        },
        { debug: { description: "The message as JSON." } },
      ),
    ),
  },
  {},
  { title: "ConnectFailure", description: "Why a call failed." },
);

/** Connect derives the status from the gRPC code; `rpc-handler.ts` makes the one exception. */
const CONNECT_DIALECT: FailureDocument = {
  statusOf: (reason) =>
    reason === "unsupported_encoding" ? 415 : codeToHttpStatus(codeFromString(FAILURES[reason].code) ?? 13),
  schemaOf: (reasons) => ({
    allOf: [
      CONNECT_FAILURE,
      { properties: { code: { enum: [...new Set(reasons.map((reason) => FAILURES[reason].code))] } } },
    ],
  }),
  exampleOf: (reason) => errorToJson(toConnectError(exampleOf(reason)), undefined) as object,
};

/** How a call can fail that needs no key. */
const OPEN_FAILURES: readonly FailureReason[] = [
  "malformed_body",
  "body_too_large",
  "unsupported_encoding",
  "not_found",
  "shutting_down",
  "deadline_exceeded",
  "internal",
];
/** … and one that does. */
const KEYED_FAILURES: readonly FailureReason[] = [
  ...describeAdmission(RULES.admin.createKey).failures,
  ...OPEN_FAILURES,
  "validation_failed",
  "queue_full",
  "storage_unavailable",
];
/** How single calls can fail besides, by their names. */
const OWN_FAILURES: Readonly<Record<string, readonly FailureReason[]>> = {
  "mcp.metrics.v1.MetricsService.Submit": ["service_not_allowed", "idempotency_conflict"],
  "mcp.directory.v1.DirectoryService.Collect": [
    "signature_invalid",
    "metrics_disabled",
    "idempotency_conflict",
  ],
};
/** What answers of RPCs without a key carry … */
const OPEN_HEADERS = describeAdmission("open").headers;
/** … and those with one. */
const KEYED_HEADERS = describeAdmission(RULES.admin.createKey).headers;

/** Said once for all calls, by the names that `failuresOfRpc` refers to. */
export function sharedFailures(): Readonly<Record<string, Answer>> {
  const answers = (prefix: string, reasons: readonly FailureReason[], headers: readonly string[]) =>
    Object.entries(failureAnswers(reasons, CONNECT_DIALECT, headers)).map(
      ([status, answer]) => [`${prefix}${status}`, answer] as const,
    );
  return Object.fromEntries([
    ...answers("OpenRpc", OPEN_FAILURES, OPEN_HEADERS),
    ...answers("Rpc", KEYED_FAILURES, KEYED_HEADERS),
  ]);
}

/** The answers of an RPC's failures, by status. */
export function failuresOfRpc(name: string, rule: OperationRule): OpenApiOperation["responses"] {
  const own = OWN_FAILURES[name];
  if (own !== undefined) return failureAnswers([...KEYED_FAILURES, ...own], CONNECT_DIALECT, KEYED_HEADERS);
  const [prefix, reasons] = rule === "open" ? ["OpenRpc", OPEN_FAILURES] : ["Rpc", KEYED_FAILURES];
  const statuses = [...new Set(reasons.map(CONNECT_DIALECT.statusOf))];
  return Object.fromEntries(
    statuses.map((status) => [status, { $ref: `#/components/responses/${prefix}${status}` }]),
  );
}
