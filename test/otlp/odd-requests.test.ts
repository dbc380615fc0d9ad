/** Whatever is odd in one point of a request, every other point of it is stored as it was sent. */
import { create, type JsonObject, type JsonValue, toBinary, toJson } from "@bufbuild/protobuf";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ExportMetricsServiceRequestSchema } from "../../gen/opentelemetry/proto/collector/metrics/v1/metrics_service_pb.js";
import { AggregationTemporality } from "../../gen/opentelemetry/proto/metrics/v1/metrics_pb.js";
import { openReader } from "../../src/sqlite/file/open.ts";
import { parseExposition } from "../support/exposition.ts";
import { WRITER } from "../support/http.ts";
import { startTestService } from "../support/service.ts";
import { attributesOf, type Metric, nowNs, post, resourceMetrics } from "./requests.ts";

const service = await startTestService();
const database = openReader(service.databasePath);
let names = 0;

test.after(async () => {
  database.close();
  await service.close();
});

const POINTS = 10;
const { DELTA, CUMULATIVE } = AggregationTemporality;

/** Two points of each kind, each with its number as an attribute. */
function metricsOf(timeUnixNano: bigint): readonly Metric[] {
  let number = 0;
  const common = () => ({
    attributes: attributesOf({ n: `p${number++}`, pod: "a" }),
    startTimeUnixNano: timeUnixNano - 1_000_000_000n,
    timeUnixNano,
  });
  const two = <Point>(point: () => Point) => [point(), point()];
  const value = { case: "asInt" as const, value: 7n };
  const numbers = () => two(() => ({ ...common(), value }));
  const buckets = {
    count: 3n,
    sum: 30,
    min: 1,
    max: 20,
    explicitBounds: [5, 50],
    bucketCounts: [1n, 2n, 0n],
  };
  const exponential = {
    count: 3n,
    sum: 30,
    scale: 1,
    zeroCount: 1n,
    positive: { offset: 2, bucketCounts: [1n, 1n] },
  };
  return [
    { name: "level", data: { case: "gauge", value: { dataPoints: numbers() } } },
    {
      name: "deltas",
      data: {
        case: "sum",
        value: { dataPoints: numbers(), aggregationTemporality: DELTA, isMonotonic: true },
      },
    },
    {
      name: "totals",
      data: {
        case: "sum",
        value: { dataPoints: numbers(), aggregationTemporality: CUMULATIVE, isMonotonic: true },
      },
    },
    {
      name: "durations",
      unit: "ms",
      data: {
        case: "histogram",
        value: {
          dataPoints: two(() => ({ ...common(), ...buckets })),
          aggregationTemporality: CUMULATIVE,
        },
      },
    },
    {
      name: "sizes",
      unit: "By",
      data: {
        case: "exponentialHistogram",
        value: { dataPoints: two(() => ({ ...common(), ...exponential })), aggregationTemporality: DELTA },
      },
    },
  ];
}

/** Of each point: how many values, and what they add up to. */
const WANTED = [7, 7, 7, 7, 7, 7, 3, 3, 30, 30].map((value, index) => [index < 6 ? 1 : 3, value]);

function assertOthersStored(name: string, victim: number): void {
  const sql = `SELECT dimensions ->> '$.n' AS n, sum(count) AS count, sum(value) AS value, sum(sum_duration_ms) AS ms
    FROM metrics WHERE service = ? GROUP BY 1`;
  const rows = new Map(database.all(sql, name).map((row) => [row.n, row]));
  for (const [index, [count, value]] of WANTED.entries()) {
    if (index === victim) continue;
    const row = rows.get(`p${index}`);
    assert.equal([row?.count, row?.value], [count, value], `point ${index}, beside an odd ${victim}`);
    if (index === 6 || index === 7) assert.is(row?.ms, 30);
  }
}

