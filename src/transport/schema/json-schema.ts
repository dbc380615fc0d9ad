/**
 * JSON Schema 2020-12 (https://json-schema.org/draft/2020-12), which OpenAPI 3.1 takes as it is: the keywords
 * that are used here, with the meaning that the specification gives them.
 */
export interface JsonSchema {
  /** Names a schema that is said once, under `components`; letters, digits, dots and dashes. */
  readonly title?: string;
  /** CommonMark, for people. */
  readonly description?: string;
  /** A pointer to a schema of the document, in the place of all other keywords. */
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema;
  readonly propertyNames?: JsonSchema;
  readonly maxProperties?: number;
  readonly anyOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly default?: unknown;
  readonly deprecated?: boolean;
  readonly contentMediaType?: string;
  readonly contentEncoding?: string;
}

/** What a schema says besides its type. */
type More = Omit<JsonSchema, "type" | "description">;

/** A keyword `type` as a function of what is said about it. */
const scalar =
  (type: string) =>
  (description: string, more: More = {}): JsonSchema => ({ type, description, ...more });

/** A text. */
export const string = scalar("string");
/** Any number but NaN and the infinities, which JSON has none of. */
export const number = scalar("number");
/** An integer. */
export const wholeNumberSchema = scalar("integer");
/** True or false. */
export const boolean = scalar("boolean");

/** UTC, ISO 8601 with milliseconds and `Z`. */
export const time = (description: string): JsonSchema => string(description, { format: "date-time" });

/** An array of values that are all alike. */
export const list = (description: string, items: JsonSchema): JsonSchema => ({
  type: "array",
  description,
  items,
});

/** An object whose names cannot be listed, and whose values are all alike. */
export const mapOf = (description: string, values: JsonSchema): JsonSchema => ({
  type: "object",
  description,
  additionalProperties: values,
});

/** … or null, where there is none. */
export const orNull = (schema: JsonSchema): JsonSchema =>
  typeof schema.type === "string"
    ? { ...schema, type: [schema.type, "null"] }
    : { anyOf: [schema, { type: "null" }] };

/** An object in which the `always` are, and the `sometimes` may be. */
export function record(
  always: Readonly<Record<string, JsonSchema>>,
  sometimes: Readonly<Record<string, JsonSchema>> = {},
  more: More & Pick<JsonSchema, "description"> = {},
): JsonSchema {
  const required = Object.keys(always);
  return {
    type: "object",
    ...more,
    ...(required.length > 0 && { required }),
    properties: { ...always, ...sometimes },
  };
}
