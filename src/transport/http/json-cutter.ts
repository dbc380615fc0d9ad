/** The bytes that matter; all are ASCII, so UTF-8 need not be decoded. */
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const OPEN_OBJECT = 0x7b;
const CLOSE_LIST = 0x5d;
const CLOSE_OBJECT = 0x7d;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;

/** A list or object that is open. */
export interface OpenValue {
  readonly isList: boolean;
  /** Of an object: where the key of its last member stands, with its quotes. */
  keyStart: number;
  keyEnd: number;
  /** Of an object: whether the next string is a key. */
  expectsKey: boolean;
}

/** A piece of JSON, which begins where the one before ends. */
export interface JsonPiece {
  readonly start: number;
  readonly end: number;
  /** What is open behind it, outermost first: a list whose only element is the whole text, then what that opens. */
  readonly open: readonly OpenValue[];
  /** How many of those that were open before it have stayed open. */
  readonly kept: number;
  /** Whether it ends within a string. Otherwise it ends with a comma, but for the last. */
  readonly endsInString: boolean;
  readonly isLast: boolean;
}

/**
 * Cuts JSON where nothing is torn apart: behind a comma that is no string's, or within a string that is a value.
 * It looks for structure alone; whether a piece is valid, its parser finds out.
 */
export class JsonCutter {
  readonly #bytes: Uint8Array;
  readonly #pieceBytes: number;
  readonly #open: OpenValue[] = [];
  #at = 0;
  #isInString = false;

  /** Cut from `pieceBytes` on, as soon as it is possible. */
  constructor(bytes: Uint8Array, pieceBytes: number) {
    this.#bytes = bytes;
    this.#pieceBytes = pieceBytes;
    this.#enter(true);
  }

  /**
   * The next piece. What the one before says of open values is no longer true then.
   *
   * @throws {SyntaxError} for brackets that do not match, and for a text that ends within something.
   */
  next(): JsonPiece {
    const start = this.#at;
    let kept = this.#open.length;
    const limit = start + this.#pieceBytes;
    let isLast = true;
    while (isLast && this.#at < this.#bytes.length) {
      if (this.#isInString) isLast = !this.#readString(limit);
      else {
        const isComma = this.#readToken();
        kept = Math.min(kept, this.#open.length);
        isLast = !isComma || this.#open.length === 1 || this.#at < limit;
      }
    }
    if (isLast && (this.#isInString || this.#open.length > 1)) throw new SyntaxError("it ends too early");
    return { start, end: this.#at, open: [...this.#open], kept, endsInString: this.#isInString, isLast };
  }

  /** Read to behind the next byte of structure. Whether that is a comma. */
  #readToken(): boolean {
    const bytes = this.#bytes;
    let at = this.#at;
    while (at < bytes.length && !isStructure(bytes[at] as number)) at += 1;
    this.#at = at + 1;
    const innermost = this.#open.at(-1) as OpenValue;
    switch (bytes[at]) {
      case QUOTE:
        this.#isInString = true;
        if (innermost.expectsKey) innermost.keyStart = at;
        return false;
      case COMMA:
        innermost.expectsKey = !innermost.isList;
        return true;
      case COLON:
        innermost.expectsKey = false;
        return false;
      case OPEN_LIST:
      case OPEN_OBJECT:
        this.#enter(bytes[at] === OPEN_LIST);
        return false;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        this.#open.pop();
        if (innermost.isList !== (bytes[at] === CLOSE_LIST) || this.#open.length === 0)
          throw new SyntaxError("a bracket closes nothing");
        return false;
      default:
        this.#at = bytes.length;
        return false;
    }
  }

  #enter(isList: boolean): void {
    this.#open.push({ isList, keyStart: 0, keyEnd: 0, expectsKey: !isList });
  }

  /** Read to behind the quote that ends a string, or to where a value can be cut behind `limit`. Whether it is cut. */
  #readString(limit: number): boolean {
    const bytes = this.#bytes;
    const innermost = this.#open.at(-1) as OpenValue;
    const cutFrom = innermost.expectsKey ? bytes.length : limit;
    let at = this.#at;
    for (; at < bytes.length; at += lengthAt(bytes, at)) {
      if (at >= cutFrom && canCutAt(bytes, at)) {
        this.#at = at;
        return true;
      }
      if (bytes[at] !== QUOTE) continue;
      this.#isInString = false;
      this.#at = at + 1;
      if (innermost.expectsKey) innermost.keyEnd = this.#at;
      return false;
    }
    this.#at = bytes.length;
    return false;
  }
}

function isStructure(byte: number): boolean {
  if (byte < OPEN_LIST) return byte === QUOTE || byte === COMMA || byte === COLON;
  return byte === OPEN_LIST || byte === CLOSE_LIST || byte === OPEN_OBJECT || byte === CLOSE_OBJECT;
}

/** Of the byte or the escape that begins here in a string. */
function lengthAt(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== BACKSLASH) return 1;
  return bytes[at + 1] === LETTER_U ? 6 : 2;
}

/** Whether a string can be cut before what begins here: not within a character of UTF-8, or a pair of surrogates. */
function canCutAt(bytes: Uint8Array, at: number): boolean {
  // A fourth byte that continues continues nothing.
  if (isContinuation(bytes[at])) return [1, 2, 3].every((before) => isContinuation(bytes[at - before]));
  return !(startsWith(bytes, at, SECOND_HALF) && startsWith(bytes, at - 6, FIRST_HALF));
}

/** Escapes of the two halves of a pair of surrogates, as far as they are told by. */
const FIRST_HALF = /^\\u[dD][89abAB]/;
const SECOND_HALF = /^\\u[dD][c-fC-F]/;

function startsWith(bytes: Uint8Array, at: number, half: RegExp): boolean {
  return bytes[at] === BACKSLASH && half.test(String.fromCharCode(...bytes.subarray(at, at + 4)));
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
