/** The percentile columns that SQL users see, of what is written now and of what an older version has written. */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { systemClock } from "../../../src/lib/clock.ts";
import { createLogger } from "../../../src/lib/logger.ts";
import { DirectoryWriter } from "../../../src/sqlite/directory/directory-writer.ts";
import { openSqliteStore } from "../../../src/sqlite/engine.ts";
import type { Database } from "../../../src/sqlite/file/database.ts";
import { migrateDown, migrateUp } from "../../../src/sqlite/file/migrator.ts";
import { rebuildPercentiles } from "../../../src/sqlite/rollups/stored-percentiles.ts";
import { RELATIVE_ERROR } from "../../../src/store/plan/sketch.ts";
import { point } from "../../store/directory-entries.ts";
import { plainQuantile } from "../../support/plain-quantile.ts";
import { NOW_MS } from "../../support/time.ts";
import { crashImage, MIGRATIONS, openMigrated, temporaryPath } from "../databases.ts";
import { entry, register } from "../directory/entries.ts";
import { createSubmitter } from "../submitter.ts";

/** The version before the migration that has old percentiles computed anew. */
const BEFORE = 14;
const SHOWN = [
  "SELECT p50_duration_ms, p95_duration_ms, p99_duration_ms FROM metrics_hourly",
  "SELECT p50_duration_ms, p95_duration_ms, p99_duration_ms FROM metrics_daily",
  "SELECT p50_value, p95_value, p99_value FROM server_metrics_daily",
];

function store(values: readonly number[], path?: string): Database {
  const database = openMigrated(path);
  register(database, "one");
  const { submit, rollups } = createSubmitter(database);
  submit({
    metrics: values.map((duration_ms) => ({
      type: "auth_request",
      value: 1,
      duration_ms,
      timestamp: NOW_MS,
    })),
  });
  while (rollups.flushStep(NOW_MS) !== undefined);
  new DirectoryWriter(database).commit([entry(values.map((value) => point(value)))], NOW_MS);
  return database;
}

/** The percentile columns of every table that has them. */
const shown = (database: Database) =>
  SHOWN.map((sql) => database.all(sql).map(({ _metadata, ...row }) => Object.values(row).map(Number)));

/** What a database of an older version is brought to by this one. */
function upgrade(database: Database): void {
  migrateDown(database, MIGRATIONS, BEFORE);
  migrateUp(database, MIGRATIONS);
  while (rebuildPercentiles(database));
}

test("every percentile column is within the stated error of the nearest rank of a plain sort", () => {
  const values = fc.array(fc.nat(60_000), { minLength: 1, maxLength: 200, size: "max" });
  fc.assert(
    fc.property(values, (drawn) => {
      const database = store(drawn);
      for (const rows of shown(database)) {
        assert.is(rows.length, 1);
        for (const [index, share] of [0.5, 0.95, 0.99].entries()) {
          const [found = Number.NaN, wanted] = [rows[0]?.[index], plainQuantile(drawn, share)];
          assert.ok(Math.abs(found - wanted) <= wanted * (RELATIVE_ERROR + 1e-9), `${found}, not ${wanted}`);
        }
      }
      database.close();
    }),
    { numRuns: 15, examples: [[[20, 30_000]], [[0]], [[1, 2, 3]]] },
  );
});

test("those that an older version has written follow from the sketches, once", () => {
  const database = store([20, 30_000]);
  const wanted = shown(database);
  const spoil = () => {
    for (const table of ["rollups_hourly", "rollups_daily"])
      database.run(`UPDATE ${table} SET p95_duration_ms = 20 WHERE p95_duration_ms IS NOT NULL`);
    database.run("UPDATE server_days SET p99 = 20");
  };
  spoil();
  assert.not.equal(shown(database), wanted);
  upgrade(database);
  assert.equal(shown(database), wanted);
  spoil();
  assert.is(rebuildPercentiles(database), false, "nothing is looked at a second time");
  database.close();
});

test("more rows than one step takes are all computed anew, also of times before 1970, and breakdowns stay", () => {
  const database = store([20, 30_000]);
  for (const table of ["rollups_hourly", "rollups_daily"]) {
    const { family_id, bucket, key_id } =
      database.first(`SELECT * FROM ${table} WHERE p50_duration_ms IS NOT NULL`) ?? {};
    database.run(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
       INSERT INTO ${table} SELECT family_id, -i, key_id, count, success_count, failure_count, sum_value, min_value,
         max_value, duration_count, sum_duration_ms, sketch, 1, 1, 1, created_ms, updated_ms
       FROM ${table}, n WHERE family_id = ? AND bucket = ? AND key_id = ?`,
      family_id,
      bucket,
      key_id,
    );
  }
  database.run(
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
     INSERT INTO server_days SELECT series_id, day - i, count, sum, min, max, sketch, 1, 1, 1, created_ms, updated_ms
     FROM server_days, n`,
  );
  upgrade(database);
  for (const rows of shown(database)) {
    const [first = [], ...others] = rows;
    assert.is(others.length, 1200);
    for (const row of others) assert.equal(row, first);
  }
  const breakdowns = `SELECT count(*) AS rows FROM rollups_hourly AS r JOIN rollup_families AS f ON f.id = r.family_id
    WHERE f.dimensions <> '[]' AND r.p50_duration_ms IS NOT NULL`;
  assert.is(database.first(breakdowns)?.rows, 0);
  assert.is(database.first("SELECT count(*) AS rows FROM percentile_rebuilds")?.rows, 0);
  database.close();
});

test("a service brings them up to date by itself, some rows at a time, and then does nothing", async () => {
  const original = temporaryPath();
  const database = store([20, 30_000], original);
  const wanted = shown(database);
  database.run("UPDATE rollups_hourly SET p99_duration_ms = 20 WHERE p99_duration_ms IS NOT NULL");
  migrateDown(database, MIGRATIONS, BEFORE);
  // The connection of this thread may hold its file for a while yet.
  const path = crashImage(original);
  database.close();
  const updates: string[] = [];
  const opened = await openSqliteStore({
    path,
    retriesMax: 0,
    connectionTimeoutMs: 0,
    queryTimeoutMs: 10_000,
    clock: systemClock,
    logger: createLogger({ level: "silent", write: () => {}, wallMs: systemClock.wallMs }),
    onCall: ({ operation, table }) => void updates.push(`${operation} ${table}`),
    onFatal: (error) => {
      throw error;
    },
  });
  const job = opened.upkeep.jobs.find(({ name }) => name === "percentiles");
  for (let runs = 0; runs < 5; runs += 1) await job?.run();
  const steps = updates.filter((call) => call === "update rollups").length;
  await job?.run();
  assert.is(updates.filter((call) => call === "update rollups").length, steps, "once all is done");
  await opened.close();
  const after = openMigrated(path);
  assert.equal(shown(after), wanted);
  after.close();
});

test("rows without a duration stay without percentiles", () => {
  const database = openMigrated();
  const { submit, rollups } = createSubmitter(database);
  submit({ metrics: [{ type: "auth_request", value: 1 }] });
  while (rollups.flushStep(NOW_MS) !== undefined);
  upgrade(database);
  const found = database.all("SELECT p50_duration_ms AS p FROM metrics_hourly");
  assert.equal(
    found.map(({ p }) => p),
    [null],
  );
  database.close();
});

test.run();
