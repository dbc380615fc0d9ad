/**
 * Text that is no Unicode. Emitters cut names and messages at a number of bytes, or of UTF-16 units, and one
 * broken text must not cost the metrics beside it: it is repaired with U+FFFD wherever it stands, in keys as
 * in values, before anything is validated. So every protocol sees the same text, and validates that.
 */

/** What is no UTF-8 becomes U+FFFD; a BOM is dropped, as it has no place in JSON. */
const utf8 = new TextDecoder("utf-8");
/** The same for what is not the beginning of a text. */
const utf8Within = new TextDecoder("utf-8", { ignoreBOM: true });

const SURROGATE = /\\u[dD][89a-fA-F]/;
const PAIR = /\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}/y;
const HALF_LENGTH = 6;
const HALF = /\\u[dD][89a-fA-F][0-9a-fA-F]{2}/y;

/** Decodes JSON into text that holds Unicode alone, also once its escapes are read. */
export const jsonDecoder = {
  decode(bytes: Uint8Array): string {
    return repaired(utf8.decode(bytes));
  },
  /** A part of a JSON text, behind its beginning. */
  decodeWithin(bytes: Uint8Array): string {
    return repaired(utf8Within.decode(bytes));
  },
};

function repaired(json: string): string {
  return SURROGATE.test(json) ? repairEscapes(json) : json;
}

/**
 * JSON without lone surrogates: `\ud800` becomes `\ufffd`. A walk from one backslash to the next: what a
 * backslash escapes may be another one, and bodies of megabytes can hold nothing but escapes.
 */
function repairEscapes(json: string): string {
  const parts: string[] = [];
  let kept = 0;
  for (let at = json.indexOf("\\"); at !== -1; at = json.indexOf("\\", at)) {
    const length = surrogatesAt(json, at);
    if (length === HALF_LENGTH) {
      parts.push(json.slice(kept, at), "\\ufffd");
      kept = at + length;
    }
    at += length === 0 ? 2 : length;
  }
  parts.push(json.slice(kept));
  return parts.join("");
}

/** How long the escapes of a pair, or of half of one, are that begin here; 0 for anything else. */
function surrogatesAt(json: string, at: number): number {
  // Nearly all others are told apart by this letter, at a tenth of the cost.
  if (json[at + 1] !== "u") return 0;
  PAIR.lastIndex = at;
  if (PAIR.test(json)) return 2 * HALF_LENGTH;
  HALF.lastIndex = at;
  return HALF.test(json) ? HALF_LENGTH : 0;
}
