import type { DescMessage } from "@bufbuild/protobuf";
import { type JsonSchema, orNull } from "./json-schema.ts";
import { messageSchema } from "./message-schemas.ts";

/** How REST writes a message. */
export interface RestMessageOptions {
  /** Names the schema; those of messages in it are made from it. */
  readonly title: string;
  /** What must be there, by the name of the message. Everything else may be left out. */
  readonly required: Readonly<Record<string, readonly string[]>>;
  /** Whether null means absent, as it does in what clients send. */
  readonly takesNull?: boolean;
  /** What fields may hold, by their full names. */
  readonly rules?: ReadonlyMap<string, JsonSchema>;
}

/** A message of the schema as REST writes it: under the schema's own field names. */
export function restMessage(message: DescMessage, options: RestMessageOptions): JsonSchema {
  const required = options.required[message.name] ?? [];
  const { properties = {}, ...schema } = messageSchema(message, {
    nameOf: (field) => field.name,
    messageIn: (inner) => restMessage(inner, { ...options, title: `${options.title}.${inner.name}` }),
    rules: options.rules ?? new Map(),
  });
  const entries = Object.entries(properties).map(([name, property]) => [
    name,
    options.takesNull && !required.includes(name) ? orNull(property) : property,
  ]);
  return {
    ...schema,
    title: options.title,
    ...(required.length > 0 && { required }),
    properties: Object.fromEntries(entries),
  };
}
