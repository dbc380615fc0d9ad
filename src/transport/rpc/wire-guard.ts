import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { ServiceError } from "../../errors.ts";

/** As many as JSON may have values; every message becomes an object of a hundred bytes and more. */
const MESSAGES_MAX = 250_000;
/** A dimension is four: the entry, its key, its value, and what the value is. A number of a list is one. */
const FIELDS_MAX = 4 * MESSAGES_MAX;
/** Deeper than any decoder goes; what is below is not looked at. */
const DEPTH_MAX = 100;

/** All that is needed to walk through a message's bytes, by the numbers of its fields. */
export interface WireShape {
  /** Fields that are messages in their turn. */
  readonly messages: ReadonlyMap<number, WireShape>;
  /** Lists of numbers, which may stand in one field: the bytes that the smallest number takes. */
  readonly numbers: ReadonlyMap<number, number>;
}

/** Made once for each message of the schema. */
const shapes = new WeakMap<DescMessage, WireShape>();

/** The shape of a message. It is cyclic where the schema is. */
export function shapeOf(message: DescMessage): WireShape {
  const known = shapes.get(message);
  if (known !== undefined) return known;
  const messages = new Map<number, WireShape>();
  const numbers = new Map<number, number>();
  // Before it is filled, for messages that contain themselves.
  shapes.set(message, { messages, numbers });
  for (const field of message.fields) {
    if (field.fieldKind === "map") messages.set(field.number, shapeOfEntry(field));
    else if (field.message !== undefined) messages.set(field.number, shapeOf(field.message));
    else if (field.fieldKind === "list") numbers.set(field.number, bytesOfSmallest(field.scalar));
  }
  return { messages, numbers };
}

/** A map is a list of entries, whose keys are never messages. */
function shapeOfEntry(field: DescField & { fieldKind: "map" }): WireShape {
  const messages = field.mapKind === "message" ? [[2, shapeOf(field.message)] as const] : [];
  return { messages: new Map(messages), numbers: new Map() };
}

/** Text and bytes never share a field: each is counted where it stands. */
function bytesOfSmallest(scalar: ScalarType | undefined): number {
  switch (scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return Number.POSITIVE_INFINITY;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return 8;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return 4;
    default:
      return 1;
  }
}

/** A message that the walk is in. */
interface Open {
  /** Of a message whose end has not come yet. */
  readonly shape: WireShape;
  /** Offset behind its last byte. */
  readonly end: number;
}

/** What the next varint is. */
type Expects = "tag" | "value" | "length";

/**
 * Walks through a protobuf message and counts what the decoder would make of it. Says nothing of
 * whether it is valid; the bytes may come in pieces of any size.
 *
 * Two bytes are enough for an empty message: 10 MB of them would hold the event loop for ten seconds
 * and take gigabytes.
 */
export class WireGuard {
  readonly #open: Open[];
  #offset = 0;
  #skip = 0;
  #expects: Expects = "tag";
  #field = 0;
  /** The varint read so far, and the weight of its next seven bits. */
  #varint = 0;
  #weight = 1;
  #messages = 0;
  #fields = 0;

  constructor(shape: WireShape) {
    this.#open = [{ shape, end: Number.POSITIVE_INFINITY }];
  }

  /** @throws {ServiceError} `malformed_body` as soon as there are too many messages or fields. */
  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      const skipped = Math.min(this.#skip, bytes.length - at);
      this.#skip -= skipped;
      this.#offset += skipped;
      at += skipped;
      if (at === bytes.length) return;
      const byte = bytes[at] ?? 0;
      at += 1;
      this.#offset += 1;
      // Tags and lengths have 32 bits; as in the decoder, what a longer varint says beyond them is lost.
      if (this.#weight < 2 ** 32) this.#varint += (byte & 0x7f) * this.#weight;
      this.#weight *= 128;
      if (byte < 0x80) this.#take(this.#varint % 2 ** 32);
    }
  }

  #take(varint: number): void {
    this.#varint = 0;
    this.#weight = 1;
    const expected = this.#expects;
    this.#expects = "tag";
    if (expected === "tag") this.#enterField(varint);
    else if (expected === "length") this.#enterBytes(varint);
  }

  #enterField(tag: number): void {
    while (this.#offset > this.#top.end) this.#open.pop();
    this.#countFields(1);
    this.#field = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (wireType === 0) this.#expects = "value";
    else if (wireType === 1) this.#skip = 8;
    else if (wireType === 2) this.#expects = "length";
    else if (wireType === 5) this.#skip = 4;
    // The decoder skips a group; its fields are counted where they stand, which can only be stricter.
  }

  #enterBytes(length: number): void {
    const { messages, numbers } = this.#top.shape;
    const numberBytes = numbers.get(this.#field);
    if (numberBytes !== undefined) this.#countFields(length / numberBytes);
    const shape = messages.get(this.#field);
    if (shape === undefined || this.#open.length > DEPTH_MAX) {
      this.#skip = length;
      return;
    }
    this.#messages += 1;
    if (this.#messages > MESSAGES_MAX) throw tooMany(MESSAGES_MAX, "values");
    if (length > 0) this.#open.push({ shape, end: this.#offset + length });
  }

  #countFields(count: number): void {
    this.#fields += count;
    if (this.#fields > FIELDS_MAX) throw tooMany(FIELDS_MAX, "fields");
  }

  get #top(): Open {
    const top = this.#open.at(-1);
    if (top === undefined) throw new Error("the outermost message has ended");
    return top;
  }
}

/** HTTP 400: no client sends so many, whatever the limits of a submission. */
function tooMany(max: number, what: string): ServiceError {
  return new ServiceError("malformed_body", `the message has more than ${max} ${what}`);
}
