/** What is read of OTLP by hand is what the generated classes read, or is left to them. */
import { deepStrictEqual } from "node:assert";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ExportMetricsServiceRequestSchema } from "../../../gen/opentelemetry/proto/collector/metrics/v1/metrics_service_pb.js";
import type { ResourcePoints } from "../../../src/otlp/data-point.ts";
import { decodeResources } from "../../../src/transport/rpc/otlp-messages.ts";
import { decodeExport, readExportRequest } from "../../../src/transport/rpc/otlp-reader.ts";
import { OddMessageError } from "../../../src/transport/rpc/wire-reader.ts";
import { repairWireText } from "../../../src/transport/rpc/wire-text.ts";

repairWireText();
const RUNS = { numRuns: Number(process.env.FUZZ_RUNS ?? 2000) };

type Request = MessageInitShape<typeof ExportMetricsServiceRequestSchema>;

const text = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.constantFrom("", "mcp.method.name", "tools/call", "é".repeat(20), "__proto__"),
);
const uint64 = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 1000n }));
const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
const anyValue = fc.oneof(
  text.map((value) => ({ value: { case: "stringValue" as const, value } })),
  fc.boolean().map((value) => ({ value: { case: "boolValue" as const, value } })),
  fc
    .bigInt({ min: -1000n, max: 2n ** 55n })
    .map((value) => ({ value: { case: "intValue" as const, value } })),
  fc.double().map((value) => ({ value: { case: "doubleValue" as const, value } })),
  text.map((value) => ({
    value: {
      case: "arrayValue" as const,
      value: { values: [{ value: { case: "stringValue" as const, value } }] },
    },
  })),
  fc.uint8Array({ maxLength: 4 }).map((value) => ({ value: { case: "bytesValue" as const, value } })),
  fc.constant({}),
);
const attributes = fc.array(fc.record({ key: text, value: optional(anyValue) }), { maxLength: 4 });
const common = {
  attributes,
  startTimeUnixNano: uint64,
  timeUnixNano: uint64,
  flags: fc.constantFrom(0, 0, 0, 1, 2, 3),
};
const numberPoints = fc.array(
  fc.record({
    ...common,
    value: fc.oneof(
      fc.double().map((value) => ({ case: "asDouble" as const, value })),
      fc
        .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
        .map((value) => ({ case: "asInt" as const, value })),
      fc.constant({ case: undefined }),
    ),
  }),
  { maxLength: 3 },
);
const histogramPoints = fc.array(
  fc.record({
    ...common,
    count: uint64,
    sum: optional(fc.double()),
    min: optional(fc.double()),
    max: optional(fc.double()),
    bucketCounts: fc.array(uint64, { maxLength: 5 }),
    explicitBounds: fc.array(fc.double(), { maxLength: 4 }),
  }),
  { maxLength: 3 },
);
const aggregationTemporality = fc.constantFrom(0, 1, 2, 7);
const exponential = fc.record({
  ...common,
  count: uint64,
  scale: fc.integer({ min: -10, max: 20 }),
  zeroCount: uint64,
});
const data = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ dataPoints: numberPoints }).map((value) => ({ case: "gauge" as const, value })),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({ dataPoints: numberPoints, aggregationTemporality, isMonotonic: fc.boolean() })
      .map((value) => ({ case: "sum" as const, value })),
  },
  {
    weight: 5,
    arbitrary: fc
      .record({ dataPoints: histogramPoints, aggregationTemporality })
      .map((value) => ({ case: "histogram" as const, value })),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ dataPoints: fc.array(exponential, { maxLength: 2 }), aggregationTemporality })
      .map((value) => ({ case: "exponentialHistogram" as const, value })),
  },
  { weight: 1, arbitrary: fc.constant({ case: undefined }) },
);
const request: fc.Arbitrary<Request> = fc.record({
  resourceMetrics: fc.array(
    fc.record({
      resource: optional(fc.record({ attributes })),
      scopeMetrics: fc.array(
        fc.record({
          scope: optional(fc.record({ name: text, version: text, attributes })),
          metrics: fc.array(fc.record({ name: text, unit: text, data }), { maxLength: 3 }),
        }),
        { maxLength: 2 },
      ),
    }),
    { maxLength: 2 },
  ),
}) as fc.Arbitrary<Request>;

const bytesOf = (value: Request): Buffer =>
  Buffer.from(toBinary(ExportMetricsServiceRequestSchema, create(ExportMetricsServiceRequestSchema, value)));

/** What the classes make of it; undefined where it is no message to them. */
async function byClasses(bytes: Buffer): Promise<readonly ResourcePoints[] | undefined> {
  let sent: ReturnType<typeof decodeResources>;
  try {
    const options = { readUnknownFields: false };
    sent = decodeResources(fromBinary(ExportMetricsServiceRequestSchema, bytes, options).resourceMetrics);
  } catch {
    return undefined;
  }
  const read = await sent.read();
  assert.is(
    sent.count,
    read.reduce((sum, { points }) => sum + points.length, 0),
  );
  return read;
}

