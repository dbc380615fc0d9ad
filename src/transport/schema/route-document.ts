import type { FailureReason } from "../../errors.ts";
import type { JsonSchema } from "./json-schema.ts";

/** What /openapi.json says of a route. It is a part of the route's declaration: none is served without. */
export interface RouteDocument {
  /** Where lists show it. */
  readonly group: RouteGroup;
  /** A few words, for lists. */
  readonly summary: string;
  /** What a caller must know beyond them; CommonMark. */
  readonly description?: string;
  /** Of the query, the headers and the path; the key is said by the rule. */
  readonly parameters?: readonly ParameterDocument[];
  /** What to send, where the route reads JSON. */
  readonly body?: BodyDocument;
  /** What it answers unless it fails, by status. */
  readonly answers: Readonly<Record<number, AnswerDocument>>;
  /** How it can fail, besides what its key and its body bring with them. */
  readonly failures?: readonly FailureReason[];
}

/** The headings of /docs. */
export type RouteGroup =
  | "Metrics"
  | "Health"
  | "Queries"
  | "Administration"
  | "Composer"
  | "Directory"
  | "OpenTelemetry"
  | "The service";

/** A parameter outside the body. */
export interface ParameterDocument {
  /** As it is written in the request. */
  readonly name: string;
  /** Where it stands. */
  readonly in: "query" | "header" | "path";
  /** What it means. */
  readonly description: string;
  /** What it may be. */
  readonly schema: JsonSchema;
  /** Whether the call fails without it; false where nothing is said. */
  readonly required?: boolean;
  /** A value that works. */
  readonly example?: unknown;
}

/** The body of a request. */
export interface BodyDocument {
  /** Its shape, as JSON. */
  readonly schema: JsonSchema;
  /** What the shape does not say. */
  readonly description?: string;
  /** Bodies that work as they stand, by a name; the first is what `curl` lines send. */
  readonly examples: Readonly<Record<string, unknown>>;
}

/** An answer that is no failure. */
export interface AnswerDocument {
  /** When it is given. */
  readonly description: string;
  /** Its body. */
  readonly schema: JsonSchema;
  /** `application/json` where nothing else is said. */
  readonly contentType?: string;
}

/** A query parameter that may be left out. */
export const queryParameter = (name: string, schema: JsonSchema): ParameterDocument => {
  const { description = "", ...rest } = schema;
  return { name, in: "query", description, schema: rest };
};

/** The path's parameter. */
export const pathParameter = (name: string, description: string, example: string): ParameterDocument => ({
  name,
  in: "path",
  description,
  schema: { type: "string" },
  required: true,
  example,
});
