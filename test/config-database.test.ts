import { test } from "uvu";
import * as assert from "uvu/assert";
import { readConfig } from "../src/config.ts";

const ABSOLUTE = "/var/lib/sqlite/metrics.db";

const LOCATED: readonly { url: string; path: string; warns?: RegExp }[] = [
  { url: "sqlite:////var/lib/sqlite/metrics.db", path: ABSOLUTE },
  { url: "sqlite:///var/lib/sqlite/metrics.db", path: ABSOLUTE, warns: /absolute path/ },
  { url: "sqlite:///./data/m.db", path: "./data/m.db" },
  { url: "sqlite:///../m.db", path: "../m.db" },
  { url: "sqlite:///metrics.db", path: "metrics.db" },
  { url: "sqlite+aiosqlite:////srv/m.db", path: "/srv/m.db" },
  { url: "sqlite:////srv/m.db?check_same_thread=false", path: "/srv/m.db", warns: /parameters are ignored/ },
  { url: "file:data/m.db", path: "data/m.db" },
  { url: "file:/srv/m.db", path: "/srv/m.db" },
  { url: "file:///srv/m.db", path: "/srv/m.db" },
  { url: "file://localhost/srv/m.db", path: "/srv/m.db" },
  { url: "file:/srv/a%20b.db?mode=rwc", path: "/srv/a b.db", warns: /parameters are ignored/ },
];

for (const { url, path, warns } of LOCATED) {
  test(`DATABASE_URL=${url} is the file ${path}`, () => {
    const { database, warnings, effective } = readConfig({ DATABASE_URL: url });
    assert.is(database.path, path);
    assert.is(warnings.length, warns === undefined ? 0 : 1);
    assert.match(warnings[0] ?? "", warns ?? /^$/);
    assert.is(effective.find(({ name }) => name === "SQLITE_DB_PATH")?.value, path);
  });
}

const REFUSED: readonly (readonly [url: string, problem: RegExp])[] = [
  ["postgres://app:hush@db/metrics", /DATABASE_URL: PostgreSQL is not supported/],
  ["postgresql+asyncpg://app:hush@db/metrics", /DATABASE_URL: PostgreSQL is not supported/],
  ["mysql://app:hush@db/metrics", /DATABASE_URL: the value is not/],
  ["/srv/hush.db", /DATABASE_URL: the value is not/],
  ["sqlite://", /in memory/],
  ["sqlite:///", /in memory/],
  ["sqlite:///:memory:", /in memory/],
  ["sqlite://hush/m.db", /three slashes/],
  ["sqlite:hush.db", /three slashes/],
  ["file:", /takes a path/],
  ["file://hush/m.db", /takes a path/],
  ["file::memory:", /takes a path/],
  ["file:/srv/100%", /%25/],
];

for (const [url, problem] of REFUSED) {
  test(`DATABASE_URL=${url} is rejected and no part of it shown`, () => {
    assert.throws(() => readConfig({ DATABASE_URL: url }), problem);
    assert.throws(
      () => readConfig({ DATABASE_URL: url }),
      (error: Error) => !error.message.includes("hush"),
    );
  });
}

test("SQLITE_DB_PATH wins over DATABASE_URL, even over another program's, and says so", () => {
  const DATABASE_URL = "postgres://app:hush@db/metrics";
  const { database, warnings } = readConfig({ SQLITE_DB_PATH: "m.db", DATABASE_URL });
  assert.is(database.path, "m.db");
  assert.equal(warnings, ["DATABASE_URL: ignored, because SQLITE_DB_PATH is set"]);
});

test("SQLITE_DB_PATH names a file and nothing else", () => {
  for (const path of [":memory:", "file:m.db", "http://db", "libsql://db"]) {
    assert.throws(() => readConfig({ SQLITE_DB_PATH: path }), /SQLITE_DB_PATH: /);
  }
});

test.run();
