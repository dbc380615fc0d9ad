/** Imports of a predecessor's database, from the outside: the command, and what it leaves. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type Libsql from "libsql";
import * as assert from "uvu/assert";
import type { Database } from "../../src/sqlite/file/database.ts";
import { openReader } from "../../src/sqlite/file/open.ts";
import { readDatabase } from "../../src/sqlite/offline.ts";
import { type Env, freshEnvironment, runCli, temporaryFolder } from "../cli/run-cli.ts";
import { addMetrics, createPredecessor } from "./predecessor.ts";

/** What the command answers. */
export interface Imported {
  readonly metrics: Readonly<Record<string, unknown>> & { imported: number; skipped: number };
  readonly keys: unknown;
  readonly policies: unknown;
  readonly not_taken_over: unknown;
}

/** Import a file, which must succeed. */
export async function importFile(path: string, env: Env): Promise<Imported> {
  const { code, stdout, stderr } = await runCli(["import-legacy", path, "--json"], env);
  assert.is(code, 0, stderr);
  return JSON.parse(stdout) as Imported;
}

/** A predecessor's database with so many metrics, and where to import it. */
export function setup(count: number) {
  const path = join(temporaryFolder(), "old.db");
  const old = createPredecessor(path);
  addMetrics(old, count);
  return { path, old, ...freshTarget() };
}

export function freshTarget(more: Env = {}) {
  const { env, path: target } = freshEnvironment(more);
  return { env, target };
}

/** Count, sum and durations by type, service and hour, as SQLite itself reads the predecessor's times. */
const OLD_HOURS = `SELECT metric_type, service, strftime('%Y-%m-%dT%H', timestamp) AS hour, count(*) AS n,
  round(sum(value), 6) AS sum, round(total(duration_ms), 6) AS duration FROM metrics GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`;
const NEW_HOURS = OLD_HOURS.replace("strftime('%Y-%m-%dT%H', timestamp)", "substr(timestamp, 1, 13)");
const ROLLED_UP = `SELECT metric_type, service, substr(hour_timestamp, 1, 13) AS hour, count AS n,
  round(sum_value, 6) AS sum, round(coalesce(sum_duration_ms, 0), 6) AS duration
  FROM metrics_hourly ORDER BY 1, 2, 3`;

const plain = (row: object) => JSON.stringify({ ...row, _metadata: undefined });
/** Rows as text, to be compared. */
export const rowsOf = (database: Pick<Database, "all">, sql: string) => database.all(sql).map(plain);
export const oldRows = (old: Libsql.Database, sql: string) =>
  old
    .prepare(sql)
    .all([])
    .map((row) => plain(row as object));

/** Raw rows and rollups agree with the source. */
export function assertSame(old: Libsql.Database, target: string): void {
  const wanted = oldRows(old, OLD_HOURS);
  readDatabase(target, (database) => {
    assert.equal(rowsOf(database, NEW_HOURS), wanted);
    assert.equal(rowsOf(database, ROLLED_UP), wanted);
  });
}

/** Metrics in a database that perhaps is not made yet. */
export function countIn(target: string): number {
  if (!existsSync(target)) return 0;
  let reader: Database | undefined;
  try {
    reader = openReader(target);
    return Number(reader.first("SELECT count(*) AS n FROM measurements")?.n);
  } catch {
    // Not made yet.
    return 0;
  } finally {
    reader?.close();
  }
}
