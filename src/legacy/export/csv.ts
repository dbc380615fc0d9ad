import { TextCursor } from "./text-cursor.ts";

/** A value of a row as its text; null where the database had none. */
export type Cell = string | null;

/** No mark follows the last one: two are one of the text, also where a piece ends behind them. */
const QUOTED = /"[^"]*(?:""[^"]*)*"(?!")/y;
const PLAIN = /[^,\r\n]*/y;
const LINE_END = /\r?\n|\r/y;

/** A quotation mark that never ends: the file was cut off. */
export class TornTextError extends Error {
  override readonly name = "TornTextError";
}

/**
 * The records of a CSV text (RFC 4180), line breaks in quotation marks included. As PostgreSQL writes it, an
 * empty value is null unless it stands in quotation marks.
 *
 * @throws {TornTextError}
 */
export function* readCsv(pieces: Iterable<string>): Generator<readonly Cell[], void> {
  const cursor = new TextCursor(pieces);
  while (cursor.peek() !== "") {
    const cells: Cell[] = [readCell(cursor)];
    while (cursor.peek() === ",") {
      cursor.take(/,/y);
      cells.push(readCell(cursor));
    }
    cursor.take(LINE_END);
    // An empty line, as at the end of many files.
    if (cells.length > 1 || cells[0] !== null) yield cells;
  }
}

function readCell(cursor: TextCursor): Cell {
  if (cursor.peek() !== '"') return cursor.take(PLAIN) || null;
  const quoted = cursor.take(QUOTED);
  if (quoted === undefined) throw new TornTextError("ends within quotation marks");
  // What follows a closing mark belongs to no format; it is kept as it stands.
  return quoted.slice(1, -1).replaceAll('""', '"') + (cursor.take(PLAIN) ?? "");
}
