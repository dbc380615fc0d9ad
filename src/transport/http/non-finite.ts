/**
 * NaN and the infinities as bare words, which JSON does not have and Python's `json.dumps` writes all the same;
 * `nan` and `inf` are Lua's. One such word must cost the metric that has it, and not the whole body.
 */
import { randomUUID } from "node:crypto";

/** Whether JSON may hold such a word, where a value stands. */
const MAY_HOLD = /(?:^|[:,[])\s*-?(?:nan|inf)/i;
const WORD = /-?\b(nan|inf(?:inity)?)\b/gi;
/** What stands for NaN until the text is parsed: a text that no client can know. */
const NAN = randomUUID();

/** JSON, and these words as the numbers they mean. @throws {SyntaxError} */
export function parseWithNonFinite(json: string): unknown {
  if (!MAY_HOLD.test(json)) return JSON.parse(json);
  const text = replaceWords(json, (isNan, sign) => (isNan ? `"${NAN}"` : `${sign}1e999`));
  return JSON.parse(text, (_key, value) => (value === NAN ? Number.NaN : value));
}

/** The same JSON with these words as the JSON of Protobuf spells them, which is as text. */
export function spellNonFinite(json: string): string {
  if (!MAY_HOLD.test(json)) return json;
  return replaceWords(json, (isNan, sign) => (isNan ? '"NaN"' : `"${sign}Infinity"`));
}

/** Replace the words that stand outside of strings. */
function replaceWords(json: string, spell: (isNan: boolean, sign: string) => string): string {
  const replace = (word: string, name: string) =>
    spell(name.toLowerCase() === "nan", word.startsWith("-") ? "-" : "");
  const parts: string[] = [];
  let at = 0;
  while (at < json.length) {
    const open = json.indexOf('"', at);
    const end = open === -1 ? json.length : open;
    parts.push(json.slice(at, end).replace(WORD, replace));
    at = open === -1 ? end : endOfString(json, open);
    parts.push(json.slice(end, at));
  }
  return parts.join("");
}

/** Behind the quote that ends the string that begins at `open`; the end of the text where none does. */
function endOfString(json: string, open: number): number {
  for (let close = json.indexOf('"', open + 1); close !== -1; close = json.indexOf('"', close + 1)) {
    let backslashes = 0;
    while (json[close - 1 - backslashes] === "\\") backslashes += 1;
    if (backslashes % 2 === 0) return close + 1;
  }
  return json.length;
}
