import { cpSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DatabaseOpenError } from "../../src/sqlite/file/failure.ts";
import { MigrationError, readMigrations } from "../../src/sqlite/file/migrator.ts";
import { withDatabase } from "../../src/sqlite/offline.ts";
import { openWriterThread } from "../../src/sqlite/threads/writer.ts";
import { failureOf } from "../support/wait.ts";
import {
  crashImage,
  digestOf,
  MIGRATIONS,
  MIGRATIONS_FOLDER,
  openMigrated,
  openUnmigrated,
  temporaryFolder,
  temporaryPath,
} from "./databases.ts";

/** Make a database of ours, do something to it, and leave it as a killed process would, log and all. */
function brokenBy(sql: string): string {
  const database = openMigrated();
  const path = String(database.first("PRAGMA database_list")?.file);
  database.script(sql);
  const image = crashImage(path);
  database.close();
  return image;
}

/** Made by another program, in SQLite's default journal mode. */
function foreign(sql: string): string {
  const path = temporaryPath();
  const database = openUnmigrated(path);
  database.script("PRAGMA journal_mode = DELETE");
  database.script(sql);
  database.close();
  return path;
}

const REFUSED: readonly { readonly name: string; readonly make: () => string; readonly message: RegExp }[] = [
  {
    name: "a migration altered after it was applied",
    make: () => brokenBy("UPDATE schema_migrations SET checksum = 'another' WHERE version = 2"),
    message: /migration 2 \(aggregation_tables\) was altered/,
  },
  {
    name: "a migration of another name",
    make: () => brokenBy("UPDATE schema_migrations SET name = 'something_else' WHERE version = 3"),
    message: /migration 3 \(something_else\) was altered/,
  },
  {
    name: "a database newer than the program",
    make: () => brokenBy("INSERT INTO schema_migrations VALUES (9999, 'from_the_future', '', '')"),
    message: /9999 \(from_the_future\).*older than the database/,
  },
  {
    name: "a gap in what was applied",
    make: () => brokenBy("DELETE FROM schema_migrations WHERE version = 2"),
    message: /migration 3 \(retention_policies\) without migration 2/,
  },
  {
    name: "another program's database",
    make: () => foreign("CREATE TABLE notes (text); INSERT INTO notes VALUES ('mine')"),
    message: /database of something else/,
  },
  {
    name: "another program's database of views only",
    make: () => foreign("CREATE VIEW one AS SELECT 1"),
    message: /database of something else/,
  },
  {
    name: "the predecessor's database",
    make: () =>
      foreign("CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT, applied_at TEXT)"),
    message: /predecessor's database/,
  },
  {
    name: "a file that is no database",
    make: () => {
      const path = temporaryPath();
      writeFileSync(path, "metrics,value\n".repeat(1000));
      return path;
    },
    message: /not a database/,
  },
  {
    name: "a database cut off in the middle",
    make: () => {
      const path = temporaryPath();
      const database = openMigrated(path);
      database.script("PRAGMA wal_checkpoint(TRUNCATE)");
      cpSync(path, `${path}.cut`);
      truncateSync(`${path}.cut`, 5000);
      database.close();
      return `${path}.cut`;
    },
    message: /malformed/,
  },
];

for (const { name, make, message } of REFUSED) {
  test(`the service refuses ${name} and leaves it byte for byte`, async () => {
    const path = make();
    const before = await digestOf(path);
    const error = await failureOf(openThread(path));
    assert.instance(error, DatabaseOpenError);
    assert.match(error.message, message);
    assert.match(error.message, path);
    assert.is(await digestOf(path), before);
  });

  test(`a command refuses ${name} and leaves it byte for byte`, async () => {
    const path = make();
    const before = await digestOf(path);
    const error = await failureOf(withDatabase(path, MIGRATIONS, () => assert.unreachable()));
    assert.match(error.message, message);
    assert.is(await digestOf(path), before);
  });
}

test("a folder in the place of the database is refused", async () => {
  const path = temporaryPath();
  mkdirSync(path);
  const error = await failureOf(openThread(path));
  assert.match(error.message, /is a folder, not a file/);
});

test("a refused database is not held: the next process may have it", async () => {
  const path = foreign("CREATE TABLE notes (text); INSERT INTO notes VALUES (1)");
  await openThread(path).catch(() => {});
  const error = await failureOf(openThread(path));
  assert.match(error.message, /something else/);
});

function openThread(path: string) {
  return openWriterThread({
    path,
    migrationsFolder: MIGRATIONS_FOLDER,
    onFatal: () => {},
    onCall: () => {},
  });
}

const FOLDERS: readonly { name: string; change: (folder: string) => void; message: RegExp }[] = [
  {
    name: "without a down",
    change: (folder) => writeFileSync(join(folder, "0001_a.up.sql"), "SELECT 1"),
    message: /0001_a.up.sql has no 0001_a.down.sql/,
  },
  {
    name: "with a gap",
    change: (folder) => pair(folder, "0001_a", "0003_c"),
    message: /migration 2 is missing/,
  },
  {
    name: "with a number twice",
    change: (folder) => pair(folder, "0001_a", "0001_b"),
    message: /there twice/,
  },
];

for (const { name, change, message } of FOLDERS) {
  test(`a folder of migrations ${name} is refused`, () => {
    const folder = temporaryFolder();
    change(folder);
    assert.throws(
      () => readMigrations(folder),
      (error: unknown) => {
        return error instanceof MigrationError && message.test(error.message);
      },
    );
  });
}

test("a migration's checksum is that of its file", () => {
  const folder = temporaryFolder();
  pair(folder, "0001_a");
  const [before] = readMigrations(folder);
  const file = join(folder, "0001_a.up.sql");
  writeFileSync(file, `${readFileSync(file, "utf8")} `);
  assert.is.not(readMigrations(folder)[0]?.checksum, before?.checksum);
});

function pair(folder: string, ...stems: readonly string[]): void {
  for (const stem of stems) {
    for (const direction of ["up", "down"])
      writeFileSync(join(folder, `${stem}.${direction}.sql`), "SELECT 1;");
  }
}

test.run();
