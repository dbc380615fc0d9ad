import { Validator } from "@seriousme/openapi-schema-validator";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { METRIC_TYPES } from "../../../src/catalogue/catalogue.ts";
import { LIMITS } from "../../../src/catalogue/limits.ts";
import { FAILURES } from "../../../src/errors.ts";
import { docsPage } from "../../../src/transport/openapi/docs/docs-page.ts";
import type { OpenApiDocument, OpenApiOperation } from "../../../src/transport/openapi/operation.ts";
import { describeServedApi } from "../../../src/transport/openapi/served-api.ts";
import { servicePages } from "../../../src/transport/pages/routes.ts";
import { REST_ROUTES } from "../../../src/transport/rest/routes.ts";
import type { JsonSchema } from "../../../src/transport/schema/json-schema.ts";
import { fillPlaceholders, PLACEHOLDERS } from "../../../src/transport/schema/placeholders.ts";
import { startTestService, type TestService } from "../../support/service.ts";
import { servedRpcs } from "./served-rpcs.ts";

interface Described {
  readonly service: TestService;
  readonly document: OpenApiDocument;
  readonly operations: readonly (readonly [name: string, operation: OpenApiOperation])[];
}

const METRICS_MAX = 250;
const test = suite<Described>("/openapi.json");

test.before(async (context) => {
  const service = await startTestService({ MAX_METRICS_PER_REQUEST: String(METRICS_MAX) });
  const document = (await (await fetch(`${service.url}/openapi.json`)).json()) as OpenApiDocument;
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const,
    ),
  );
  Object.assign(context, { service, document, operations });
});
test.after(({ service }) => service.close());

test("it is valid OpenAPI 3.1", async ({ document }) => {
  const validator = new Validator();
  const { valid, errors = [] } = await validator.validate({ ...document });
  assert.ok(valid, JSON.stringify(errors).slice(0, 1000));
  assert.is(validator.version, "3.1");
});

test("every reference leads somewhere", ({ document }) => {
  const text = JSON.stringify(document);
  for (const [, path = ""] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    let node: unknown = document;
    for (const name of path.split("/")) node = (node as Record<string, unknown> | undefined)?.[name];
    assert.type(node, "object", path);
  }
});

test("every operation is served: nobody without a key hears that there is no such thing", async ({
  service,
  operations,
}) => {
  for (const [name, { parameters = [] }] of operations) {
    const [method = "", template = ""] = name.split(" ");
    const path = template.replace(/\{(\w+)\}/, (_, parameter) =>
      String(parameters.find((one) => one.name === parameter)?.example),
    );
    const { status } = await fetch(service.url + path, { method });
    assert.not([404, 405].includes(status), `${name}: ${status}`);
  }
});

test("every RPC that JSON over plain HTTP can call is in it, those without side effects also as GET", async ({
  service,
  document,
}) => {
  const served = await servedRpcs(service.url);
  assert.ok(served.length > 20, "found what is served");
  for (const method of served) {
    const operations = document.paths[`/${method.parent.typeName}/${method.name}`];
    const isCallable = method.methodKind === "unary" || method.methodKind === "server_streaming";
    const isRead = method.idempotency === 1 && method.methodKind === "unary";
    const expected = [...(isCallable ? ["post"] : []), ...(isRead ? ["get"] : [])];
    assert.equal(Object.keys(operations ?? {}), expected, `${method.parent.typeName}.${method.name}`);
  }
});

test("operations have names of their own, words for lists, and every parameter of their path", ({
  operations,
}) => {
  assert.is(new Set(operations.map(([, { operationId }]) => operationId)).size, operations.length);
  for (const [name, { summary, parameters = [] }] of operations) {
    assert.ok(summary.length > 3 && summary.length <= 120, `${name}: ${summary}`);
    const inPath = parameters
      .filter((parameter) => parameter.in === "path")
      .map((parameter) => parameter.name);
    assert.equal(
      inPath,
      [...name.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter),
      name,
    );
  }
});

test("every reason of the failure table is said with what it means, and shown as it is sent", ({
  document,
}) => {
  const answers = JSON.stringify(document.paths) + JSON.stringify(document.components.responses);
  // That a path is for another method, or not there, no operation can say.
  const elsewhere = ["method_not_allowed", "unimplemented"];
  for (const reason of Object.keys(FAILURES).filter((name) => !elsewhere.includes(name))) {
    assert.ok(answers.includes(`\`${reason}\`: `), reason);
    assert.match(answers, new RegExp(`"(error|code|reason)":"${reason}"`), reason);
  }
});

