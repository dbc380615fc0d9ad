/**
 * Text that is no Unicode. Emitters cut names and messages at a number of bytes, or of UTF-16 units, and one
 * broken text must not cost the metrics beside it: it is repaired with U+FFFD wherever it stands, in keys as
 * in values, before anything is validated. So every protocol sees the same text, and validates that.
 */

/** What is no UTF-8 becomes U+FFFD; a BOM is dropped, as it has no place in JSON. */
const utf8 = new TextDecoder("utf-8");

const SURROGATE = /\\u[dD][89a-fA-F]/;
const PAIR = /\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}/y;
const HALF = /\\u[dD][89a-fA-F][0-9a-fA-F]{2}/y;

/** Decodes JSON into text that holds Unicode alone, also once its escapes are read. */
export const jsonDecoder = {
  decode: (bytes: Uint8Array): string => repairEscapes(utf8.decode(bytes)),
};

/**
 * JSON without lone surrogates: `\ud800` becomes `\ufffd`. A walk from one backslash to the next: what a
 * backslash escapes may be another one, and bodies of megabytes can hold nothing but escapes.
 */
function repairEscapes(json: string): string {
  if (!SURROGATE.test(json)) return json;
  const parts: string[] = [];
  let kept = 0;
  for (let at = json.indexOf("\\"); at !== -1; at = json.indexOf("\\", at)) {
    PAIR.lastIndex = at;
    HALF.lastIndex = at;
    if (PAIR.test(json)) at = PAIR.lastIndex;
    else if (HALF.test(json)) {
      parts.push(json.slice(kept, at), "\\ufffd");
      at = HALF.lastIndex;
      kept = at;
    } else at += 2;
  }
  parts.push(json.slice(kept));
  return parts.join("");
}
