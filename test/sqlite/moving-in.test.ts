/** What is done with a file that another program made: one without a row is moved into, any other is left alone. */
import Libsql from "libsql";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readIdentity } from "../../src/sqlite/file/identity.ts";
import { migrateUp } from "../../src/sqlite/file/migrator.ts";
import { readDatabase, withDatabase } from "../../src/sqlite/offline.ts";
import { createPredecessor, LATER_RELEASE } from "../legacy/predecessor.ts";
import { failureOf } from "../support/wait.ts";
import { crashImage, digestOf, MIGRATIONS, openMigrated, releaseClosed, temporaryPath } from "./databases.ts";

/** A file as another program leaves it, in the journal mode that it prefers. */
async function foreign(sql: string, journal: "DELETE" | "WAL" = "DELETE"): Promise<string> {
  const path = temporaryPath();
  const database = new Libsql(path);
  database.exec(`PRAGMA journal_mode = ${journal}; ${sql}`);
  database.close();
  await releaseClosed();
  return path;
}

const VACANT = [
  "CREATE TABLE _health (id INTEGER)",
  "CREATE TABLE _health (id INTEGER PRIMARY KEY AUTOINCREMENT, checked_at TEXT)",
  "CREATE TABLE _health (id TEXT UNIQUE); CREATE INDEX checks ON _health (id)",
  "CREATE TABLE _health (id); INSERT INTO _health VALUES (1); DELETE FROM _health",
  'CREATE TABLE a (b); CREATE TABLE "odd ""name" (b); CREATE TABLE "naïve" (b)',
  "CREATE TABLE a (b); DROP TABLE a",
];

for (const sql of VACANT) {
  for (const journal of ["DELETE", "WAL"] as const) {
    test(`${sql} (${journal}): the service moves in, and the tables stay`, async () => {
      const path = await foreign(sql, journal);
      const tables = readDatabase(path, (reader) => reader.all("SELECT name, sql FROM sqlite_schema"));
      await withDatabase(path, MIGRATIONS, (database) => {
        assert.is(migrateUp(database, MIGRATIONS).length, MIGRATIONS.length);
        const stored = database.all("SELECT name, sql FROM sqlite_schema");
        for (const { name, sql } of tables) {
          assert.ok(
            stored.some((found) => found.name === name && found.sql === sql),
            String(name),
          );
        }
        assert.is(database.first("PRAGMA auto_vacuum")?.auto_vacuum, 2, "freed pages can be given back");
      });
      assert.ok(Number(readIdentity(path)) > 0, "in the file itself, which a log could not say for it");
      await releaseClosed();
      // As every other database of ours: opened again, after a kill too, and never taken for another's log.
      const database = openMigrated(path);
      database.script("CREATE TABLE late (x)");
      const image = crashImage(path);
      database.close();
      openMigrated(image).close();
    });
  }
}

test("ended in the middle of moving in, it moves in at the next start", async () => {
  const path = await foreign("CREATE TABLE _health (id)", "WAL");
  const database = new Libsql(path);
  database.exec("PRAGMA application_id = 77");
  const image = crashImage(path);
  database.close();
  assert.is(readIdentity(image), 0);
  openMigrated(image).close();
  await releaseClosed();
  openMigrated(image).close();
});

const OCCUPIED = [
  "CREATE TABLE _health (id INTEGER); INSERT INTO _health VALUES (NULL)",
  "CREATE TABLE a (b); CREATE TABLE z (b); INSERT INTO z VALUES (1)",
  "CREATE TABLE Sources (empty)",
  "CREATE TABLE measurements (empty)",
  "CREATE TABLE x (y); CREATE INDEX measurements_ts ON x (y)",
  "CREATE TABLE x (y); CREATE TRIGGER t AFTER INSERT ON x BEGIN DELETE FROM x; END",
  "CREATE TABLE metrics (of_another_kind)",
];

for (const sql of OCCUPIED) {
  test(`${sql}: left alone`, async () => {
    const path = await foreign(sql);
    const before = await digestOf(path);
    const error = await failureOf(withDatabase(path, MIGRATIONS, () => assert.unreachable()));
    assert.match(error.message, /database of something else; choose another path$/);
    assert.is(await digestOf(path), before);
  });
}

const PREDECESSORS: readonly { readonly name: string; readonly sql: string }[] = [
  { name: "never migrated, without a row", sql: "" },
  {
    name: "never migrated",
    sql: "CREATE TABLE _health (id); INSERT INTO api_keys (key_hash, service_name, created_at) VALUES (1, 2, 3)",
  },
  { name: "of a later release", sql: LATER_RELEASE },
  { name: "with one table left", sql: "DROP TABLE metrics; DROP TABLE api_keys; DROP TABLE tool_metrics" },
];

for (const { name, sql } of PREDECESSORS) {
  test(`a predecessor's database ${name}: left alone, and what takes it over is said`, async () => {
    const path = temporaryPath();
    const database = createPredecessor(path);
    database.exec(sql);
    database.close();
    const before = await digestOf(path);
    const error = await failureOf(withDatabase(path, MIGRATIONS, () => assert.unreachable()));
    const target = path.replace(/metrics\.db$/, "mcp-metrics.db");
    const [first = "", ...commands] = error.message.split("\n");
    assert.match(first, `${path}: the file is a predecessor's database; take it over`);
    assert.equal(commands, [
      `  SQLITE_DB_PATH=${target} mcp-metrics import-legacy ${path}`,
      `  SQLITE_DB_PATH=${target} mcp-metrics serve`,
    ]);
    assert.is(await digestOf(path), before);
  });
}

test.run();
