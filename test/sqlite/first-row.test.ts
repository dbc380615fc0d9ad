import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Database } from "../../src/sqlite/file/database.ts";
import { openMigrated } from "./databases.ts";

function within(work: (database: Database) => void): void {
  const database = openMigrated();
  try {
    database.script("CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT UNIQUE, bytes BLOB)");
    work(database);
  } finally {
    database.close();
  }
}

const INSERT = "INSERT INTO words (word) VALUES (?) RETURNING id";

test("the first row of many, of one and of none", () => {
  within((database) => {
    const sql = "SELECT word FROM words WHERE word >= ? ORDER BY word";
    assert.is(database.first(sql, "a"), undefined);
    for (const word of ["a", "b", "c"]) database.run("INSERT INTO words (word) VALUES (?)", word);
    assert.is(database.first(sql, "b")?.word, "b");
    assert.is(database.first(sql, "c")?.word, "c");
    assert.is(database.first(sql, "d"), undefined);
    // A statement that is half-way would keep the log from being emptied, and the table from being dropped.
    assert.equal({ ...database.first(sql, "a") }, { word: "a" }, "its columns, and nothing of libsql's own");
    database.script("DROP TABLE words");
  });
});

test("a statement that failed works again, with other values and the same", () => {
  within((database) => {
    assert.is(database.first(INSERT, "a")?.id, 1);
    for (let times = 0; times < 2; times += 1) assert.throws(() => database.first(INSERT, "a"), /UNIQUE/);
    assert.is(database.first(INSERT, "b")?.id, 2);
    assert.throws(() => database.transaction(() => database.first(INSERT, "b")), /UNIQUE/);
    assert.is(database.transaction(() => database.first(INSERT, "c"))?.id, 3);
  });
});

test("what a statement changes besides the row it returns is changed as well", () => {
  within((database) => {
    for (const word of ["a", "b", "c"]) database.first(INSERT, word);
    database.first("UPDATE words SET word = word || ? RETURNING word", "!");
    assert.equal(
      database.all("SELECT word FROM words ORDER BY id").map(({ word }) => word),
      ["a!", "b!", "c!"],
    );
  });
});

test.run();
