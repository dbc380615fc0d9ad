import type { DescMessage, DescMethod } from "@bufbuild/protobuf";
import { codeFromString, codeToHttpStatus, errorToJson } from "@connectrpc/connect/protocol-connect";
import { COMMENTS } from "../../../gen/comments.js";
import type { AdmissionRule } from "../../access/admission.ts";
import { FAILURES, type FailureReason } from "../../errors.ts";
import { toConnectError } from "../rpc/failures.ts";
import { describeAdmission } from "./admission.ts";
import { type FailureDialect, failureAnswers, refsTo } from "./failure-answers.ts";
import { type JsonSchema, list, record, text } from "./json-schema.ts";
import { messageSchema } from "./message-schemas.ts";
import { type Answer, firstSentence, type Operation, type Parameter, type Paths } from "./operation.ts";
import { exampleOf } from "./reasons.ts";
import { RPC_EXAMPLES } from "./rpc-examples.ts";

/** An RPC and who may call it. */
export interface DocumentedRpc {
  readonly method: DescMethod;
  readonly rule: AdmissionRule | "open";
}

/** Every RPC that JSON over plain HTTP can call: one whose client sends one message. */
export function rpcOperations(rpcs: readonly DocumentedRpc[]): Paths {
  const callable = rpcs.filter(({ method }) => ["unary", "server_streaming"].includes(method.methodKind));
  return Object.fromEntries(callable.map((rpc) => [pathOf(rpc.method), operations(rpc)]));
}

const pathOf = (method: DescMethod) => `/${method.parent.typeName}/${method.name}`;

function operations({ method, rule }: DocumentedRpc): Readonly<Record<string, Operation>> {
  const name = `${method.parent.typeName}.${method.name}`;
  const comment = COMMENTS.get(name) ?? "";
  const { words, security, headers } = describeAdmission(rule);
  const common = {
    tags: [method.parent.typeName],
    summary: firstSentence(comment) || method.name,
    description: [comment, words].filter(Boolean).join("\n\n"),
    security,
    ...(method.deprecated && { deprecated: true }),
    responses: {
      200: success(method, headers),
      ...failures(name, rule),
    },
  };
  const schema = messageRef(method.input);
  const examples = { example: { value: RPC_EXAMPLES[name] ?? {} } };
  const post: Operation = {
    operationId: name,
    ...common,
    requestBody: { required: true, content: { [contentType(method)]: { schema, examples } } },
  };
  if (method.idempotency !== NO_SIDE_EFFECTS || method.methodKind !== "unary") return { post };
  return {
    post,
    get: { operationId: `${name}.get`, ...common, parameters: getParameters(schema, examples) },
  };
}

/** google.protobuf.MethodOptions.IdempotencyLevel. */
const NO_SIDE_EFFECTS = 1;

const contentType = ({ methodKind }: DescMethod) =>
  methodKind === "unary" ? "application/json" : "application/connect+json";

/** https://connectrpc.com/docs/protocol#unary-get-request */
function getParameters(schema: JsonSchema, examples: Readonly<Record<string, { readonly value: unknown }>>) {
  const parameters: readonly Parameter[] = [
    {
      name: "message",
      in: "query",
      required: true,
      description: "The request.",
      content: { "application/json": { schema, examples } },
    },
    {
      name: "encoding",
      in: "query",
      required: true,
      description: "How `message` is written.",
      schema: { enum: ["json"] },
      example: "json",
    },
    {
      name: "connect",
      in: "query",
      description: "The version of the protocol.",
      schema: { enum: ["v1"] },
      example: "v1",
    },
  ];
  return parameters;
}

function success(method: DescMethod, headers: readonly string[]): Answer {
  const message = messageRef(method.output);
  if (method.methodKind === "unary") {
    const description = COMMENTS.get(method.output.typeName) ?? "The answer.";
    return { description, headers: refsTo(headers), content: { "application/json": { schema: message } } };
  }
  return {
    description:
      `Any number of messages (\`${method.output.typeName}\`), each after a byte of flags and its length in four ` +
      "bytes; the last one, with flag 2, says how the stream ended.",
    headers: refsTo(headers),
    content: { "application/connect+json": { schema: { contentMediaType: "application/octet-stream" } } },
  };
}

