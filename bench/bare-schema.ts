/**
 * What the predecessor's schema costs as it stands: a main row and a row of the type's own table for
 * each metric, one prepared statement a row, all indexes, 1 000 metrics a transaction, and SQLite's
 * full durability. Metrics are made and turned into parameters beforehand; only SQLite is measured.
 * No HTTP, no parsing, no validation. Prints metrics per second.
 *
 * Its arguments, from bench/main.ts: the database's file, and how many metrics.
 */
import Database from "libsql";
import { createFill, makeRow, type Row } from "./predecessor-schema.ts";
import { createWorkload } from "./workload.ts";

/** Filled before the clock runs: code compiled, caches warm, tables no longer empty. */
const WARM_UP_METRICS = 5_000;

function main(path: string, count: number): void {
  const rows = makeRows(count + WARM_UP_METRICS);
  const database = new Database(path);
  const fill = createFill(database);
  fill(rows.slice(0, WARM_UP_METRICS));
  const startMs = performance.now();
  fill(rows.slice(WARM_UP_METRICS));
  const seconds = (performance.now() - startMs) / 1000;
  process.stdout.write(`${Math.round(count / seconds)}\n`);
  database.close();
}

function makeRows(count: number): Row[] {
  const workload = createWorkload(1);
  const startMs = Date.now();
  return Array.from({ length: count }, (_, index) => {
    const timestamp = new Date(startMs + index / 50).toISOString();
    const requestId = `req_${Math.floor(index / 100)
      .toString(16)
      .padStart(16, "0")}`;
    return makeRow(workload.next(), "bench", requestId, timestamp);
  });
}

const [path = "", count = ""] = process.argv.slice(2);
main(path, Number(count));