/** A request of a service that nobody has used, and its points in order, which can be changed. */
function freshRequest() {
  const name = `service-${++names}`;
  const metrics = metricsOf(nowNs());
  const points = metrics.flatMap(({ data }): readonly object[] => data?.value?.dataPoints ?? []);
  const message = () =>
    create(ExportMetricsServiceRequestSchema, {
      resourceMetrics: [resourceMetrics({ "service.name": name }, metrics)],
    });
  return { name, points, message };
}

const victim = fc.nat(POINTS - 1);
const double = fc.oneof(
  fc.constantFrom(
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    0,
    -0,
    -1,
    1e300,
    -1e300,
    2 ** 53,
    5e-324,
  ),
  fc.double(),
);
const fixed64 = fc.oneof(
  fc.constantFrom(0n, 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);
const int32 = fc.oneof(fc.constantFrom(0, -1, 2 ** 31 - 1, -(2 ** 31)), fc.integer());
const text = fc.oneof(
  fc.constantFrom("", "n", "metric_name", "success", "a\u0000b", "x".repeat(5000)),
  fc.string({ unit: "binary" }),
);
const attribute = fc.record({
  key: text,
  value: fc.option(
    fc
      .oneof(
        fc.record({ case: fc.constant("stringValue"), value: text }),
        fc.record({ case: fc.constant("doubleValue"), value: double }),
        fc.record({ case: fc.constant("bytesValue"), value: fc.uint8Array({ maxLength: 20 }) }),
        fc.record({ case: fc.constant("arrayValue"), value: fc.constant({ values: [{}] }) }),
        fc.record({ case: fc.constant("kvlistValue"), value: fc.constant({ values: [{ key: "a" }] }) }),
      )
      .map((value) => ({ value })),
    { nil: undefined },
  ),
});
const buckets = fc.record({ offset: int32, bucketCounts: fc.array(fixed64, { maxLength: 600 }) });

/** A field that some points have, and something odd for it. */
const change = fc.oneof(
  fc.tuple(fc.constantFrom("sum", "min", "max", "zeroThreshold"), double),
  fc.tuple(fc.constantFrom("count", "zeroCount", "startTimeUnixNano", "timeUnixNano"), fixed64),
  fc.tuple(
    fc.constant("value"),
    double.map((value) => ({ case: "asDouble", value })),
  ),
  fc.tuple(
    fc.constant("value"),
    fc.constantFrom({ case: undefined }, { case: "asInt", value: -(2n ** 63n) }),
  ),
  fc.tuple(fc.constant("explicitBounds"), fc.array(double, { maxLength: 600 })),
  fc.tuple(fc.constant("bucketCounts"), fc.array(fixed64, { maxLength: 600 })),
  fc.tuple(fc.constant("scale"), int32),
  fc.tuple(fc.constantFrom("positive", "negative"), buckets),
  fc.tuple(fc.constant("flags"), fc.constantFrom(0, 1, 2, 2 ** 32 - 1)),
  fc.tuple(fc.constant("attributes"), fc.array(attribute, { maxLength: 60 })),
);

test("Protobuf: an odd field of one point loses no other point", async () => {
  await fc.assert(
    fc.asyncProperty(victim, change, async (at, [field, odd]) => {
      const { name, points, message } = freshRequest();
      Object.assign(points[at] ?? {}, { [field]: odd });
      const body = toBinary(ExportMetricsServiceRequestSchema, message());
      await assertTaken(body, "application/x-protobuf");
      assertOthersStored(name, at);
    }),
    { numRuns: 150 },
  );
});

const oddJson: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.constantFrom<JsonValue>(null, true, "", "x", "1.5", "NaN", "-1", -1, 1.5, 1e300, [], {}, [[]], { a: 1 }),
  fc.constantFrom<JsonValue>(
    "\ud800",
    [null],
    [{}],
    "9".repeat(5000),
    { key: 1 },
    { stringValue: 1, intValue: "2" },
  ),
  fc.jsonValue() as fc.Arbitrary<JsonValue>,
);

/** Every place within JSON that has a value: the object or list, and the key there. */
function placesIn(json: JsonValue): readonly (readonly [JsonObject, string])[] {
  if (typeof json !== "object" || json === null) return [];
  const own = Object.keys(json).map((key) => [json as JsonObject, key] as const);
  return [...own, ...Object.values(json).flatMap(placesIn)];
}