/** What is read by hand; undefined for what is left to the classes. */
function byHand(bytes: Buffer): readonly ResourcePoints[] | undefined {
  try {
    return readExportRequest(bytes);
  } catch (error) {
    assert.instance(error, OddMessageError);
    return undefined;
  }
}

const withoutFingerprints = (resources: readonly ResourcePoints[] | undefined) =>
  resources?.map(({ attributes, points }) => ({ attributes: [...attributes], points }));

test("any request is read as the classes read it, with the same fingerprints", async () => {
  let read = 0;
  await fc.assert(
    fc.asyncProperty(request, async (value) => {
      const bytes = bytesOf(value);
      const hand = byHand(bytes);
      if (hand === undefined) return;
      read += 1;
      deepStrictEqual(hand, await byClasses(bytes));
    }),
    RUNS,
  );
  assert.ok(read > RUNS.numRuns / 2, `only ${read} of ${RUNS.numRuns} were read by hand`);
});

test("a request with anything done to its bytes is read as the classes read it, or left to these", async () => {
  const edit = fc.record({
    at: fc.nat(),
    bytes: fc.uint8Array({ maxLength: 5 }),
    removed: fc.nat({ max: 5 }),
  });
  await fc.assert(
    fc.asyncProperty(request, fc.array(edit, { minLength: 1, maxLength: 3 }), async (value, edits) => {
      let bytes = bytesOf(value);
      for (const { at, bytes: added, removed } of edits) {
        const place = bytes.length === 0 ? 0 : at % bytes.length;
        bytes = Buffer.concat([bytes.subarray(0, place), added, bytes.subarray(place + removed)]);
      }
      const hand = byHand(bytes);
      if (hand === undefined) return;
      deepStrictEqual(withoutFingerprints(hand), withoutFingerprints(await byClasses(bytes)));
    }),
    RUNS,
  );
});

test("requests behind each other are read as the classes merge them, or left to these", async () => {
  await fc.assert(
    fc.asyncProperty(request, request, async (first, second) => {
      const bytes = Buffer.concat([bytesOf(first), bytesOf(second)]);
      const hand = byHand(bytes);
      if (hand !== undefined) deepStrictEqual(hand, await byClasses(bytes));
    }),
    RUNS,
  );
});

test("what senders have beside our schema is passed over: exemplars, descriptions, schemas", async () => {
  const point = Buffer.from(
    toBinary(
      ExportMetricsServiceRequestSchema,
      create(ExportMetricsServiceRequestSchema, {
        resourceMetrics: [
          {
            scopeMetrics: [
              {
                metrics: [
                  {
                    name: "a",
                    data: {
                      case: "gauge",
                      value: { dataPoints: [{ value: { case: "asDouble", value: 1 } }] },
                    },
                  },
                ],
              },
            ],
          },
        ],
      }),
    ),
  );
  // schema_url of the resource (3), behind all else: the length of the whole grows with it.
  const withSchema = Buffer.concat([
    Buffer.from([10, (point[1] ?? 0) + 5]),
    point.subarray(2),
    Buffer.from([26, 3, 97, 98, 99]),
  ]);
  const [found] = readExportRequest(withSchema);
  assert.is(found?.points.length, 1);
  const sent = await decodeExport(withSchema);
  assert.equal([sent.count, sent.leftOut], [1, []]);
});

test("attributes are the same object when they come again, and the right ones after any number of others", () => {
  const requestOf = (tool: string) =>
    bytesOf({
      resourceMetrics: [
        {
          scopeMetrics: [
            {
              metrics: [
                {
                  name: "a",
                  data: {
                    case: "gauge",
                    value: {
                      dataPoints: [
                        {
                          attributes: [
                            { key: "tool", value: { value: { case: "stringValue", value: tool } } },
                          ],
                        },
                      ],
                    },
                  },
                },
              ],
            },
          ],
        },
      ],
    });
  const attributesOf = (tool: string) => readExportRequest(requestOf(tool))[0]?.points[0]?.attributes;
  const first = attributesOf("first");
  assert.is(attributesOf("first"), first);
  for (let tool = 0; tool < 9000; tool += 1)
    assert.is(attributesOf(`tool ${tool}`)?.get("tool"), `tool ${tool}`);
  assert.is.not(attributesOf("first"), first, "forgotten");
  assert.equal([...(attributesOf("first") ?? [])], [["tool", "first"]]);
  const long = "x".repeat(30_000);
  for (let tool = 0; tool < 100; tool += 1) assert.is(attributesOf(long + tool)?.get("tool"), long + tool);
});

test("bytes that are no request are rejected, however they are read", async () => {
  for (const bytes of [Buffer.from("points"), Buffer.from([10, 200, 1]), Buffer.from([10, 2, 18, 9])])
    assert.instance(await decodeExport(bytes).catch((error) => error), Error);
});

test.run();
