/** Large bodies of every door are decoded in turns, to what they are when they are decoded at once. */
import { deepStrictEqual } from "node:assert";
import { type DescMessage, fromJson, type JsonValue, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { SubmitRequestSchema } from "../../gen/mcp/metrics/v1/metrics_service_pb.js";
import { ExportMetricsServiceRequestSchema } from "../../gen/opentelemetry/proto/collector/metrics/v1/metrics_service_pb.js";
import { ServiceError } from "../../src/errors.ts";
import { parseJson, parseMessageJson } from "../../src/transport/http/parse-json.ts";
import { readPoints } from "../../src/transport/rest/otlp/content.ts";
import { fromLargeJson } from "../../src/transport/rpc/large-messages.ts";
import { createUnaryMethods } from "../../src/transport/rpc/unary/methods.ts";
import { countTurns } from "../support/time.ts";

const RUNS = { numRuns: Number(process.env.FUZZ_RUNS ?? 200) };
const COUNT = 3000;

const text = "x".repeat(200);
const metrics = (one: (at: number) => string) =>
  `[${Array.from({ length: COUNT }, (_, at) => one(at)).join(",")}]`;
const submission = (one: (at: number) => string) => `{"metrics":${metrics(one)},"service":"test"}`;
const plain = (at: number) => `{"type":"custom","value":${at},"metadata":{"text":"${text}"}}`;
const members = (count: number) => Array.from({ length: count }, (_, at) => `"member ${at}":${at}`).join(",");
const point = (at: number) =>
  `{"asInt":"${at}","attributes":[{"key":"a","value":{"stringValue":"${text}"}}]}`;
const gauge = (one: (at: number) => string) =>
  `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"a","gauge":{"dataPoints":${metrics(one)}}}]}]}]}`;

const methods = createUnaryMethods(
  async () => Promise.reject(new Error("nothing is run")),
  async () => Promise.reject(new Error("nothing is run")),
);
const SUBMIT = methods.get("/mcp.metrics.v1.MetricsService/Submit");
const EXPORT = methods.get("/opentelemetry.proto.collector.metrics.v1.MetricsService/Export");

const DOORS: readonly {
  name: string;
  bodies: Readonly<Record<string, string>>;
  read: (body: Buffer) => unknown;
}[] = [
  {
    name: "REST",
    bodies: {
      many: submission(plain),
      "one with many members": `{"metrics":[{"metadata":{${members(60_000)}}}]}`,
      "words that are no JSON": submission((at) => `{"value":${at % 2 ? "NaN" : "-inf"},"text":"${text}"}`),
      "no JSON": `${submission(plain).slice(0, -1)}]`,
    },
    read: parseJson,
  },
  {
    name: "Submit in JSON",
    bodies: {
      many: submission(plain),
      odd: submission((at) => `{"type":"custom","value":"${at}","metadata":{"text":["${text}"]}}`),
      "one with many members": `{"metrics":[{"metadata":{"nested":[],${members(60_000)}}}]}`,
      "words that are no JSON": submission((at) => `{"value":${at % 2 ? "NaN" : "-inf"},"text":"${text}"}`),
      "no JSON": `${submission(plain).slice(0, -1)}]`,
      "no message": submission((at) => `{"type":${at < COUNT - 1 ? `"${text}"` : "1"}}`),
    },
    read: (body) => SUBMIT?.prepare(body, "json"),
  },
  {
    name: "Export in JSON",
    bodies: {
      many: gauge(point),
      "no JSON": `${gauge(point).slice(0, -1)}]`,
      "no message": gauge((at) => (at < COUNT - 1 ? point(at) : '{"asInt":"1.5"}')),
    },
    read: (body) => EXPORT?.prepare(body, "json"),
  },
  {
    name: "OTLP over HTTP in JSON",
    bodies: {
      many: gauge(point),
      odd: gauge((at) => (at < COUNT - 1 ? point(at) : '{"asInt":"1.5"}')),
      "no JSON": `${gauge(point).slice(0, -1)}]`,
    },
    read: (body) => readPoints(body, "json"),
  },
];

for (const { name, bodies, read } of DOORS) {
  for (const [what, json] of Object.entries(bodies)) {
    test(`${name}: others have their turns while a large body is read: ${what}`, async () => {
      const body = Buffer.from(json);
      let failure: unknown;
      const turns = await countTurns(async () => {
        await Promise.resolve(read(body)).catch((error: unknown) => {
          failure = error;
        });
      });
      if (failure !== undefined) {
        assert.instance(failure, ServiceError);
        assert.is((failure as ServiceError).reason, "malformed_body");
      }
      assert.is(failure !== undefined, what.startsWith("no "));
      assert.ok(turns >= Math.floor(body.length / 64 / 1024) - 1, `${turns} turns for ${body.length} bytes`);
    });
  }
}

test("a small body is read without a turn", async () => {
  const body = Buffer.from(
    submission(plain)
      .slice(0, 60_000)
      .replace(/,\{[^}]*\}?[^}]*$/, "]}"),
  );
  for (const read of [parseJson, (bytes: Buffer) => SUBMIT?.prepare(bytes, "json")]) {
    assert.is(await countTurns(async () => await read(body)), 0);
  }
});

test("what one large body waits for does not mix the two", async () => {
  const bodies = [
    submission(plain),
    submission((at) => plain(at + 1)),
    "[",
    submission((at) => plain(at + 2)),
  ];
  const results = await Promise.allSettled(
    bodies.map((body, at) => parseJson(Buffer.from(at === 2 ? body.repeat(30) + " ".repeat(70_000) : body))),
  );
  assert.equal(
    results.map((result) => (result.status === "fulfilled" ? result.value : result.reason.reason)),
    bodies.map((body, at) => (at === 2 ? "malformed_body" : JSON.parse(body))),
  );
});