export const messageRef = (message: DescMessage): JsonSchema => ({
  $ref: `#/components/schemas/${message.typeName}`,
});

/** The schemas of every message that a call sends or answers, and of those in them. */
export function rpcSchemas(
  rpcs: readonly DocumentedRpc[],
  rules: ReadonlyMap<string, JsonSchema>,
): Readonly<Record<string, JsonSchema>> {
  const schemas: Record<string, JsonSchema> = {};
  const messageIn = (message: DescMessage): JsonSchema => {
    if (!Object.hasOwn(schemas, message.typeName)) {
      // Before what is in it, which may be itself.
      schemas[message.typeName] = {};
      const nameOf = (field: { readonly jsonName: string }) => field.jsonName;
      schemas[message.typeName] = messageSchema(message, { nameOf, messageIn, rules });
    }
    return messageRef(message);
  };
  for (const { method } of rpcs) [method.input, method.output].forEach(messageIn);
  return schemas;
}

const CONNECT_FAILURE: JsonSchema = record(
  {
    code: text("The gRPC code."),
    message: text("What went wrong, for people."),
    details: list(
      "google.rpc.ErrorInfo, whose `reason` is stable; with what can be retried google.rpc.RetryInfo, with broken " +
        "rules google.rpc.BadRequest.",
      record(
        {
          type: text("The message's name."),
          value: text("The message, without padding.", { contentEncoding: "base64" }),
        },
        { debug: { description: "The message as JSON." } },
      ),
    ),
  },
  {},
  { title: "ConnectFailure", description: "Why a call failed." },
);

const CONNECT_DIALECT: FailureDialect = {
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

/** How any call can fail; besides, one with a key can fail for all that follows. */
const OPEN_FAILURES: readonly FailureReason[] = [
  "malformed_body",
  "body_too_large",
  "unsupported_encoding",
  "not_found",
  "shutting_down",
  "deadline_exceeded",
  "internal",
];
/** What further calls can fail for, by their names. */
const OWN_FAILURES: Readonly<Record<string, readonly FailureReason[]>> = {
  "mcp.metrics.v1.MetricsService.Submit": ["service_not_allowed", "idempotency_conflict"],
};
/** What is said only by REST, or of RPCs that are not there. */
const OTHERS: readonly FailureReason[] = [
  ...["method_not_allowed", "unsupported_media_type", "unimplemented"],
  ...Object.values(OWN_FAILURES).flat(),
] as FailureReason[];
const KEYED_FAILURES = (Object.keys(FAILURES) as FailureReason[]).filter(
  (reason) => !OTHERS.includes(reason),
);
const KEYED_HEADERS = describeAdmission({ roles: [], costsToken: true }).headers;

/** Said once for all calls, by the names that `failures` refers to. */
export function rpcFailures(): Readonly<Record<string, Answer>> {
  const answers = (rule: string, reasons: readonly FailureReason[], headers: readonly string[]) =>
    Object.entries(failureAnswers(reasons, CONNECT_DIALECT, headers)).map(
      ([status, answer]) => [`${rule}${status}`, answer] as const,
    );
  return Object.fromEntries([
    ...answers("OpenRpc", OPEN_FAILURES, describeAdmission("open").headers),
    ...answers("Rpc", KEYED_FAILURES, KEYED_HEADERS),
  ]);
}

function failures(name: string, rule: DocumentedRpc["rule"]): Operation["responses"] {
  const own = OWN_FAILURES[name];
  if (own !== undefined) return failureAnswers([...KEYED_FAILURES, ...own], CONNECT_DIALECT, KEYED_HEADERS);
  const [prefix, reasons] = rule === "open" ? ["OpenRpc", OPEN_FAILURES] : ["Rpc", KEYED_FAILURES];
  const statuses = [...new Set(reasons.map(CONNECT_DIALECT.statusOf))];
  return Object.fromEntries(
    statuses.map((status) => [status, { $ref: `#/components/responses/${prefix}${status}` }]),
  );
}
