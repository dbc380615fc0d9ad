import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { COMMENTS } from "../../../gen/comments.js";
import type { JsonSchema } from "./json-schema.ts";

/** How messages are written as JSON. */
export interface MessageStyle {
  /** The name of a field: as in the schema, or in lower camel case. */
  readonly nameOf: (field: DescField) => string;
  /** The schema of a message in a field. */
  readonly messageIn: (message: DescMessage) => JsonSchema;
  /** What else a field's schema says, by the field's full name. */
  readonly rules: ReadonlyMap<string, JsonSchema>;
}

/** Messages that JSON writes in ways of their own (https://protobuf.dev/programming-guides/json/). */
const WELL_KNOWN: Readonly<Record<string, JsonSchema>> = {
  "google.protobuf.Timestamp": { type: "string", format: "date-time" },
  "google.protobuf.Duration": { type: "string", pattern: "^-?[0-9]+(\\.[0-9]{1,9})?s$" },
  "google.protobuf.Value": {},
  "google.protobuf.Struct": { type: "object" },
  "google.protobuf.ListValue": { type: "array" },
};

/** 64-bit integers are strings, for JavaScript's numbers end at 2^53. */
const INTEGER_TEXT: JsonSchema = { type: "string", pattern: "^-?[0-9]+$" };
/** Of 32 bits, which JavaScript's numbers hold. */
const INTEGER: JsonSchema = { type: "integer" };
/** What is no number in JSON is said in words. */
const FLOAT: JsonSchema = { anyOf: [{ type: "number" }, { enum: ["NaN", "Infinity", "-Infinity"] }] };

/** By protobuf's types of fields. */
const SCALARS: Readonly<Record<ScalarType, JsonSchema>> = {
  [ScalarType.DOUBLE]: FLOAT,
  [ScalarType.FLOAT]: FLOAT,
  [ScalarType.INT64]: INTEGER_TEXT,
  [ScalarType.UINT64]: INTEGER_TEXT,
  [ScalarType.SINT64]: INTEGER_TEXT,
  [ScalarType.FIXED64]: INTEGER_TEXT,
  [ScalarType.SFIXED64]: INTEGER_TEXT,
  [ScalarType.INT32]: INTEGER,
  [ScalarType.UINT32]: INTEGER,
  [ScalarType.SINT32]: INTEGER,
  [ScalarType.FIXED32]: INTEGER,
  [ScalarType.SFIXED32]: INTEGER,
  [ScalarType.BOOL]: { type: "boolean" },
  [ScalarType.STRING]: { type: "string" },
  [ScalarType.BYTES]: { type: "string", contentEncoding: "base64" },
};

/** A message as JSON, with what the schema's comments say. */
export function messageSchema(message: DescMessage, style: MessageStyle): JsonSchema {
  const fields = message.fields.map((field) => [style.nameOf(field), fieldSchema(field, style)]);
  return {
    type: "object",
    ...described(message.typeName),
    properties: Object.fromEntries(fields),
  };
}

/** A field with its comment, and with what a rule says of it. */
function fieldSchema(field: DescField, style: MessageStyle): JsonSchema {
  const name = `${field.parent.typeName}.${field.name}`;
  const rule = style.rules.get(name);
  const shape =
    rule?.type !== undefined || rule?.anyOf !== undefined ? rule : { ...shapeOf(field, style), ...rule };
  const others = field.oneof?.fields.filter((other) => other !== field) ?? [];
  const sentences = [
    COMMENTS.get(name) ?? "",
    // A sibling's description would hide that of what it refers to.
    shape.$ref === undefined ? (shape.description ?? "") : "",
    others.length > 0 ? `Not together with ${others.map(style.nameOf).join(", ")}.` : "",
  ];
  const description = sentences.filter((one) => one !== "").join(" ");
  return {
    ...shape,
    ...(description !== "" && { description }),
    ...(field.deprecated && { deprecated: true }),
  };
}

/** A list, a map or a single value. */
function shapeOf(field: DescField, style: MessageStyle): JsonSchema {
  switch (field.fieldKind) {
    case "list":
      return { type: "array", items: single(field.listKind, field, style) };
    case "map":
      return { type: "object", additionalProperties: single(field.mapKind, field, style) };
    default:
      return single(field.fieldKind, field, style);
  }
}

/** The value of a field, or of one item of it. */
function single(
  kind: "scalar" | "enum" | "message",
  { scalar, enum: enumeration, message }: DescField,
  style: MessageStyle,
): JsonSchema {
  if (kind === "scalar" && scalar !== undefined) return SCALARS[scalar];
  if (kind === "enum" && enumeration !== undefined) {
    const meanings = enumeration.values.map(({ name }) => {
      const meaning = COMMENTS.get(`${enumeration.typeName}.${name}`);
      return `\`${name}\`${meaning === undefined ? "" : `: ${meaning}`}`;
    });
    return { enum: enumeration.values.map(({ name }) => name), description: meanings.join(" ") };
  }
  if (message === undefined) throw new Error(`a field of kind ${kind} without its type`);
  return WELL_KNOWN[message.typeName] ?? style.messageIn(message);
}

/** What the schema's comment says of a message. */
function described(name: string): { description?: string } {
  const description = COMMENTS.get(name);
  return description === undefined ? {} : { description };
}