/** Any JSON with some of the names that messages have, and any of its lists and objects taken for large. */
const names = fc.constantFrom(
  "metrics",
  "type",
  "value",
  "dimensions",
  "metadata",
  "durationMs",
  "duration_ms",
  "a",
);
const anyValue = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<JsonValue>("text", 1, null, true, "NaN"),
    fc.array(tie("value"), { maxLength: 6 }),
    fc.dictionary(names, tie("value"), { maxKeys: 4 }),
  ),
})).value as fc.Arbitrary<JsonValue>;
const metric = fc.record(
  {
    type: fc.oneof({ weight: 20, arbitrary: fc.constant<JsonValue>("custom") }, anyValue),
    value: fc.constantFrom<JsonValue>(1, "2", "NaN"),
    duration_ms: fc.constant<JsonValue>(1),
    dimensions: fc.dictionary(fc.string({ maxLength: 3 }), fc.constantFrom<JsonValue>(1, "a", [{}]), {
      maxKeys: 40,
    }),
    metadata: fc.dictionary(names, anyValue),
    timestamp: fc.constant<JsonValue>("2026-01-01T00:00:00Z"),
  },
  { requiredKeys: [] },
);
const submitted = fc.record(
  { service: fc.constant<JsonValue>("test"), metrics: fc.array(metric, { maxLength: 40 }) },
  { requiredKeys: [] },
);
const attributes = fc.array(fc.record({ key: names, value: fc.constant({ stringValue: "a" }) }), {
  maxLength: 40,
});
const dataPoints = fc.array(
  fc.record({ asInt: fc.constantFrom<JsonValue>("1", 2, "1.5"), attributes }, { requiredKeys: [] }),
  { maxLength: 70 },
);
const exported = fc.record(
  {
    resourceMetrics: fc.array(
      fc.record({
        resource: fc.record({ attributes }),
        scopeMetrics: fc.array(
          fc.record({
            metrics: fc.array(
              fc.oneof(
                fc.record({ name: names, gauge: fc.record({ dataPoints }) }),
                fc.record({ sum: fc.record({ dataPoints, isMonotonic: fc.boolean() }) }),
                fc.record({ sum: fc.record({ dataPoints }), gauge: fc.record({ dataPoints }) }),
                fc.record({
                  histogram: fc.record({
                    dataPoints: fc.array(
                      fc.record({ bucketCounts: fc.array(fc.constantFrom("1", 2), { maxLength: 70 }) }),
                    ),
                  }),
                }),
              ),
              { maxLength: 4 },
            ),
          }),
          { maxLength: 2 },
        ),
      }),
      { maxLength: 3 },
    ),
  },
  { requiredKeys: [] },
);

function containersIn(json: unknown): readonly unknown[] {
  return typeof json === "object" && json !== null
    ? [json, ...Object.values(json).flatMap(containersIn)]
    : [];
}

for (const [schema, json] of [
  [SubmitRequestSchema, submitted],
  [ExportMetricsServiceRequestSchema, exported],
  [SubmitRequestSchema, anyValue],
] as [DescMessage, fc.Arbitrary<JsonValue>][]) {
  test(`any ${schema.name} is the same message in parts, or none where it is none at once`, async () => {
    let decoded = 0;
    await fc.assert(
      fc.asyncProperty(json, fc.integer({ min: 1, max: 4 }), async (sent, each) => {
        const value = JSON.parse(JSON.stringify(sent)) as JsonValue;
        const large = new Set(containersIn(value).filter((_, at) => at % each === 0));
        const found = await fromLargeJson(schema, { value, large }).catch(() => undefined);
        let expected: unknown;
        try {
          expected = fromJson(schema, value, { ignoreUnknownFields: true });
          decoded += 1;
        } catch {
          expected = undefined;
        }
        deepStrictEqual(found, expected);
        if (found !== undefined)
          assert.equal(toBinary(schema, found), toBinary(schema, expected as typeof found));
      }),
      RUNS,
    );
    assert.ok(decoded > RUNS.numRuns / 50, `only ${decoded} of ${RUNS.numRuns} are messages`);
  });
}

test("a message in which one thing is wrong is refused in the same words", async () => {
  for (const [schema, json] of [
    [SubmitRequestSchema, submission((at) => (at < COUNT - 1 ? plain(at) : '{"type":5}'))],
    [SubmitRequestSchema, submission((at) => (at < COUNT - 1 ? plain(at) : "null"))],
    [SubmitRequestSchema, `{"instanceId":"a","metrics":${metrics(plain)},"instance_id":"b"}`],
    [SubmitRequestSchema, `[${"1,".repeat(50_000)}1]`],
    [ExportMetricsServiceRequestSchema, gauge((at) => (at < COUNT - 1 ? point(at) : '{"asInt":"1.5"}'))],
    [ExportMetricsServiceRequestSchema, gauge(point).replace('"gauge"', '"sum":{},"gauge"')],
  ] as [DescMessage, string][]) {
    const sent = await parseMessageJson(Buffer.from(json));
    const options = { ignoreUnknownFields: true };
    let expected = "";
    try {
      fromJson(schema, JSON.parse(json) as JsonValue, options);
    } catch (error) {
      expected = (error as Error).message;
    }
    assert.is.not(expected, "");
    const found = await fromLargeJson(schema, sent).catch((error: Error) => error.message);
    assert.is(found, expected);
  }
});

test.run();
