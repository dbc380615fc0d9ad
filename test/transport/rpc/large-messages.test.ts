/** Messages that are decoded in parts are what the generated classes make of them at once. */
import { deepStrictEqual } from "node:assert";
import { type DescMessage, fromBinary, fromJson, type JsonValue, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { SubmitRequestSchema } from "../../../gen/mcp/metrics/v1/metrics_service_pb.js";
import { ExportMetricsServiceRequestSchema } from "../../../gen/opentelemetry/proto/collector/metrics/v1/metrics_service_pb.js";
import { fromLargeBinary } from "../../../src/transport/rpc/large-binary.ts";
import { fromLargeJson } from "../../../src/transport/rpc/large-messages.ts";

const RUNS = { numRuns: Number(process.env.FUZZ_RUNS ?? 200) };

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

for (const [schema, json] of [
  [SubmitRequestSchema, submitted],
  [ExportMetricsServiceRequestSchema, exported],
] as [DescMessage, fc.Arbitrary<JsonValue>][]) {
  test(`bytes of any ${schema.name}, and with anything done to them, are the same message in parts`, async () => {
    const edits = fc.array(fc.record({ at: fc.nat(), byte: fc.nat(255), removed: fc.nat(2) }), {
      maxLength: 2,
    });
    let decoded = 0;
    await fc.assert(
      fc.asyncProperty(
        json,
        json,
        edits,
        fc.integer({ min: 1, max: 60 }),
        async (one, other, edit, partBytes) => {
          const parts = [one, other].map((sent) => {
            try {
              return toBinary(schema, fromJson(schema, sent, { ignoreUnknownFields: true }));
            } catch {
              return new Uint8Array();
            }
          });
          let bytes = Buffer.concat(parts);
          for (const { at, byte, removed } of edit) {
            const place = at % (bytes.length + 1);
            bytes = Buffer.concat([
              bytes.subarray(0, place),
              Buffer.from([byte]),
              bytes.subarray(place + removed),
            ]);
          }
          let expected: unknown;
          try {
            expected = fromBinary(schema, bytes, { readUnknownFields: false });
            if (bytes.length > 0) decoded += 1;
          } catch {
            expected = undefined;
          }
          const found = await fromLargeBinary(schema, bytes, partBytes).catch(() => undefined);
          // The decoder does not mind a field that reaches beyond its message. Parts end where they end.
          if (found === undefined && edit.length > 0) return;
          deepStrictEqual(found, expected);
        },
      ),
      RUNS,
    );
    assert.ok(decoded > RUNS.numRuns / 20, `only ${decoded} of ${RUNS.numRuns} are messages`);
  });
}

test("messages nested too deeply are none in parts, either", async () => {
  const bytesOf = (field: number, content: Buffer) => {
    const length: number[] = [];
    for (let rest = content.length; ; rest >>= 7) {
      length.push(rest < 128 ? rest : (rest % 128) + 128);
      if (rest < 128) break;
    }
    return Buffer.concat([Buffer.from([field * 8 + 2, ...length]), content]);
  };
  for (const [depth, isMessage] of [
    [91, true],
    [130, false],
  ] as const) {
    // AnyValue.kvlist_value, KeyValueList.values, KeyValue.value, and so on.
    let content: Buffer = Buffer.alloc(0);
    for (let at = 0; at < depth; at += 1) content = bytesOf([6, 2, 1][at % 3] as number, content);
    const dataPoint = bytesOf(7, bytesOf(2, content));
    const bytes = [1, 2, 2, 5, 1].reduceRight((inner, field) => bytesOf(field, inner), dataPoint);
    const expected = (() => {
      try {
        return fromBinary(ExportMetricsServiceRequestSchema, bytes);
      } catch {
        return undefined;
      }
    })();
    assert.is(expected !== undefined, isMessage);
    const found = await fromLargeBinary(ExportMetricsServiceRequestSchema, bytes, 1).catch(() => undefined);
    deepStrictEqual(found, expected);
  }
});

test.run();