test("JSON: anything in the place of anything in one point loses no other point", async () => {
  await fc.assert(
    fc.asyncProperty(victim, fc.nat(), oddJson, async (at, place, odd) => {
      const { name, message } = freshRequest();
      const json = toJson(ExportMetricsServiceRequestSchema, message(), { enumAsInteger: true });
      const lists = placesIn(json).filter(([, key]) => key === "dataPoints");
      const points = lists.flatMap(([metric]) =>
        Object.keys(metric.dataPoints ?? []).map((key) => [metric, key]),
      );
      const [metric, key] = points[at] as [JsonObject, string];
      const list = metric.dataPoints as unknown as JsonObject;
      const places = [[list, key] as const, ...placesIn(list[key] ?? null)];
      const [parent, member] = places[place % places.length] as [JsonObject, string];
      parent[member] = odd;
      await assertTaken(JSON.stringify(json), "application/json");
      assertOthersStored(name, at);
    }),
    { numRuns: 150 },
  );
});

async function assertTaken(body: string | Uint8Array<ArrayBuffer>, type: string): Promise<void> {
  const answer = await post(service.url, body, { ...WRITER, "content-type": type });
  assert.is(answer.status, 200, answer.message);
  assert.ok(answer.rejected <= 1, answer.message);
}

const POINT = { asInt: "7", timeUnixNano: "1790000000000000000" };
const ODD_JSON: readonly { readonly name: string; readonly point: JsonValue; readonly rejected: number }[] = [
  { name: "a value that is none", point: { ...POINT, asInt: "1.5" }, rejected: 1 },
  { name: "two values", point: { ...POINT, asDouble: 1 }, rejected: 0 },
  { name: "a time that is none", point: { ...POINT, timeUnixNano: "now" }, rejected: 0 },
  { name: "attributes that are none", point: { ...POINT, attributes: 7 }, rejected: 0 },
  { name: "an attribute that is none", point: { ...POINT, attributes: [7] }, rejected: 0 },
  { name: "no point", point: 7, rejected: 1 },
  { name: "a hundred thousand members", point: { ...POINT, flags: "x", ...manyMembers() }, rejected: 0 },
];

function manyMembers(): JsonObject {
  return Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`member${index}`, 1]));
}

async function countLeftOut(): Promise<number> {
  const samples = parseExposition(await (await fetch(service.prometheusUrl)).text());
  const of = samples.filter(
    ({ name, labels }) => name === "metrics_fields_left_out_total" && labels.field === "json",
  );
  return of.reduce((sum, { value }) => sum + Number(value), 0);
}

for (const { name, point, rejected } of ODD_JSON) {
  test(`JSON: ${name} costs that alone, and is counted`, async () => {
    const to = `service-${++names}`;
    const before = await countLeftOut();
    const resource = { attributes: [{ key: "service.name", value: { stringValue: to } }] };
    const metrics = [{ name: "m", gauge: { dataPoints: [POINT, point, POINT] } }];
    const body = JSON.stringify({ resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] });
    const answer = await post(service.url, body, { ...WRITER, "content-type": "application/json" });
    assert.equal([answer.status, answer.rejected], [200, rejected]);
    const row = database.first("SELECT count(*) AS rows FROM metrics WHERE service = ?", to);
    assert.is(row?.rows, 3 - rejected);
    assert.is((await countLeftOut()) - before, 1);
  });
}

test("JSON: so much that is odd that nothing is meant by it is no request", async () => {
  const points = Array.from({ length: 9_000 }, () => ({ asInt: "x", timeUnixNano: "x" }));
  const metrics = [{ name: "m", gauge: { dataPoints: points } }];
  const body = JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });
  const answer = await post(service.url, body, { ...WRITER, "content-type": "application/json" });
  assert.is(answer.status, 400);
  assert.ok(answer.message.length < 400, `${answer.message.length} characters`);
});

test.run();
