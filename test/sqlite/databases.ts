/** Databases in folders of their own, for the tests of storage. */
import { hash } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Database } from "../../src/sqlite/file/database.ts";
import { migrateUp, readApplied, readMigrations } from "../../src/sqlite/file/migrator.ts";
import { openWriter } from "../../src/sqlite/file/open.ts";
import { until } from "../support/wait.ts";

export const MIGRATIONS_FOLDER = new URL("../../migrations", import.meta.url).pathname;
export const MIGRATIONS = readMigrations(MIGRATIONS_FOLDER);

const folders: string[] = [];
process.on("exit", () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that is removed when the test process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "mcp-metrics-storage-"));
  folders.push(folder);
  return folder;
}

/** Where a database may be made; it is not there yet. */
export function temporaryPath(): string {
  return join(temporaryFolder(), "metrics.db");
}

/** The writing connection, without the thread around it. */
export function openUnmigrated(path: string): Database {
  return openWriter(path, (found) => void readApplied(found, MIGRATIONS));
}

export function openMigrated(path: string = temporaryPath()): Database {
  const database = openUnmigrated(path);
  migrateUp(database, MIGRATIONS);
  return database;
}

/** Everything that the schema says, and which migrations it says it holds. */
export function schemaOf(database: Database): readonly string[] {
  const objects = database
    .all(
      "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    )
    .map((row) => `${row.type} ${row.name}: ${row.sql}`);
  if (!objects.some((object) => object.startsWith("table schema_migrations"))) return objects;
  const versions = database.all("SELECT version, checksum FROM schema_migrations ORDER BY version");
  return [...objects, ...versions.map((row) => `${row.version} ${row.checksum}`)];
}

/** What a killed process would leave: the files as the kernel has them now. Returns the copy's path. */
export function crashImage(path: string): string {
  const copy = temporaryPath();
  for (const suffix of ["", "-wal"]) {
    if (existsSync(path + suffix)) cpSync(path + suffix, copy + suffix);
  }
  return copy;
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/**
 * Wait until connections that this process closed have let go of their files. libsql 0.5.29 closes when the
 * connection is collected: it then folds the log into the database, in the middle of whatever goes on.
 */
export async function releaseClosed(): Promise<void> {
  collectGarbage();
  await new Promise((resolve) => void setImmediate(resolve));
}

/**
 * Wait until nothing was written for longer than a service's jobs pause, two seconds: it has done what it has to
 * after its start.
 */
export const untilQuiet = (path: string): Promise<void> =>
  until("nothing is written", () => Date.now() - statSync(`${path}-wal`).mtimeMs > 3000, 60_000, 100);

/** A digest of a database and its log, to see whether anybody touched them. An empty log says nothing. */
export async function digestOf(path: string): Promise<string> {
  await releaseClosed();
  return ["", "-wal"]
    .map((suffix) =>
      hash("sha256", existsSync(path + suffix) ? readFileSync(path + suffix) : Buffer.alloc(0)),
    )
    .join("|");
}

/** The statements of a migration; none of ours holds a semicolon at a line's end inside one. */
export function statementsOf(script: string): readonly string[] {
  return script
    .split(/;[ \t]*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement.replace(/--.*$/gm, "").trim() !== "");
}
