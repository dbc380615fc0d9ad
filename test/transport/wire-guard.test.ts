import { fromBinary } from "@bufbuild/protobuf";
import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { SubmitRequestSchema } from "../../gen/mcp/metrics/v1/metrics_service_pb.js";
import {
  ExponentialHistogramDataPoint_BucketsSchema,
  HistogramDataPointSchema,
} from "../../gen/opentelemetry/proto/metrics/v1/metrics_pb.js";
import { shapeOf, WireGuard } from "../../src/transport/rpc/wire-guard.ts";

const SHAPE = shapeOf(SubmitRequestSchema);
const MESSAGES_MAX = 250_000;

function rejectionOf(bytes: Uint8Array, pieceBytes = bytes.length): string | undefined {
  const guard = new WireGuard(SHAPE);
  try {
    for (let at = 0; at < bytes.length; at += pieceBytes) guard.push(bytes.subarray(at, at + pieceBytes));
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** A length-delimited field; lengths of up to 2^28. */
function field(number: number, payload: Uint8Array): Buffer {
  const { length } = payload;
  const head = [(number << 3) | 2];
  for (let rest = length; ; rest >>>= 7) {
    head.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
    if (rest <= 0x7f) break;
  }
  return Buffer.concat([Buffer.from(head), payload]);
}

const repeat = (bytes: Uint8Array, count: number) => Buffer.alloc(bytes.length * count, bytes);
const EMPTY = Buffer.alloc(0);
const EMPTY_COUNT = Buffer.alloc(8);
const METRICS = 4;
const METADATA = 6;
/** A metadata entry whose value is a list of `count` empty values. */
const listEntry = (count: number) => field(METADATA, field(2, field(6, repeat(field(1, EMPTY), count))));

const MANY = MESSAGES_MAX + 1;
const REFUSED: Readonly<Record<string, Buffer>> = {
  "empty metrics": repeat(field(METRICS, EMPTY), MANY),
  "empty dimensions of one metric": field(METRICS, repeat(field(5, EMPTY), MANY)),
  "values in lists": field(METRICS, listEntry(MANY)),
  "values spread over metrics": repeat(field(METRICS, listEntry(1000)), 250),
  "fields nobody knows": repeat(Buffer.from([0xf8, 0x01, 0x01]), 1_000_001),
  "fields in groups": Buffer.concat([Buffer.from([0x7b]), repeat(field(METRICS, EMPTY), MANY)]),
  "metrics behind a length of ten bytes": Buffer.concat([
    Buffer.from([0x0a, 0x81, 0x80, 0x80, 0x80, 0xf0, 0xff, 0xff, 0xff, 0xff, 0x01, 0x61]),
    repeat(field(METRICS, EMPTY), MANY),
  ]),
};

for (const [name, bytes] of Object.entries(REFUSED)) {
  test(`too many ${name} are rejected, in whatever pieces they come`, () => {
    for (const pieceBytes of [bytes.length, 65_536, 7])
      assert.match(rejectionOf(bytes, pieceBytes) ?? "let through", "the message has more than");
  });
}

test("as many values as are allowed are let through, and text is not counted", () => {
  assert.is(rejectionOf(repeat(field(METRICS, EMPTY), MESSAGES_MAX)), undefined);
  assert.is(rejectionOf(field(1, repeat(field(METRICS, EMPTY), 2_000_000))), undefined);
});

test("numbers that share a field are counted one by one", () => {
  const shape = shapeOf(ExponentialHistogramDataPoint_BucketsSchema);
  const refused = new WireGuard(shape);
  assert.throws(
    () => refused.push(field(2, repeat(Buffer.from([1]), 1_000_001))),
    /more than 1000000 fields/,
  );
  new WireGuard(shape).push(field(2, repeat(Buffer.from([1]), 900_000)));
  const fixed = new WireGuard(shapeOf(HistogramDataPointSchema));
  fixed.push(field(6, repeat(EMPTY_COUNT, 900_000)));
  assert.throws(() => fixed.push(field(6, repeat(EMPTY_COUNT, 200_000))), /more than 1000000 fields/);
});

test("a length of ten bytes means to the decoder what it means to the guard", () => {
  const bytes = Buffer.from([
    0x0a, 0x81, 0x80, 0x80, 0x80, 0xf0, 0xff, 0xff, 0xff, 0xff, 0x01, 0x61, 0x22, 0,
  ]);
  const message = fromBinary(SubmitRequestSchema, bytes);
  assert.is(message.service, "a");
  assert.is(message.metrics.length, 1);
});

test("bytes of any kind are walked through without an error of the guard's own", () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(bytes, fc.integer({ min: 1, max: 9 }), (noise, pieceBytes) => {
      assert.is(rejectionOf(noise, pieceBytes), undefined);
    }),
  );
});

test.run();
