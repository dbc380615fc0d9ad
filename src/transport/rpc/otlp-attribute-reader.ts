/** Attributes of OTLP from their bytes, as `otlp-reader.ts` reads points. */
import { AnyValueSchema } from "../../../gen/opentelemetry/proto/common/v1/common_pb.js";
import type { Attributes } from "../../otlp/data-point.ts";
import { readAnyValue } from "./otlp-messages.ts";
import { fieldsOf, type WireReader } from "./wire-reader.ts";

const ANY_VALUE = { text: 10, bool: 16, int: 24, double: 33 } as const;
const NESTED_VALUE = { array: 42, list: 50, bytes: 58 } as const;

const KNOWN_ANY_VALUE = fieldsOf(ANY_VALUE, NESTED_VALUE);

/** Sets that are remembered, and the bytes of all of them together; beyond, all are forgotten and read anew. */
const SETS_MAX = 4000;
const BYTES_MAX = 1_000_000;

/**
 * Sets of attributes by their bytes. An exporter sends the same ones again with each export, so that most are neither
 * read nor, since equal ones are one object, mapped again.
 */
const remembered = new Map<string, Attributes>();
let bytes = 0;

/**
 * The attributes that stand here one after the other; the tag of the first has been read. Of one that is there twice,
 * which breaks the protocol, the last counts.
 *
 * @param end of the message that they are in
 */
export function readAttributes(reader: WireReader, tag: number, end: number): Attributes {
  const start = reader.at;
  reader.skip(tag);
  while (reader.at < end && reader.isAt(tag)) {
    reader.at += 1;
    reader.skip(tag);
  }
  const key = reader.since(start);
  const known = remembered.get(key);
  if (known !== undefined) return known;
  const attributes = new Map<string, unknown>();
  const behind = reader.at;
  for (reader.at = start; reader.at < behind; reader.at += 1)
    attributes.set(...reader.pair(readAttributeValue));
  reader.at = behind;
  remember(key, attributes);
  return attributes;
}

function remember(key: string, attributes: Attributes): void {
  if (remembered.size >= SETS_MAX || bytes + key.length > BYTES_MAX) {
    remembered.clear();
    bytes = 0;
  }
  if (key.length > BYTES_MAX) return;
  remembered.set(key, attributes);
  bytes += key.length;
}

function readAttributeValue(reader: WireReader): unknown {
  const end = reader.endOfMessage();
  const start = reader.at;
  let value: unknown = null;
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag === ANY_VALUE.text) value = reader.text();
    else if (tag === ANY_VALUE.int) value = reader.varint();
    else if (tag === ANY_VALUE.double) value = reader.double();
    else if (tag === ANY_VALUE.bool) value = reader.varint() !== 0;
    else if (tag === NESTED_VALUE.array || tag === NESTED_VALUE.list || tag === NESTED_VALUE.bytes) {
      reader.at = start;
      return readAnyValue(reader.message(AnyValueSchema, end));
    } else reader.skipUnknown(tag, KNOWN_ANY_VALUE);
  }
  reader.expectEnd(end);
  return value;
}
