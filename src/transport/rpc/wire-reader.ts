import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";

/** The bytes are no message, or one that is too odd to be read here. */
export class OddMessageError extends Error {
  override readonly name = "OddMessageError";
}

/** Tags of what stands in a list of pairs: the entry of a map, and an attribute of OTLP. */
const PAIR = { key: 10, value: 18 } as const;

/** The numbers of the fields that a reader knows. */
export type KnownFields = ReadonlySet<number>;

/** The fields of these tags, each of which is the field's number times eight, and its wire type. */
export function fieldsOf(...tags: readonly Readonly<Record<string, number>>[]): KnownFields {
  return new Set(tags.flatMap((named) => Object.values(named)).map((tag) => Math.floor(tag / 8)));
}

const KNOWN_OF_PAIR = fieldsOf(PAIR);

/** A varint of more bytes than this, of which only negative numbers are made, is not read here. */
const VARINT_BYTES_MAX = 7;
/** Below this length a text is read byte by byte: a call into node costs more. */
const SHORT_TEXT = 24;

/**
 * Reads a Protobuf message from its bytes (https://protobuf.dev/programming-guides/encoding), field by field.
 * Text that is no UTF-8 is repaired, as everywhere in this service.
 *
 * @throws {OddMessageError} from every method.
 */
export class WireReader {
  readonly #bytes: Buffer;
  /** Where the next byte is. */
  at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** An unsigned number; a tag is one, too: eight times the field's number, and its wire type. */
  varint(): number {
    const bytes = this.#bytes;
    let value = 0;
    let weight = 1;
    for (let read = 0; read < VARINT_BYTES_MAX; read += 1) {
      const byte = bytes[this.at++];
      if (byte === undefined) throw new OddMessageError("it ends in a number");
      if (byte < 0x80) return value + byte * weight;
      value += (byte & 0x7f) * weight;
      weight *= 128;
    }
    throw new OddMessageError("a number is long");
  }

  double(): number {
    const { at } = this;
    this.#skip(8);
    return this.#bytes.readDoubleLE(at);
  }

  /** A fixed64 as it is. */
  uint64(): bigint {
    const { at } = this;
    this.#skip(8);
    return this.#bytes.readBigUInt64LE(at);
  }

  /** A fixed64 as the nearest number. */
  uint64AsNumber(): number {
    const { at } = this;
    this.#skip(8);
    const high = this.#bytes.readUInt32LE(at + 4);
    return high * 2 ** 32 + this.#bytes.readUInt32LE(at);
  }

  /** An sfixed64 as the nearest number. */
  int64AsNumber(): number {
    const { at } = this;
    this.#skip(8);
    return Number(this.#bytes.readBigInt64LE(at));
  }

  /** Packed fixed64s, each as the nearest number. */
  uint64List(): number[] {
    const end = this.#endOfNumbers();
    const numbers: number[] = [];
    while (this.at < end) numbers.push(this.uint64AsNumber());
    return numbers;
  }

  /** Packed doubles. */
  doubleList(): number[] {
    const end = this.#endOfNumbers();
    const numbers: number[] = [];
    while (this.at < end) numbers.push(this.double());
    return numbers;
  }

  #endOfNumbers(): number {
    const end = this.endOfMessage();
    if ((end - this.at) % 8 !== 0) throw new OddMessageError("a number is cut");
    return end;
  }

  /** Where the message ends that begins with its length here. */
  endOfMessage(): number {
    const length = this.varint();
    const end = this.at + length;
    if (end > this.#bytes.length) throw new OddMessageError("it ends in a field");
    return end;
  }

  text(): string {
    const end = this.endOfMessage();
    const { at } = this;
    this.at = end;
    if (end - at > SHORT_TEXT) return this.#bytes.toString("utf8", at, end);
    let text = "";
    for (let next = at; next < end; next += 1) {
      const byte = this.#bytes[next] as number;
      if (byte >= 0x80) return this.#bytes.toString("utf8", at, end);
      text += String.fromCharCode(byte);
    }
    return text;
  }

  /** Whether this tag is next, of a field whose number is below 16. */
  isAt(tag: number): boolean {
    return this.#bytes[this.at] === tag;
  }

  /** The bytes from `start` to here, each as a character. */
  since(start: number): string {
    return this.#bytes.toString("latin1", start, this.at);
  }

  /** The bytes up to `end`, which is where reading goes on. */
  bytesTo(end: number): Buffer {
    const bytes = this.#bytes.subarray(this.at, end);
    this.at = end;
    return bytes;
  }

  /** A key with its value, which is null where it has none. */
  pair(readValue: (reader: WireReader) => unknown): readonly [key: string, value: unknown] {
    const end = this.endOfMessage();
    let key = "";
    let value: unknown = null;
    let hasValue = false;
    while (this.at < end) {
      const tag = this.varint();
      if (tag === PAIR.key) key = this.text();
      else if (tag === PAIR.value) {
        if (hasValue) throw new OddMessageError("a value comes twice");
        hasValue = true;
        value = readValue(this);
      } else this.skipUnknown(tag, KNOWN_OF_PAIR);
    }
    this.expectEnd(end);
    return [key, value];
  }

  /** The message that ends at `end`, by its generated class. */
  message<Desc extends DescMessage>(schema: Desc, end: number): MessageShape<Desc> {
    try {
      return fromBinary(schema, this.bytesTo(end), { readUnknownFields: false });
    } catch (cause) {
      throw new OddMessageError("a message within cannot be read", { cause });
    }
  }

  /** Of a message that ends at `end`, which a field must not reach beyond. */
  expectEnd(end: number): void {
    if (this.at !== end) throw new OddMessageError("a field is longer than its message");
  }

  /**
   * Pass over a field that nobody knows, by its tag. One that is known, in another wire type than its own, is odd.
   *
   * @param known from `fieldsOf`
   */
  skipUnknown(tag: number, known: KnownFields): void {
    const number = Math.floor(tag / 8);
    const isOdd = number === 0 || tag > 0xffff_ffff || known.has(number);
    if (isOdd) throw new OddMessageError("a field has another type, or no number");
    this.skip(tag);
  }

  /** Pass over a field, by its tag. */
  skip(tag: number): void {
    switch (tag & 7) {
      case 0:
        this.varint();
        return;
      case 1:
        this.#skip(8);
        return;
      case 2:
        this.at = this.endOfMessage();
        return;
      case 5:
        this.#skip(4);
        return;
      default:
        throw new OddMessageError("it holds a group");
    }
  }

  #skip(bytes: number): void {
    this.at += bytes;
    if (this.at > this.#bytes.length) throw new OddMessageError("it ends in a number");
  }
}