test("the fields of a submission have the limits that are in force, in both spellings", ({ document }) => {
  const { schemas } = document.components;
  const spellings = [
    [schemas.Submission, schemas["Submission.Metric"], "instance_id", "idempotency_key", "duration_ms"],
    [
      schemas["mcp.metrics.v1.SubmitRequest"],
      schemas["mcp.metrics.v1.Metric"],
      "instanceId",
      "idempotencyKey",
      "durationMs",
    ],
  ] as const;
  for (const [submission, metric, instanceId, idempotencyKey, durationMs] of spellings) {
    const field = (schema: JsonSchema | undefined, name: string): JsonSchema => {
      const found = schema?.properties?.[name] ?? {};
      return found.anyOf?.find((one) => one.type === "number") ?? found;
    };
    assert.is(field(submission, "service").maxLength, LIMITS.SERVICE_LENGTH_MAX);
    assert.is(field(submission, "version").maxLength, LIMITS.VERSION_LENGTH_MAX);
    assert.is(field(submission, instanceId).maxLength, LIMITS.INSTANCE_ID_LENGTH_MAX);
    assert.is(field(submission, idempotencyKey).maxLength, LIMITS.IDEMPOTENCY_KEY_LENGTH_MAX);
    assert.is(field(submission, "metrics").maxItems, METRICS_MAX, "what the operator has set");
    assert.equal(
      field(metric, "type").enum,
      METRIC_TYPES.map(({ name }) => name),
    );
    assert.is(field(metric, "value").maximum, LIMITS.VALUE_ABS_MAX);
    assert.is(field(metric, "value").minimum, -LIMITS.VALUE_ABS_MAX);
    assert.is(field(metric, durationMs).maximum, LIMITS.DURATION_MS_MAX);
    const dimensions = field(metric, "dimensions");
    assert.is(dimensions.maxProperties, LIMITS.DIMENSIONS_MAX);
    assert.is(dimensions.propertyNames?.maxLength, LIMITS.DIMENSION_KEY_LENGTH_MAX);
    assert.is(dimensions.additionalProperties?.maxLength, LIMITS.DIMENSION_VALUE_LENGTH_MAX);
    const metadata = field(metric, "metadata");
    assert.is(metadata.maxProperties, LIMITS.METADATA_FIELDS_MAX);
    assert.is(metadata.propertyNames?.maxLength, LIMITS.METADATA_KEY_LENGTH_MAX);
    assert.is(metadata.additionalProperties?.maxLength, LIMITS.METADATA_VALUE_LENGTH_MAX);
  }
});

test("what is served is what was generated, with the values of this service", async ({ service }) => {
  const described = describeServedApi();
  const generated = { "openapi.json": JSON.stringify(described), docs: docsPage(described) };
  const values = { version: "0.0.0-test", metricsPerRequestMax: METRICS_MAX };
  for (const [path, text] of Object.entries(generated)) {
    const served = await (await fetch(`${service.url}/${path}`)).text();
    assert.ok(served === fillPlaceholders(text, values), `/${path} is as the tables describe it`);
    for (const placeholder of Object.values(PLACEHOLDERS)) {
      assert.ok(text.includes(String(placeholder)), `${path} has ${placeholder}`);
      assert.not.ok(served.includes(String(placeholder)), `served ${path} has ${placeholder}`);
    }
  }
});

test("every REST route is an operation, and of the pages' files none but the pages", ({ operations }) => {
  const pages = Object.keys(servicePages({ version: "0", metricsPerRequestMax: 1 }));
  const documented = new Set(operations.map(([name]) => name));
  for (const name of Object.keys(REST_ROUTES)) assert.ok(documented.has(name), name);
  const listed = pages.filter((name) => documented.has(name));
  assert.equal(listed, ["GET /dashboard", "GET /openapi.json", "GET /docs"]);
});

test("messages and fields say what the schema's comments say", ({ document }) => {
  const { description, properties } = document.components.schemas["mcp.metrics.v1.SubmitResponse"] ?? {};
  assert.is(description, "What became of a submission.");
  assert.is(properties?.accepted?.description, "Number of metrics stored.");
});

test.run();
