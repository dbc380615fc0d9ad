/** What is decoded by hand is what the generated classes decode, or is left to them. */
import { deepStrictEqual } from "node:assert";
import {
  create,
  fromBinary,
  fromJson,
  type JsonValue,
  toBinary,
  toJson,
  toJsonString,
} from "@bufbuild/protobuf";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  type SubmitRequest,
  SubmitRequestSchema,
  SubmitResponseSchema,
} from "../../../gen/mcp/metrics/v1/metrics_service_pb.js";
import type { SubmitAnswer } from "../../../src/api/submit.ts";
import type { SubmittedMetrics } from "../../../src/ingest/submission.ts";
import { fromSubmitRequest, toSubmitResponse } from "../../../src/transport/rpc/submit-messages.ts";
import { writeSubmitAnswer } from "../../../src/transport/rpc/unary/submit-answer.ts";
import { readSubmitJson } from "../../../src/transport/rpc/unary/submit-json.ts";
import { readSubmitRequest } from "../../../src/transport/rpc/unary/submit-reader.ts";
import { OddMessageError } from "../../../src/transport/rpc/wire-reader.ts";
import { repairWireText } from "../../../src/transport/rpc/wire-text.ts";

repairWireText();
const RUNS = { numRuns: Number(process.env.FUZZ_RUNS ?? 3000) };

const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 40 }).map((value) => value.toWellFormed()),
  fc.constantFrom("", "tool_name", "server", "constructor", "1", "é".repeat(30), "\ufeffx", "x".repeat(200)),
);
const double = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(0, -0, 1e308));
const scalar = fc.oneof(text, double, fc.boolean(), fc.constant(null));
const nested = fc.oneof(fc.array(scalar, { maxLength: 3 }), fc.dictionary(text, scalar, { maxKeys: 3 }));
const map = (value: fc.Arbitrary<unknown>) =>
  fc.option(fc.dictionary(text, value, { maxKeys: 6 }), { nil: undefined });
const timestamp = fc.oneof(
  fc.date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true }),
  fc.date({ min: new Date("2020-01-01"), max: new Date("2030-01-01"), noInvalidDate: true }),
);
const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });

/** A request as JSON of Protobuf, with the fields that `undefined` leaves out. */
const request = fc
  .record({
    service: optional(text),
    version: optional(text),
    instanceId: optional(text),
    idempotencyKey: optional(text),
    metrics: fc.array(
      fc.record({
        type: optional(text),
        value: optional(double),
        durationMs: optional(double),
        timestamp: optional(timestamp.map((date) => date.toISOString())),
        dimensions: map(scalar),
        metadata: map(fc.oneof({ weight: 9, arbitrary: scalar }, { weight: 1, arbitrary: nested })),
      }),
      { maxLength: 5 },
    ),
  })
  .map((value) => JSON.parse(JSON.stringify(value)) as JsonValue);

/** What the classes make of it; undefined where it is no message to them. */
function byClasses(decode: () => SubmitRequest): SubmittedMetrics | undefined {
  try {
    return fromSubmitRequest(decode(), undefined);
  } catch {
    return undefined;
  }
}

/** What is read by hand; undefined for what is left to the classes. */
function byHand(read: () => SubmittedMetrics): SubmittedMetrics | undefined {
  try {
    return read();
  } catch (error) {
    assert.instance(error, OddMessageError);
    return undefined;
  }
}

function throwing(error: unknown): never {
  throw error;
}

function assertSame(hand: SubmittedMetrics | undefined, classes: SubmittedMetrics | undefined): void {
  if (hand === undefined) return;
  // An absent key is what no header has said either.
  const { idempotency_key: key, ...rest } = hand;
  deepStrictEqual({ ...rest, idempotency_key: key || undefined }, classes);
}

test("bytes of any request are read as the classes read them", () => {
  let read = 0;
  fc.assert(
    fc.property(request, (json) => {
      const bytes = Buffer.from(toBinary(SubmitRequestSchema, fromJson(SubmitRequestSchema, json)));
      const hand = byHand(() => readSubmitRequest(bytes));
      if (hand !== undefined) read += 1;
      assertSame(
        hand,
        byClasses(() => fromBinary(SubmitRequestSchema, bytes)),
      );
    }),
    RUNS,
  );
  assert.ok(read > RUNS.numRuns * 0.7, `only ${read} of ${RUNS.numRuns} were read by hand`);
});

