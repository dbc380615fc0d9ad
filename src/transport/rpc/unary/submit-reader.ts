/**
 * SubmitRequest from its bytes to what is validated, without a message object for each metric, timestamp and value.
 *
 * It reads what clients send. Whatever is odd it leaves to those classes, which give the same result for all
 * that it does read; a test compares the two.
 */
import { setImmediate } from "node:timers/promises";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import type { SubmittedMetric, SubmittedMetrics } from "../../../ingest/submission.ts";
import { fromValue } from "../submit-messages.ts";
import { fieldsOf, OddMessageError, WireReader } from "../wire-reader.ts";

/** Tags of fields, as they stand before each: the field's number times eight, and its wire type. */
const REQUEST = { service: 10, version: 18, instanceId: 26, metrics: 34, idempotencyKey: 42 } as const;
const METRIC = { type: 10, value: 17, durationMs: 25, timestamp: 34, dimensions: 42, metadata: 50 } as const;
const VALUE = { null: 8, number: 17, text: 26, bool: 32, struct: 42, list: 50 } as const;
const TIMESTAMP = { seconds: 8, nanos: 16 } as const;

const KNOWN = {
  request: fieldsOf(REQUEST),
  metric: fieldsOf(METRIC),
  value: fieldsOf(VALUE),
  timestamp: fieldsOf(TIMESTAMP),
} as const;

/** @throws {OddMessageError} for what is left to the generated classes. */
export function readSubmitRequest(bytes: Buffer): SubmittedMetrics {
  const reader = new WireReader(bytes);
  const request = emptyRequest();
  while (reader.at < reader.length) readField(reader, request);
  return request;
}

/** Of a large request, between two yields to the event loop: a few milliseconds. */
const BYTES_PER_YIELD = 64 * 1024;

/** The same in turns. @throws {OddMessageError} */
export async function readLargeSubmitRequest(bytes: Buffer): Promise<SubmittedMetrics> {
  const reader = new WireReader(bytes);
  const request = emptyRequest();
  while (reader.at < reader.length) {
    const end = reader.at + BYTES_PER_YIELD;
    while (reader.at < reader.length && reader.at < end) readField(reader, request);
    await setImmediate();
  }
  return request;
}

function emptyRequest() {
  const metrics: SubmittedMetric[] = [];
  return { service: "", version: "", instance_id: "", idempotency_key: "", metrics };
}

function readField(reader: WireReader, request: ReturnType<typeof emptyRequest>): void {
  const tag = reader.varint();
  if (tag === REQUEST.metrics) request.metrics.push(readMetric(reader));
  else if (tag === REQUEST.service) request.service = reader.text();
  else if (tag === REQUEST.version) request.version = reader.text();
  else if (tag === REQUEST.instanceId) request.instance_id = reader.text();
  else if (tag === REQUEST.idempotencyKey) request.idempotency_key = reader.text();
  else reader.skipUnknown(tag, KNOWN.request);
}

function readMetric(reader: WireReader): SubmittedMetric {
  const end = reader.endOfMessage();
  let type = "";
  let value: number | undefined;
  let durationMs: number | undefined;
  let timestamp: Date | undefined;
  const dimensions: Record<string, unknown> = {};
  const metadata: Record<string, unknown> = {};
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag === METRIC.dimensions) readEntry(reader, dimensions);
    else if (tag === METRIC.metadata) readEntry(reader, metadata);
    else if (tag === METRIC.type) type = reader.text();
    else if (tag === METRIC.value) value = reader.double();
    else if (tag === METRIC.durationMs) durationMs = reader.double();
    else if (tag === METRIC.timestamp) {
      // Two of them would be merged.
      if (timestamp !== undefined) throw new OddMessageError("a timestamp comes twice");
      timestamp = readTimestamp(reader);
    } else reader.skipUnknown(tag, KNOWN.metric);
  }
  reader.expectEnd(end);
  return { type, value, duration_ms: durationMs, timestamp, dimensions, metadata };
}

function readTimestamp(reader: WireReader): Date {
  const end = reader.endOfMessage();
  let seconds = 0;
  let nanos = 0;
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag === TIMESTAMP.seconds) seconds = reader.varint();
    else if (tag === TIMESTAMP.nanos) nanos = reader.varint();
    else reader.skipUnknown(tag, KNOWN.timestamp);
  }
  reader.expectEnd(end);
  if (nanos > 0x7fff_ffff) throw new OddMessageError("nanoseconds are too many");
  return new Date(seconds * 1000 + Math.floor(nanos / 1e6));
}

/** One entry of a map. Of a key that comes twice the last value counts. */
function readEntry(reader: WireReader, into: Record<string, unknown>): void {
  const [key, value] = reader.pair(readValue);
  // Assigning to it would set the prototype.
  if (key === "__proto__") throw new OddMessageError("a key is __proto__");
  into[key] = value;
}

/** A google.protobuf.Value. Of several alternatives the last counts; lists and objects are read by their class. */
function readValue(reader: WireReader): unknown {
  const end = reader.endOfMessage();
  const start = reader.at;
  let value: unknown = null;
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag === VALUE.text) value = reader.text();
    else if (tag === VALUE.number) value = reader.double();
    else if (tag === VALUE.bool) value = reader.varint() !== 0;
    else if (tag === VALUE.null) {
      reader.varint();
      value = null;
    } else if (tag === VALUE.struct || tag === VALUE.list) {
      reader.at = start;
      return fromValue(reader.message(ValueSchema, end));
    } else reader.skipUnknown(tag, KNOWN.value);
  }
  reader.expectEnd(end);
  return value;
}
