/** The words of SQL as PostgreSQL's dumps have it (https://www.postgresql.org/docs/current/sql-syntax-lexical.html). */
import { TornTextError } from "./csv.ts";
import type { TextCursor } from "./text-cursor.ts";

/** `word`: a key word or a name without quotation marks, in lower case; `number` as it stands. */
export interface Token {
  readonly kind: "word" | "name" | "string" | "number" | "mark";
  readonly text: string;
}

const SPACE = /\s+/y;
const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;
const NUMBER = /\d(?:[\d.]|[eE][-+]?)*/y;
/** No mark follows the last one: two are one of the text, also where a piece ends behind them. */
const NAME = /"[^"]*(?:""[^"]*)*"(?!")/y;
const STRING = /'[^']*(?:''[^']*)*'(?!')/y;
/** With escapes: `E'…'`. */
const ESCAPED_STRING = /'[^'\\]*(?:(?:\\[\s\S]|'')[^'\\]*)*'(?!')/y;
const DOLLAR_TAG = /\$\w*\$?/y;
const ANY = /[\s\S]/y;

const ESCAPES: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

/** The text behind the escapes of `COPY` and `E'…'`: `\t`, `\\`, `\101`, `\x41`. */
export function unescaped(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replaceAll(/\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|([\s\S]))/g, (_, hex, octal, other) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
    return ESCAPES[other] ?? other;
  });
}

/** The next token; undefined at the end. @throws {TornTextError} for a string that does not end. */
export function nextToken(cursor: TextCursor): Token | undefined {
  for (;;) {
    const first = cursor.peek();
    if (first === "") return undefined;
    if (/\s/.test(first)) cursor.take(SPACE);
    else if (first === "-") {
      const mark = take(cursor, ANY);
      if (cursor.peek() !== "-") return { kind: "mark", text: mark };
      cursor.take(/[^\n]*/y);
    } else if (first === "/") {
      const mark = take(cursor, ANY);
      if (cursor.peek() !== "*") return { kind: "mark", text: mark };
      if (cursor.takeUntil("*/") === undefined) throw new TornTextError("ends within a comment");
    } else return tokenFrom(first, cursor);
  }
}

/** The token that begins with the character `first`. */
function tokenFrom(first: string, cursor: TextCursor): Token {
  if (first === "'") return { kind: "string", text: take(cursor, STRING).slice(1, -1).replaceAll("''", "'") };
  if (first === '"') return { kind: "name", text: take(cursor, NAME).slice(1, -1).replaceAll('""', '"') };
  if (/\d/.test(first)) return { kind: "number", text: take(cursor, NUMBER) };
  if (first === "$") return dollarString(cursor);
  if (!/[A-Za-z_\u0080-\uffff]/.test(first)) return { kind: "mark", text: take(cursor, ANY) };
  const word = take(cursor, WORD).toLowerCase();
  if (word !== "e" || cursor.peek() !== "'") return { kind: "word", text: word };
  const inner = take(cursor, ESCAPED_STRING).slice(1, -1).replaceAll("''", "'");
  return { kind: "string", text: unescaped(inner) };
}

/** `$$…$$` or `$tag$…$tag$`, which functions are dumped in; a lone `$` is a mark. */
function dollarString(cursor: TextCursor): Token {
  const tag = take(cursor, DOLLAR_TAG);
  if (tag.length < 2 || !tag.endsWith("$")) return { kind: "mark", text: tag };
  const text = cursor.takeUntil(tag);
  if (text === undefined) throw new TornTextError(`ends within ${tag}`);
  return { kind: "string", text };
}

function take(cursor: TextCursor, pattern: RegExp): string {
  const found = cursor.take(pattern);
  if (found === undefined) throw new TornTextError("ends within a string");
  return found;
}
