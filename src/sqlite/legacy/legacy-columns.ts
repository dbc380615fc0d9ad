import type { Database } from "../file/database.ts";

/**
 * A value as the predecessor has it: SQLite lets any type stand in any column
 * (https://sqlite.org/datatype3.html).
 */
export type LegacyValue = string | number | null;

/** The names of a table's columns; none when there is no such table. */
export function columnsOf(database: Database, table: string): ReadonlySet<string> {
  const sql = "SELECT name FROM pragma_table_info(?)";
  return new Set(database.all(sql, table).map((row) => String(row.name)));
}

/**
 * SQL for a column as bytes unless it is a number, `NULL` where the table does not have it. Text that is no
 * UTF-8 aborts the whole process when libsql 0.5.29 reads it as text, and a NUL truncates it. Another program
 * wrote these files, so that neither can be ruled out.
 */
export function readColumn(columns: ReadonlySet<string>, column: string, name: string): string {
  if (!columns.has(column)) return `NULL AS ${name}`;
  const isNumber = `typeof(${column}) IN ('integer', 'real')`;
  return `CASE WHEN ${isNumber} THEN CAST(${column} AS REAL) ELSE CAST(${column} AS BLOB) END AS ${name}`;
}

// U+FFFD for what is no UTF-8; a byte order mark is text like any other.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A row of such columns, its bytes as text. */
export function decode(row: Readonly<Record<string, unknown>>): Record<string, LegacyValue> {
  // The driver adds `_metadata`.
  const entries = Object.entries(row).filter(([name]) => name !== "_metadata");
  return Object.fromEntries(
    entries.map(([name, value]) => [
      name,
      value instanceof ArrayBuffer ? decoder.decode(value) : (value as LegacyValue),
    ]),
  );
}
