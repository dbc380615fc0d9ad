import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { isRecord } from "../../../src/lib/json.ts";
import type { OpenApiDocument, OpenApiOperation } from "../../../src/transport/openapi/operation.ts";

/** An answer as it came over the wire. */
export interface Received {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface DocumentValidator {
  /** What of an answer the document does not say; empty when it says all of it. */
  answer(method: string, path: string, received: Received): readonly string[];
  /** What is wrong with a value, by the pointer of a schema in the document. */
  value(pointer: string, value: unknown): readonly string[];
}

/**
 * Holds answers to the document, more strictly than a client would: what is answered and not described is a
 * mistake too.
 */
export function createDocumentValidator(document: OpenApiDocument): DocumentValidator {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  (addFormats as unknown as (target: Ajv2020) => void)(ajv);
  const { components } = document;
  ajv.addSchema({ ...document, components: { ...components, schemas: closed(components.schemas) } }, "api");

  function value(pointer: string, sent: unknown): readonly string[] {
    const validate = ajv.compile({ $ref: `api#${pointer}` });
    if (validate(sent)) return [];
    return (validate.errors ?? []).map(
      (error) => `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`,
    );
  }

  function answer(method: string, path: string, { status, headers, text }: Received): readonly string[] {
    const operation: OpenApiOperation | undefined = document.paths[path]?.[method.toLowerCase()];
    const said = operation?.responses[status];
    if (said === undefined) return [`status ${status} is not said: ${text.slice(0, 200)}`];
    const isShared = "$ref" in said;
    const described = isShared ? components.responses[said.$ref.split("/").at(-1) ?? ""] : said;
    const pointer = isShared
      ? said.$ref.slice(1)
      : `/paths/${escaped(path)}/${method.toLowerCase()}/responses/${status}`;
    const contentType = headers.get("content-type") ?? "";
    const missing = Object.keys(described?.headers ?? {}).filter(
      // Only with a key, and when there is something to wait for.
      (name) => !headers.has(name) && !["X-RateLimit", "Retry-After"].some((some) => name.startsWith(some)),
    );
    const problems = missing.map((name) => `no header ${name}`);
    if (described?.content?.[contentType] === undefined) return [...problems, `${contentType} is not said`];
    if (contentType !== "application/json") return problems;
    const schema = `${pointer}/content/${escaped(contentType)}/schema`;
    return [...problems, ...value(schema, JSON.parse(text))];
  }

  return { answer, value };
}

/** JSON Pointer within a URI fragment. */
const escaped = (name: string) => encodeURIComponent(name.replaceAll("~", "~0").replaceAll("/", "~1"));

/** Every object that lists its properties has no others. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (!isRecord(schema)) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, child]) => [key, closed(child)]));
  const isOpen =
    isRecord(schema.properties) && schema.type === "object" && schema.additionalProperties === undefined;
  return isOpen ? { ...inner, additionalProperties: false } : inner;
}
