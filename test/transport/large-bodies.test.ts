/** Large bodies of every door are decoded in turns, to what they are when they are decoded at once. */
import { type DescMessage, fromJson, type JsonValue, toBinary } from "@bufbuild/protobuf";
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

const JSON_OPTIONS = { ignoreUnknownFields: true };
const binary = (schema: DescMessage, json: string) =>
  Buffer.from(toBinary(schema, fromJson(schema, JSON.parse(json), JSON_OPTIONS)));
const SUBMITTED = binary(SubmitRequestSchema, submission(plain));
const EXPORTED = binary(ExportMetricsServiceRequestSchema, gauge(point));
/** A timestamp that comes twice is left to the generated classes. */
const ODD = Buffer.concat([SUBMITTED, Buffer.from([34, 4, 34, 0, 34, 0])]);

const DOORS: readonly {
  name: string;
  bodies: Readonly<Record<string, string | Buffer>>;
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
  {
    name: "Submit",
    bodies: { many: SUBMITTED, odd: ODD },
    read: (body) => SUBMIT?.prepare(body, "protobuf"),
  },
  {
    name: "Export",
    bodies: { many: EXPORTED },
    read: (body) => EXPORT?.prepare(body, "protobuf"),
  },
  {
    name: "OTLP over HTTP",
    bodies: { many: EXPORTED, "no message": Buffer.concat([EXPORTED, Buffer.from([10, 2, 18, 9])]) },
    read: (body) => readPoints(body, "protobuf"),
  },
];

for (const { name, bodies, read } of DOORS) {
  for (const [what, sent] of Object.entries(bodies)) {
    test(`${name}: others have their turns while a large body is read: ${what}`, async () => {
      const body = Buffer.from(sent as string);
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

test("lists and maps that were parsed are decoded in turns of their own", async () => {
  for (const [schema, json, elements] of [
    [ExportMetricsServiceRequestSchema, gauge(point), COUNT],
    [SubmitRequestSchema, submission(plain), COUNT],
    [SubmitRequestSchema, `{"metrics":[{"metadata":{${members(20_000)}}}]}`, 20_000],
  ] as [DescMessage, string, number][]) {
    const sent = await parseMessageJson(Buffer.from(json));
    const turns = await countTurns(() => fromLargeJson(schema, sent));
    assert.ok(turns >= elements / 32 - 1, `${turns} turns for ${elements}`);
  }
});

test("many points have one fingerprint in every form, and another one when any of them differs", async () => {
  const list = Array.from({ length: 4500 }, (_, at) => point(at));
  const json = (points: readonly string[]) => gauge(point).replace(metrics(point), `[${points.join(",")}]`);
  const fingerprintsOf = async (body: Buffer, form: "json" | "protobuf") =>
    (await (await readPoints(body, form)).read()).map(({ fingerprint }) => fingerprint);
  const whole = json(list);
  const first = await fingerprintsOf(Buffer.from(whole), "json");
  assert.is(first.length, 1);
  const bytes = binary(ExportMetricsServiceRequestSchema, whole);
  assert.equal(await fingerprintsOf(bytes, "protobuf"), first);
  const sent = await readPoints(bytes, "protobuf");
  assert.ok((await countTurns(() => sent.read())) >= 4500 / 200 + 450 / 200 - 1);
  for (const at of [0, 9, 10, 4499]) {
    for (const other of [list.with(at, point(-1)), list.toSpliced(at, 1)])
      assert.not.equal(await fingerprintsOf(Buffer.from(json(other)), "json"), first);
  }
});

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