test("bytes with anything done to them are read as the classes read them, or left to these", () => {
  const edit = fc.record({
    at: fc.nat(),
    bytes: fc.uint8Array({ maxLength: 6 }),
    removed: fc.nat({ max: 6 }),
  });
  fc.assert(
    fc.property(request, fc.array(edit, { minLength: 1, maxLength: 3 }), (json, edits) => {
      let bytes = Buffer.from(toBinary(SubmitRequestSchema, fromJson(SubmitRequestSchema, json)));
      for (const { at, bytes: added, removed } of edits) {
        const place = bytes.length === 0 ? 0 : at % bytes.length;
        bytes = Buffer.concat([bytes.subarray(0, place), added, bytes.subarray(place + removed)]);
      }
      assertSame(
        byHand(() => readSubmitRequest(bytes)),
        byClasses(() => fromBinary(SubmitRequestSchema, bytes)),
      );
    }),
    RUNS,
  );
});

test("two messages behind each other are merged, or left to the classes", () => {
  fc.assert(
    fc.property(request, request, (first, second) => {
      const parts = [first, second].map((json) =>
        toBinary(SubmitRequestSchema, fromJson(SubmitRequestSchema, json)),
      );
      const bytes = Buffer.concat(parts);
      assertSame(
        byHand(() => readSubmitRequest(bytes)),
        byClasses(() => fromBinary(SubmitRequestSchema, bytes)),
      );
    }),
    RUNS,
  );
});

/** What clients may put in the place of a value, and at a key. */
const oddValue = fc.constantFrom<JsonValue>(
  null,
  [],
  {},
  "NaN",
  "1.5",
  1e21,
  true,
  "2026-02-30T00:00:00Z",
  "2026-12-01T10:00:00.1Z",
  "2026-12-01T24:00:00Z",
  "2026-12-01T10:00:00+02:00",
  "2026-12-01T23:59:60Z",
  "2026-12-01",
);
const oddKey = fc.constantFrom(
  "instance_id",
  "duration_ms",
  "durationMs",
  "idempotency_key",
  "extra",
  "toString",
);

test("JSON of any request, and with odd values in it, is read as the classes read it, or left to these", async () => {
  let read = 0;
  const odds = fc.option(fc.tuple(oddKey, oddValue, fc.boolean()));
  await fc.assert(
    fc.asyncProperty(request, odds, fc.boolean(), async (json, odd, isLarge) => {
      const sent = structuredClone(json) as { metrics: Record<string, JsonValue>[] };
      if (odd !== null) {
        const [key, value, isTime] = odd;
        const target = sent.metrics[0] ?? (sent as Record<string, unknown>);
        target[isTime ? "timestamp" : key] = value;
      }
      const large = new Set(isLarge ? [sent.metrics] : []);
      const hand = await readSubmitJson({ value: sent as JsonValue, large }).catch((error) =>
        byHand(() => throwing(error)),
      );
      if (hand !== undefined) read += 1;
      const options = { ignoreUnknownFields: true };
      assertSame(
        hand,
        byClasses(() => fromJson(SubmitRequestSchema, sent as JsonValue, options)),
      );
    }),
    RUNS,
  );
  assert.ok(read > RUNS.numRuns / 4, `only ${read} of ${RUNS.numRuns} were read by hand`);
});

test("JSON in the spelling of a generated client is read by hand", async () => {
  const message = create(SubmitRequestSchema, {
    service: "gateway",
    instanceId: "pod-1",
    metrics: [{ type: "custom", value: 1, durationMs: 2, timestamp: { seconds: 1_790_000_000n } }],
  });
  const json = { value: toJson(SubmitRequestSchema, message), large: new Set() };
  assertSame(await readSubmitJson(json), fromSubmitRequest(message, undefined));
});

test("answers are written as the classes write them", () => {
  const plain = { status: "success", rejected: 0, errors: [], request_id: "req_0123456789abcdef" } as const;
  const answers: readonly SubmitAnswer[] = [
    ...[1, 100, 127, 128, 16_383, 16_384, 2 ** 31 - 1].map((accepted) => ({ ...plain, accepted })),
    { ...plain, accepted: 3, duplicate: true },
    { ...plain, accepted: 3, warnings: ["a version"] },
    {
      ...plain,
      accepted: 3,
      rejected: 1,
      errors: ["an error"],
      rejections: [{ index: 0, field: "type", reason: "required", message: "an error" }],
    },
  ];
  for (const answer of answers) {
    const message = create(SubmitResponseSchema, toSubmitResponse(answer));
    assert.is(writeSubmitAnswer(answer, "json").toString(), toJsonString(SubmitResponseSchema, message));
    assert.equal(writeSubmitAnswer(answer, "protobuf"), Buffer.from(toBinary(SubmitResponseSchema, message)));
  }
});

test.run();
