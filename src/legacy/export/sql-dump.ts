import type { Cell } from "./csv.ts";
import { nextToken, type Token, unescaped } from "./sql-tokens.ts";
import { TextCursor } from "./text-cursor.ts";

/** A row of a table, without its schema; `columns` as the dump names them, undefined where it does not. */
export interface DumpedRow {
  readonly table: string;
  readonly columns: readonly string[] | undefined;
  readonly cells: readonly Cell[];
}

/** What begins an item of `CREATE TABLE` that is no column. */
const NO_COLUMN = new Set(["constraint", "primary", "unique", "check", "foreign", "exclude", "like"]);

/**
 * The rows that a dump holds: of `COPY … FROM stdin` and of `INSERT INTO … VALUES`, with one row or many. What
 * else stands in it is passed over.
 *
 * @throws {TornTextError} for a dump that ends in the middle of something.
 */
export function* readDump(pieces: Iterable<string>): Generator<DumpedRow, void> {
  const cursor = new TextCursor(pieces);
  const columnsOf = new Map<string, readonly string[]>();
  for (let token = nextToken(cursor); token !== undefined; token = nextToken(cursor)) {
    // A command of psql, such as \connect.
    if (token.text === "\\" && token.kind === "mark") cursor.takeUntil("\n");
    else if (isWord(token, "copy")) yield* readCopy(cursor);
    else if (isWord(token, "insert")) yield* readInsert(cursor, columnsOf);
    else if (isWord(token, "create")) readCreate(cursor, columnsOf);
    else skipStatement(cursor, token);
  }
}

const isWord = (token: Token | undefined, ...words: readonly string[]) =>
  token?.kind === "word" && words.includes(token.text);
const isMark = (token: Token | undefined, text: string) => token?.kind === "mark" && token.text === text;

/** To behind the semicolon that ends the statement in which `token` stands. */
function skipStatement(cursor: TextCursor, token: Token | undefined): void {
  let last = token;
  while (last !== undefined && !isMark(last, ";")) last = nextToken(cursor);
}

/** The table's name without its schema, and the token behind it. */
function readTable(cursor: TextCursor): { readonly table: string; readonly next: Token | undefined } {
  let table = nextToken(cursor)?.text ?? "";
  let next = nextToken(cursor);
  while (isMark(next, ".")) {
    table = nextToken(cursor)?.text ?? "";
    next = nextToken(cursor);
  }
  return { table, next };
}

/** The names between parentheses, the first of which was read. */
function readNames(cursor: TextCursor): readonly string[] {
  const names: string[] = [];
  for (let token = nextToken(cursor); token !== undefined && !isMark(token, ")"); token = nextToken(cursor)) {
    if (token.kind !== "mark") names.push(token.text);
  }
  return names;
}

function* readCopy(cursor: TextCursor): Generator<DumpedRow, void> {
  const { table, next } = readTable(cursor);
  const columns = isMark(next, "(") ? readNames(cursor) : undefined;
  const from = columns === undefined ? next : nextToken(cursor);
  const stdin = nextToken(cursor);
  skipStatement(cursor, stdin);
  if (!isWord(from, "from") || !isWord(stdin, "stdin")) return;
  cursor.takeUntil("\n");
  for (;;) {
    const line = cursor.takeUntil("\n")?.replace(/\r$/, "");
    if (line === undefined || line === "\\.") return;
    yield {
      table,
      columns,
      cells: line.split("\t").map((cell) => (cell === "\\N" ? null : unescaped(cell))),
    };
  }
}

function* readInsert(
  cursor: TextCursor,
  columnsOf: ReadonlyMap<string, readonly string[]>,
): Generator<DumpedRow, void> {
  // INTO
  nextToken(cursor);
  const { table, next } = readTable(cursor);
  const columns = isMark(next, "(") ? readNames(cursor) : columnsOf.get(table);
  let token = isMark(next, "(") ? nextToken(cursor) : next;
  // OVERRIDING SYSTEM VALUE
  while (isWord(token, "overriding", "system", "value")) token = nextToken(cursor);
  if (!isWord(token, "values")) return skipStatement(cursor, token);
  token = nextToken(cursor);
  while (isMark(token, "(")) {
    yield { table, columns, cells: readTuple(cursor) };
    token = nextToken(cursor);
    if (isMark(token, ",")) token = nextToken(cursor);
  }
  skipStatement(cursor, token);
}

/** The values up to the closing parenthesis; of `'{}'::jsonb` and the like, what stands first. */
function readTuple(cursor: TextCursor): readonly Cell[] {
  const cells: Cell[] = [];
  let value: Cell | undefined;
  let depth = 0;
  let sign = "";
  for (let token = nextToken(cursor); token !== undefined; token = nextToken(cursor)) {
    const { kind, text } = token;
    if (kind === "mark" && depth === 0 && (text === "," || text === ")")) {
      cells.push(value ?? null);
      if (text === ")") return cells;
      value = undefined;
      sign = "";
    } else if (kind === "mark" && "([".includes(text)) depth += 1;
    else if (kind === "mark" && ")]".includes(text)) depth -= 1;
    else if (kind === "mark") sign = text === "-" && value === undefined ? "-" : sign;
    else if (value === undefined) value = cellOf(token, sign);
  }
  return cells;
}

function cellOf({ kind, text }: Token, sign: string): Cell {
  if (kind === "number") return sign + text;
  // NULL, DEFAULT, or an expression: nothing that a row has as a value.
  if (kind === "word") return text === "true" || text === "false" ? text : null;
  return text;
}

/** Notes the columns of a table, by which `INSERT` without names of columns is read. */
function readCreate(cursor: TextCursor, columnsOf: Map<string, readonly string[]>): void {
  let token = nextToken(cursor);
  while (isWord(token, "unlogged", "temporary", "temp", "global", "local")) token = nextToken(cursor);
  if (!isWord(token, "table")) {
    skipStatement(cursor, token);
    return;
  }
  let found = readTable(cursor);
  // IF NOT EXISTS, of which the first word was taken for the name.
  if (found.table === "if") {
    nextToken(cursor);
    found = readTable(cursor);
  }
  if (!isMark(found.next, "(")) {
    skipStatement(cursor, found.next);
    return;
  }
  const columns: string[] = [];
  let isFirst = true;
  let depth = 1;
  for (token = nextToken(cursor); token !== undefined && depth > 0; token = nextToken(cursor)) {
    if (isFirst && depth === 1 && !(token.kind === "word" && NO_COLUMN.has(token.text)))
      columns.push(token.text);
    isFirst = depth === 1 && isMark(token, ",");
    if (isMark(token, "(")) depth += 1;
    if (isMark(token, ")")) depth -= 1;
    if (depth === 0) break;
  }
  columnsOf.set(found.table, columns);
  skipStatement(cursor, nextToken(cursor));
}
