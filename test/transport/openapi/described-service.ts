import * as assert from "uvu/assert";
import type { Clock } from "../../../src/lib/clock.ts";
import type {
  MediaType,
  OpenApiDocument,
  OpenApiOperation,
} from "../../../src/transport/openapi/operation.ts";
import { startTestService, type TestService } from "../../support/service.ts";
import { createDocumentValidator, type DocumentValidator, type Received } from "./document-validator.ts";

export interface Asked {
  readonly method: string;
  /** As it stands in the document. */
  readonly path: string;
  /** With its parameters. */
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface DescribedOperation {
  readonly method: string;
  readonly path: string;
  readonly operation: OpenApiOperation;
}

/** A real service with what it says of itself. */
export interface DescribedService {
  readonly service: TestService;
  readonly document: OpenApiDocument;
  readonly operations: readonly DescribedOperation[];
  readonly validator: DocumentValidator;
  /** Sends one request, and holds what comes back to the document. */
  readonly ask: (asked: Asked) => Promise<Received>;
}

export async function startDescribedService(
  env: Readonly<Record<string, string>> = {},
  clock?: Clock,
): Promise<DescribedService> {
  return describeService(await startTestService(env, clock));
}

export async function describeService(service: TestService): Promise<DescribedService> {
  const document = (await (await fetch(`${service.url}/openapi.json`)).json()) as OpenApiDocument;
  const validator = createDocumentValidator(document);
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
  const ask: DescribedService["ask"] = async ({ method, path, url = path, headers, body }) => {
    const sent = { method, ...(headers && { headers }), ...(body && { body }) };
    const answer = await fetch(service.url + url, sent);
    const received = { status: answer.status, headers: answer.headers, text: await answer.text() };
    const problems = validator.answer(method, path, received);
    assert.equal(problems, [], `${method} ${url}: ${received.text.slice(0, 500)}`);
    return received;
  };
  return { service, document, operations, validator, ask };
}

/** The request that an operation gives as its example, with this key or without one. */
export function exampleCall({ method, path, operation }: DescribedOperation, key: string): Asked {
  const { parameters = [], requestBody } = operation;
  const query = new URLSearchParams();
  const sent: Record<string, string> = {};
  for (const { name, content, example, required, ...parameter } of parameters) {
    const value = content === undefined ? example : JSON.stringify(firstExample(content["application/json"]));
    if (parameter.in === "query" && required) query.set(name, String(value));
    if (parameter.in === "header" && required) sent[name.toLowerCase()] = String(value);
  }
  const [[contentType, media] = []] = Object.entries(requestBody?.content ?? {});
  const json = media === undefined ? undefined : JSON.stringify(firstExample(media));
  const url = path.replace(/\{(\w+)\}/, (_, name) =>
    String(parameters.find((one) => one.name === name)?.example),
  );
  const isStream = contentType?.includes("connect+") ?? false;
  return {
    method,
    path,
    url: query.size === 0 ? url : `${url}?${query}`,
    headers: {
      ...(contentType && { "content-type": contentType }),
      ...(key && { "x-api-key": key }),
      ...sent,
    },
    ...(json !== undefined && { body: isStream ? envelope(json) : json }),
  };
}

const firstExample = (media: MediaType | undefined) => Object.values(media?.examples ?? {})[0]?.value;

/** What Connect puts before each message of a stream. */
function envelope(json: string): Uint8Array {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(Buffer.byteLength(json), 1);
  return Buffer.concat([head, Buffer.from(json)]);
}
