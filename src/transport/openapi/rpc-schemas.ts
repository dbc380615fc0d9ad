import type { DescMessage, DescMethod } from "@bufbuild/protobuf";
import type { JsonSchema } from "../schema/json-schema.ts";
import { messageSchema } from "../schema/message-schemas.ts";

/** A reference to the schema of a message, by the message's full name. */
export const messageRef = (message: DescMessage): JsonSchema => ({
  $ref: `#/components/schemas/${message.typeName}`,
});

/** The schemas of every message that a call sends or answers, and of those in them. */
export function rpcSchemas(
  methods: readonly DescMethod[],
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
  for (const { input, output } of methods) [input, output].forEach(messageIn);
  return schemas;
}
