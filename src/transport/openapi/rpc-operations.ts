import type { DescMethod } from "@bufbuild/protobuf";
import { COMMENTS } from "../../../gen/comments.js";
import type { OperationRule } from "../../api/rules.ts";
import type { JsonSchema } from "../schema/json-schema.ts";
import { describeAdmission } from "./describe-admission.ts";
import { refsTo } from "./failure-answers.ts";
import type { Answer, OpenApiOperation, Parameter, Paths } from "./operation.ts";
import { RPC_EXAMPLES } from "./rpc-examples.ts";
import { failuresOfRpc } from "./rpc-failures.ts";
import { messageRef } from "./rpc-schemas.ts";

/** An RPC and who may call it. */
export interface DocumentedRpc {
  /** As the schema describes it. */
  readonly method: DescMethod;
  /** Who may call it. */
  readonly rule: OperationRule;
}

/** Whether JSON over plain HTTP can call it: its client sends one message. */
export function isCallable({ method }: DocumentedRpc): boolean {
  return method.methodKind === "unary" || method.methodKind === "server_streaming";
}

/** The operations of RPCs, by path. */
export function rpcOperations(rpcs: readonly DocumentedRpc[]): Paths {
  return Object.fromEntries(rpcs.map((rpc) => [pathOf(rpc.method), operations(rpc)]));
}

/** Where Connect serves a method. */
const pathOf = (method: DescMethod) => `/${method.parent.typeName}/${method.name}`;

/** A POST, and a GET for RPCs without side effects. */
function operations({ method, rule }: DocumentedRpc): Readonly<Record<string, OpenApiOperation>> {
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
      ...failuresOfRpc(name, rule),
    },
  };
  const schema = messageRef(method.input);
  const examples = { example: { value: RPC_EXAMPLES[name] ?? {} } };
  const post: OpenApiOperation = {
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

/** Of its request: streams are framed, also with one message. */
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

/** An answer of one message, or of a stream of them. */
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

/** As the first sentence names a thing, a list can. */
function firstSentence(text: string): string {
  return /^[\s\S]*?[.:](?=\s|$)/.exec(text)?.[0].replace(/[.:]$/, "") ?? text;
}
