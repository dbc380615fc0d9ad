import { setImmediate } from "node:timers/promises";
import { ServiceError } from "../../errors.ts";

/** Scanned between two yields to the event loop: a few milliseconds, whatever they are. */
const BYTES_PER_SCAN = 256 * 1024;

/** Push all of a large body, in turns. @throws {ServiceError} of the guard. */
export async function pushInTurns(
  guard: { readonly push: (bytes: Uint8Array) => void },
  body: Uint8Array,
): Promise<void> {
  for (let at = 0; at < body.length; at += BYTES_PER_SCAN) {
    guard.push(body.subarray(at, at + BYTES_PER_SCAN));
    await setImmediate();
  }
}

/** Deeper nesting is refused; a submission needs four levels. */
const DEPTH_MAX = 32;
/** More values than any submission within the limits can have, by far. */
const SEPARATORS_MAX = 250_000;
/** JSON of up to here parses in well under a millisecond whatever it holds, and need not be scanned first. */
export const SCAN_FROM_BYTES = 64 * 1024;

/** The bytes that matter; all are ASCII, so UTF-8 need not be decoded. */
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

/**
 * Scans JSON for what makes its parser stall, and says nothing of whether it is valid.
 *
 * JSON.parse itself has no limit: 10 MB of nested brackets would hold the event loop for over a second.
 * A scan of as much takes 20 ms. The text may come in pieces of any size.
 */
export class JsonGuard {
  #depth = 0;
  #separators = 0;
  #isInString = false;
  /** Whether the last piece ended within a string, on an odd number of backslashes. */
  #isEscaped = false;

  /** @throws {ServiceError} `malformed_body` as soon as there is too much nesting, or too many values. */
  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      at = this.#isInString ? this.#leaveString(bytes, at) : this.#enterString(bytes, at);
    }
  }

  /** Where the next string begins, or the end. */
  #enterString(bytes: Uint8Array, start: number): number {
    for (let at = start; at < bytes.length; at += 1) {
      const byte = bytes[at];
      if (byte === QUOTE) {
        this.#isInString = true;
        return at + 1;
      }
      if (byte === 0x5b || byte === 0x7b) this.#depth += 1;
      else if (byte === 0x5d || byte === 0x7d) this.#depth -= 1;
      else if (byte === COMMA) this.#separators += 1;
      if (this.#depth > DEPTH_MAX)
        throw new ServiceError("malformed_body", `JSON is nested deeper than ${DEPTH_MAX}`);
      if (this.#separators > SEPARATORS_MAX) {
        throw new ServiceError("malformed_body", `JSON has more than ${SEPARATORS_MAX} values`);
      }
    }
    return bytes.length;
  }

  /** Behind the next quote in this string, which ends it unless it is escaped; or the end. */
  #leaveString(bytes: Uint8Array, start: number): number {
    const found = bytes.indexOf(QUOTE, start);
    const end = found === -1 ? bytes.length : found;
    let first = end;
    while (first > start && bytes[first - 1] === BACKSLASH) first -= 1;
    const isOdd = (end - first) % 2 === 1;
    const isEscaped = first === start && this.#isEscaped ? !isOdd : isOdd;
    this.#isEscaped = found === -1 && isEscaped;
    if (found === -1) return end;
    this.#isInString = isEscaped;
    return found + 1;
  }
}
