import { setImmediate } from "node:timers/promises";
import {
  create,
  type DescField,
  type DescMessage,
  type Message,
  type MessageShape,
  mergeFromBinary,
} from "@bufbuild/protobuf";
import { ServiceError } from "../../errors.ts";
import { pushInTurns, SCAN_FROM_BYTES } from "../http/json-guard.ts";
import { isWellKnown, placeOf } from "./large-messages.ts";
import { shapeOf, WireGuard } from "./wire-guard.ts";

/** That of protobuf-es: messages within messages. */
const RECURSION_LIMIT = 100;
/** Of tags and lengths. */
const VARINT_BYTES_MAX = 5;

/** See that decoding a large message does not take too much. @throws {ServiceError} `malformed_body` */
export function guardInTurns(schema: DescMessage, bytes: Uint8Array): Promise<void> {
  return pushInTurns(new WireGuard(shapeOf(schema)), bytes);
}

/**
 * A message from its bytes. A large one is guarded, and decoded in turns: what stands behind each other in bytes
 * is merged by Protobuf's own rules, so that any number of fields can be merged at a time.
 *
 * @param partBytes decoded between two yields to the event loop, if nothing in them is longer
 * @throws {ServiceError} `malformed_body` for a large one that is no message, or would take too much.
 * @throws {Error} of protobuf-es, for a small one.
 */
export async function fromLargeBinary<Desc extends DescMessage>(
  schema: Desc,
  bytes: Uint8Array,
  partBytes = SCAN_FROM_BYTES,
): Promise<MessageShape<Desc>> {
  const message = create(schema);
  if (bytes.length <= partBytes) return mergeFields(schema, message, bytes, 0) as MessageShape<Desc>;
  await guardInTurns(schema, bytes);
  try {
    await mergeInTurns(schema, message, bytes, { depth: 0, partBytes });
    return message;
  } catch (cause) {
    throw new ServiceError("malformed_body", "body is not valid protobuf", { cause });
  }
}

function mergeFields(desc: DescMessage, message: Message, bytes: Uint8Array, depth: number): Message {
  const options = { readUnknownFields: false, recursionLimit: RECURSION_LIMIT - depth };
  return mergeFromBinary(desc, message, bytes, options);
}

async function mergeInTurns(
  desc: DescMessage,
  message: Message,
  bytes: Uint8Array,
  { depth, partBytes }: { readonly depth: number; readonly partBytes: number },
): Promise<void> {
  let start = 0;
  let at = 0;
  const mergeUntil = async (end: number) => {
    mergeFields(desc, message, bytes.subarray(start, end), depth);
    start = end;
    await setImmediate();
  };
  while (at < bytes.length) {
    const field = fieldAt(bytes, at);
    // What is odd is left to the decoder, with all that comes behind it.
    if (field === undefined) break;
    if (field.end > bytes.length) throw new RangeError("a field is longer than its message");
    const nested = field.end - field.content > partBytes ? nestedField(desc, field.number) : undefined;
    if (nested !== undefined && depth < RECURSION_LIMIT - 1) {
      await mergeUntil(at);
      const content = bytes.subarray(field.content, field.end);
      await mergeInTurns(nested.message, placeOf(message, nested), content, { depth: depth + 1, partBytes });
      start = field.end;
    }
    at = field.end;
    if (at - start >= partBytes) await mergeUntil(at);
  }
  await mergeUntil(bytes.length);
}

/** A field of a message's bytes. */
interface FieldBytes {
  readonly number: number;
  /** Begins behind its tag, and its length where it has one. */
  readonly content: number;
  readonly end: number;
}

/** Undefined for a group, and for a tag or a length that is none. The end may lie beyond the bytes. */
function fieldAt(bytes: Uint8Array, at: number): FieldBytes | undefined {
  const { value: tag, end: content } = varintAt(bytes, at);
  const number = Math.floor(tag / 8);
  if (content - at > VARINT_BYTES_MAX || tag > 0xffff_ffff || number === 0) return undefined;
  switch (tag % 8) {
    case 0:
      return { number, content, end: varintAt(bytes, content).end };
    case 1:
      return { number, content, end: content + 8 };
    case 2: {
      const length = varintAt(bytes, content);
      if (length.end - content > VARINT_BYTES_MAX) return undefined;
      return { number, content: length.end, end: length.end + length.value };
    }
    case 5:
      return { number, content, end: content + 4 };
    default:
      return undefined;
  }
}

function varintAt(bytes: Uint8Array, at: number): { readonly value: number; readonly end: number } {
  let value = 0;
  let weight = 1;
  let end = at;
  while (end < bytes.length && (bytes[end] as number) >= 0x80 && end - at < 10) {
    value += ((bytes[end++] as number) & 0x7f) * weight;
    weight *= 128;
  }
  return { value: value + (bytes[end] ?? 0) * weight, end: end + 1 };
}

/** A field that holds messages, which can be merged by themselves. */
function nestedField(
  { fields }: DescMessage,
  number: number,
): (DescField & { message: DescMessage }) | undefined {
  const field = fields.find((one) => one.number === number);
  if (field?.message === undefined || field.fieldKind === "map" || isWellKnown(field.message))
    return undefined;
  return field as DescField & { message: DescMessage };
}
