import type { Distribution } from "../../catalogue/measurement.ts";
import { readDistribution } from "../../store/distribution.ts";
import type { Row } from "../file/database.ts";

/**
 * How many rows are read fast: SQLite writes each of their columns as one JSON array (`json_group_array`),
 * and a statement returns one row. An array a row costs half as much again, an object a row through the
 * driver three times as much, nearly all of it for crossing from native code to JavaScript cell by cell.
 */
export type Column = readonly (number | string | null)[];

/**
 * SQL for the columns of an answer, to be read by `readColumns`; `expressions` are constants, never a
 * client's.
 */
export function asColumns(expressions: readonly string[]): string {
  return expressions.map((expression, index) => `json_group_array(${expression}) AS c${index}`).join(", ");
}

/** The first `count` columns, in the order of their expressions; all of one length, empty without a row. */
export function readColumns(row: Row | undefined, count: number): Column[] {
  return Array.from({ length: count }, (_, index) => JSON.parse(String(row?.[`c${index}`] ?? "[]")));
}

/** A column that holds integers alone. */
export type Integers = readonly number[];

/**
 * SQL for a number of which `exactNumber` reads every digit. JSON in SQLite 3.45 keeps 15 of them, and a
 * double needs 17. Texts with 17 are slow to write: what has at most three decimals, as most that is
 * measured, is written in thousandths, as an integer.
 */
export function exact(column: string): string {
  const thousandths = `CAST(${column} * 1000 AS INTEGER)`;
  const isExact = `abs(${column}) < 9e12 AND ${thousandths} / 1000.0 = ${column}`;
  return `iif(${isExact}, ${thousandths}, iif(${column} IS NULL, NULL, printf('%!.17g', ${column})))`;
}

/** The number that `exact` wrote; NaN for NULL. */
export function exactNumber(cell: Column[number] | undefined): number {
  if (typeof cell === "number") return cell / 1000;
  return cell === null || cell === undefined ? Number.NaN : Number(cell);
}

/** SQL for the distributions of an answer's measurements, to be read by `readDistributions`: few have one. */
export const DISTRIBUTIONS =
  "json_group_object(id, distribution) FILTER (WHERE distribution IS NOT NULL) AS distributions";

/** The distributions of an answer, by the id of the measurement; of measurements that have none, nothing. */
export function readDistributions(row: Row | undefined): ReadonlyMap<number, Distribution> {
  const found = new Map<number, Distribution>();
  const json = String(row?.distributions ?? "{}");
  if (json === "{}") return found;
  for (const [id, text] of Object.entries(JSON.parse(json) as Record<string, string>)) {
    const distribution = readDistribution(text);
    if (distribution !== undefined) found.set(Number(id), distribution);
  }
  return found;
}
