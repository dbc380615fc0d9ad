import type { FailureReason } from "../../errors.ts";
import type { BodyForm, RestRoute, RouteName } from "../rest/route.ts";
import type { AnswerDocument, BodyDocument, RouteDocument } from "../schema/route-document.ts";
import { describeAdmission } from "./describe-admission.ts";
import { failureAnswers, refsTo } from "./failure-answers.ts";
import type { Answer, OpenApiOperation, Parameter, Paths } from "./operation.ts";
import { failuresOf } from "./rest-failures.ts";

/** How reading a body can fail. */
const BODY_FAILURES: Readonly<Record<BodyForm, readonly FailureReason[]>> = {
  nothing: [],
  json: ["malformed_body", "body_too_large", "unsupported_encoding", "unsupported_media_type"],
  "json if present": ["malformed_body", "body_too_large", "unsupported_encoding", "unsupported_media_type"],
  bytes: ["malformed_body", "body_too_large", "unsupported_encoding"],
};

/** A route with what is said of it. */
export interface DocumentedRoute extends Pick<RestRoute, "rule" | "reads"> {
  /** From the `documents.ts` beside the routes. */
  readonly document: RouteDocument;
}

/** The operations of routes, by path and method. */
export function restOperations(routes: Readonly<Record<RouteName, DocumentedRoute>>): Paths {
  const paths: Record<string, Record<string, OpenApiOperation>> = {};
  for (const [name, route] of Object.entries(routes)) {
    const [method = "", path = ""] = name.split(" ");
    paths[path] = { ...paths[path], [method.toLowerCase()]: describe(method, path, route) };
  }
  return paths;
}

/** An operation: what the rule, the body and the document say of it. */
function describe(method: string, path: string, route: DocumentedRoute): OpenApiOperation {
  const { document } = route;
  const { words, security, failures, headers } = describeAdmission(route.rule);
  const reasons = [
    ...failures,
    ...BODY_FAILURES[route.reads],
    ...(document.failures ?? []),
    "internal" as const,
  ];
  const parameters = document.parameters?.map(
    ({ required = false, ...rest }): Parameter => ({ ...rest, required }),
  );
  return {
    operationId: operationId(method, path),
    tags: [document.group],
    summary: document.summary,
    description: [document.description, words].filter(Boolean).join("\n\n"),
    security,
    ...(parameters !== undefined && { parameters }),
    ...(document.body !== undefined && { requestBody: requestBody(document.body, route.reads) }),
    responses: {
      ...Object.fromEntries(
        Object.entries(document.answers).map(([status, answer]) => [status, success(answer, headers)]),
      ),
      ...failureAnswers(reasons, failuresOf(path), headers),
    },
  };
}

/** `GET /servers/{id}/metrics` → `getServersIdMetrics`. */
function operationId(method: string, path: string): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  const capitals = words.map((word) => `${word[0]?.toUpperCase()}${word.slice(1)}`);
  return `${method.toLowerCase()}${capitals.length === 0 ? "Root" : capitals.join("")}`;
}

/** How a body is documented; all are JSON, whatever else is taken. */
function requestBody({ schema, description, examples }: BodyDocument, reads: BodyForm) {
  const values = Object.entries(examples).map(([name, value]) => [name, { value }] as const);
  return {
    required: reads !== "json if present",
    ...(description !== undefined && { description }),
    content: { "application/json": { schema, examples: Object.fromEntries(values) } },
  };
}

/** An answer that is no failure. */
function success(
  { description, schema, contentType = "application/json" }: AnswerDocument,
  headers: readonly string[],
): Answer {
  return { description, headers: refsTo(headers), content: { [contentType]: { schema } } };
}
