import type { JsonSchema } from "../schema/json-schema.ts";

/** What is data and not schema, and may have a `title` of its own. */
const DATA = new Set(["example", "examples", "enum", "const", "default"]);

/**
 * Says every schema that has a title once: puts a reference in its place.
 *
 * @throws when two different schemas have one title.
 */
export function hoistSchemas<Value>(value: Value): {
  readonly value: Value;
  readonly schemas: Readonly<Record<string, JsonSchema>>;
} {
  const schemas: Record<string, JsonSchema> = {};

  function hoist(node: unknown): unknown {
    if (Array.isArray(node)) return node.map(hoist);
    if (typeof node !== "object" || node === null) return node;
    const entries = Object.entries(node).map(([key, child]) => [key, DATA.has(key) ? child : hoist(child)]);
    const { title, ...rest } = Object.fromEntries(entries);
    // A property of that name holds a schema.
    if (typeof title !== "string") return title === undefined ? rest : { title, ...rest };
    const known = schemas[title];
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(rest)) {
      throw new Error(`two different schemas are called ${title}`);
    }
    schemas[title] = rest;
    return { $ref: `#/components/schemas/${title}` };
  }

  // The shape stays: a reference is a schema too.
  return { value: hoist(value) as Value, schemas };
}
