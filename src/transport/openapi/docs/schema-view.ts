import type { JsonSchema } from "../../schema/json-schema.ts";
import { type Html, html, inline } from "./html.ts";

/** What kind of value it is, in a few words; what has a name is linked. */
export function kindOf(schema: JsonSchema): Html {
  if (schema.$ref !== undefined) return link(schema.$ref.split("/").at(-1) ?? "");
  if (schema.allOf?.[0] !== undefined) return kindOf(schema.allOf[0]);
  if (schema.anyOf !== undefined) return joined(schema.anyOf.map(kindOf), " or ");
  if (schema.const !== undefined) return html`<code>${JSON.stringify(schema.const)}</code>`;
  if (schema.enum !== undefined)
    return joined(
      schema.enum.map((value) => html`<code>${String(value)}</code>`),
      ", ",
    );
  if (schema.items !== undefined) return html`list of ${kindOf(schema.items)}`;
  if (schema.additionalProperties !== undefined)
    return html`names with ${kindOf(schema.additionalProperties)}`;
  const types = typeof schema.type === "string" ? [schema.type] : (schema.type ?? ["anything"]);
  return html`${types.join(" or ")}${schema.format && ` (${schema.format})`}`;
}

/** What a value may be beyond its kind. */
function boundsOf(schema: JsonSchema): readonly string[] {
  const between = (low: number | undefined, high: number | undefined, unit: string) =>
    low === undefined && high === undefined ? [] : [`${low ?? ""}…${high ?? ""}${unit}`];
  return [
    ...between(schema.minimum, schema.maximum, ""),
    ...between(schema.minLength, schema.maxLength, " characters"),
    ...between(schema.minItems, schema.maxItems, " items"),
    ...between(undefined, schema.maxProperties, " names"),
    ...(schema.pattern === undefined ? [] : [`matches \`${schema.pattern}\``]),
    ...(schema.default === undefined ? [] : [`default \`${JSON.stringify(schema.default)}\``]),
    ...(schema.deprecated === true ? ["deprecated"] : []),
    ...(schema.propertyNames === undefined
      ? []
      : boundsOf(schema.propertyNames).map((bound) => `name ${bound}`)),
    ...(schema.additionalProperties === undefined
      ? []
      : boundsOf(schema.additionalProperties).map((bound) => `value ${bound}`)),
  ];
}

/** A row: a name, its kind, what it means. */
export function row(
  name: string,
  schema: JsonSchema,
  isRequired: boolean,
  description = schema.description,
): Html {
  const bounds = [...boundsOf(schema), ...(schema.anyOf ?? []).flatMap(boundsOf)];
  return html`<tr>
<th scope="row"><code>${name}</code>${isRequired ? html` <span class="required">required</span>` : undefined}</th>
<td>${kindOf(schema)}${bounds.map((bound) => html`<br><small>${inline(bound)}</small>`)}</td>
<td>${inline(description ?? "")}</td>
</tr>
`;
}

/** Everything a named schema has. */
export function schemaView(name: string, schema: JsonSchema): Html {
  const properties = Object.entries(schema.properties ?? {});
  const rows = properties.map(([field, inner]) =>
    row(field, inner, schema.required?.includes(field) ?? false),
  );
  return html`<details class="schema" id="schema-${name}">
<summary><code>${name}</code> <span class="about">${inline(schema.description ?? "")}</span></summary>
<div class="body">${rows.length === 0 ? html`<p>Nothing to say.</p>` : html`<table>${rows}</table>`}</div>
</details>
`;
}

/** A named schema stands in a place of its own. */
const link = (name: string) => html`<a href="#schema-${name}">${name}</a>`;

/** Parts with a separator between them. */
function joined(parts: readonly Html[], separator: string): Html {
  return html`${parts.map((part, index) => (index === 0 ? part : html`${separator}${part}`))}`;
}
