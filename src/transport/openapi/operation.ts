import type { JsonSchema } from "../schema/json-schema.ts";
import type { MetricTypeDocument } from "./metric-types.ts";

/** Parts of an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1), as far as they are used here. */
export interface OpenApiOperation {
  /** Unique in the document; generators name their functions by it. */
  readonly operationId: string;
  /** The group that pages list it in. */
  readonly tags: readonly string[];
  /** A few words. */
  readonly summary: string;
  /** CommonMark. */
  readonly description?: string;
  /** Whether callers should turn to another one. */
  readonly deprecated?: boolean;
  /** Any one of these will do; {} is no key, [] is nothing needed. */
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  /** Of the query, the headers and the path. */
  readonly parameters?: readonly Parameter[];
  /** Absent where none is read. */
  readonly requestBody?: {
    readonly required: boolean;
    readonly description?: string;
    readonly content: Content;
  };
  /** By status. */
  readonly responses: Readonly<Record<string, Answer | { readonly $ref: string }>>;
}

/** A parameter outside the body. */
export interface Parameter {
  /** As it is written in the request. */
  readonly name: string;
  /** Where it stands. */
  readonly in: "query" | "header" | "path";
  /** What it means. */
  readonly description: string;
  /** Whether the call fails without it. */
  readonly required?: boolean;
  /** Its value, where it is written plainly … */
  readonly schema?: JsonSchema;
  /** … and where it is written in a media type. */
  readonly content?: Content;
  /** A value that works. */
  readonly example?: unknown;
}

/** An answer with one status. */
export interface Answer {
  /** When it is given. */
  readonly description: string;
  /** References into `components`. */
  readonly headers?: Readonly<Record<string, { readonly $ref: string }>>;
  /** Its body; absent where it has none. */
  readonly content?: Content;
}

/** Bodies by media type. */
export type Content = Readonly<Record<string, MediaType>>;

/** What a body of one media type holds. */
export interface MediaType {
  /** Its shape. */
  readonly schema: JsonSchema;
  /** Bodies that work as they stand. */
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

/** Path → method in lower case → operation. */
export type Paths = Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;

/** The document as it is served. */
export interface OpenApiDocument {
  /** The version of the specification. */
  readonly openapi: "3.1.0";
  /** What the document is of. */
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  /** Groups, in the order in which pages list them. */
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  /** Every operation. */
  readonly paths: Paths;
  readonly "x-metric-types": readonly MetricTypeDocument[];
  /** What is said once and referred to. */
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly responses: Readonly<Record<string, Answer>>;
    readonly headers: Readonly<Record<string, { readonly description: string; readonly schema: JsonSchema }>>;
    readonly securitySchemes: Readonly<Record<string, Readonly<Record<string, string>>>>;
  };
}
