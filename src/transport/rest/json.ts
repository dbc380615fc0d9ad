import { isUtf8 } from "node:buffer";
import { ServiceError } from "../../errors.ts";

/** Deeper nesting is refused; a submission needs four levels. */
const DEPTH_MAX = 32;
/** More values than any submission within the limits can have, by far. */
const SEPARATORS_MAX = 250_000;
/** Bodies up to here parse in well under a millisecond whatever they hold, and are not scanned first. */
const SCAN_FROM_BYTES = 64 * 1024;

/**
 * Parse a JSON body.
 *
 * A large one is scanned first: JSON.parse itself has no limit, and 10 MB of nested brackets would
 * hold the event loop for over a second.
 *
 * @throws {ServiceError} `malformed_body`
 */
export function parseJson(body: Buffer): unknown {
  if (body.length > SCAN_FROM_BYTES) scan(body);
  if (!isUtf8(body)) throw new ServiceError("malformed_body", "body is not valid UTF-8");
  try {
    return JSON.parse(body.toString("utf8"));
  } catch (cause) {
    throw new ServiceError("malformed_body", "body is not valid JSON", { cause });
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

function scan(body: Buffer): void {
  let depth = 0;
  let separators = 0;
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at];
    if (byte === QUOTE) at = endOfString(body, at);
    else if (byte === 0x5b || byte === 0x7b) depth += 1;
    else if (byte === 0x5d || byte === 0x7d) depth -= 1;
    else if (byte === COMMA) separators += 1;
    if (depth > DEPTH_MAX)
      throw new ServiceError("malformed_body", `JSON is nested deeper than ${DEPTH_MAX}`);
    if (separators > SEPARATORS_MAX) {
      throw new ServiceError("malformed_body", `JSON has more than ${SEPARATORS_MAX} values`);
    }
  }
}

/** Index of the closing quote; the last index when there is none, which the parser then reports. */
function endOfString(body: Buffer, start: number): number {
  for (let at = body.indexOf(QUOTE, start + 1); at !== -1; at = body.indexOf(QUOTE, at + 1)) {
    let backslashes = 0;
    while (body[at - 1 - backslashes] === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return at;
  }
  return body.length;
}
