import type { FailureReason } from "../../errors.ts";
import type { JsonSchema } from "./json-schema.ts";

/** What /openapi.json says of a route. It is a part of the route's declaration: none is served without. */
export interface RouteDocument {
  readonly group: RouteGroup;
  /** A few words, for lists. */
  readonly summary: string;
  /** What a caller must know beyond them; CommonMark. */
  readonly description?: string;
  readonly parameters?: readonly ParameterDocument[];
  /** What to send, where the route reads JSON. */
  readonly body?: BodyDocument;
  /** What it answers unless it fails, by status. */
  readonly answers: Readonly<Record<number, AnswerDocument>>;
  /** How it can fail, besides what its key and its body bring with them. */
  readonly failures?: readonly FailureReason[];
}

export type RouteGroup =
  | "Metrics"
  | "Health"
  | "Queries"
  | "Administration"
  | "Composer"
  | "Directory"
  | "OpenTelemetry"
  | "The service";

export interface ParameterDocument {
  readonly name: string;
  readonly in: "query" | "header" | "path";
  readonly description: string;
  readonly schema: JsonSchema;
  readonly required?: boolean;
  readonly example?: unknown;
}

export interface BodyDocument {
  readonly schema: JsonSchema;
  readonly description?: string;
  /** Bodies that work as they stand, by a name; the first is what `curl` lines send. */
  readonly examples: Readonly<Record<string, unknown>>;
}

export interface AnswerDocument {
  readonly description: string;
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
