/**
 * How many rows are read fast: SQLite writes them as one JSON text, which costs half of an object a row.
 *
 * JSON in SQLite 3.45 keeps 15 digits of a number; those that need more are written as text with 17.
 */
export function exact(column: string): string {
  return `iif(${column} = CAST(${column} AS INTEGER), CAST(${column} AS INTEGER), printf('%!.17g', ${column}))`;
}

/** The same for a column that may be NULL. */
export function exactOrNull(column: string): string {
  return `iif(${column} IS NULL, NULL, ${exact(column)})`;
}

/** A row of a JSON text: numbers, also as text, and null. */
export type JsonRow = readonly (number | string | null)[];

export function parseRows(json: unknown): readonly JsonRow[] {
  return JSON.parse(String(json)) as JsonRow[];
}
