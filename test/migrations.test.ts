import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Database } from "../src/sqlite/file/database.ts";
import { type Migration, migrateDown, migrateUp, readApplied } from "../src/sqlite/file/migrator.ts";
import {
  crashImage,
  MIGRATIONS,
  openMigrated,
  openUnmigrated,
  schemaOf,
  statementsOf,
  temporaryPath,
} from "./sqlite/databases.ts";

/** What someone with an SQLite shell finds. */
const COLUMNS: Readonly<Record<string, string>> = {
  api_keys: `id, key_hash, service_name, created_at, last_used_at, is_active, rate_limit, usage_count,
    daily_usage_limit, monthly_usage_limit, description, role, allowed_services, expires_at`,
  metrics: `id, request_id, service, service_version, instance_id, metric_type, timestamp, value, duration_ms,
    dimensions, metadata, created_at, api_key_id`,
  auth_metrics: `id, request_id, timestamp, service, duration_ms, success, method, server, user_hash, error_code,
    created_at`,
  discovery_metrics: `id, request_id, timestamp, service, duration_ms, query, results_count, top_k_services,
    top_n_tools, embedding_time_ms, faiss_search_time_ms, vector_search_time_ms, created_at`,
  tool_metrics: `id, request_id, timestamp, service, duration_ms, tool_name, server_path, server_name, success,
    error_code, input_size_bytes, output_size_bytes, client_name, client_version, method, user_hash, created_at`,
  metrics_hourly: `hour_timestamp, service, metric_type, count, total_count, sum_value, avg_value, min_value,
    max_value, sum_duration_ms, avg_duration_ms, success_count, failure_count, p50_duration_ms, p95_duration_ms,
    p99_duration_ms, created_at, updated_at`,
  metrics_daily: `date, service, metric_type, count, total_count, sum_value, avg_value, min_value, max_value,
    sum_duration_ms, avg_duration_ms, success_count, failure_count, p50_duration_ms, p95_duration_ms,
    p99_duration_ms, created_at, updated_at`,
  retention_policies: "table_name, retention_days, is_active, timestamp_column, created_at, updated_at",
  api_key_usage_log: `key_hash, service_name, timestamp, endpoint, request_count, bytes_processed, duration_ms,
    status_code`,
  api_key_daily_usage: "date, api_key_id, request_count",
  instance_reports: "service, instance_id, received",
  latest_values: "source_id, dimension_set_id, ts, request, position, value",
  schema_migrations: "version, name, applied_at, checksum",
};

for (const [table, columns] of Object.entries(COLUMNS)) {
  test(`a new database has ${table} with every column that its readers know`, () => {
    const database = openMigrated();
    database.all(`SELECT ${columns} FROM ${table}`);
    database.close();
  });
}

test("the first four migrations have the numbers and names that the predecessor's operators know", () => {
  assert.equal(
    MIGRATIONS.slice(0, 4).map(({ version, name }) => `${version} ${name}`),
    ["1 initial_schema", "2 aggregation_tables", "3 retention_policies", "4 api_key_usage_tracking"],
  );
});

test("applied_at is UTC in ISO 8601 with milliseconds", () => {
  const database = openMigrated();
  for (const { appliedAt } of readApplied(database, MIGRATIONS)) {
    assert.is(new Date(appliedAt).toISOString(), appliedAt);
  }
  database.close();
});

for (const to of [0, ...MIGRATIONS.map(({ version }) => version)]) {
  test(`down to ${to} is what up to ${to} makes, and up again is the whole schema`, () => {
    const partial = openUnmigrated(temporaryPath());
    migrateUp(partial, MIGRATIONS, to);
    const database = openMigrated();
    const whole = schemaOf(database);
    useEverything(database);
    migrateDown(database, MIGRATIONS, to);
    assert.equal(schemaOf(database), schemaOf(partial));
    migrateUp(database, MIGRATIONS);
    assert.equal(schemaOf(database), whole);
    partial.close();
    database.close();
  });
}

/** A statement that was left half-way would lock its table against DROP. */
function useEverything(database: Database): void {
  for (const table of Object.keys(COLUMNS)) database.all(`SELECT * FROM ${table}`);
  database.first(
    "INSERT INTO sources (service, version, instance_id, api_key_id) VALUES ('a', '', '', 1) RETURNING id",
  );
  database.run("UPDATE sources SET version = '1'");
  try {
    database.all("SELECT json_extract('{', '$') FROM sources");
    assert.unreachable();
  } catch (error) {
    assert.is((error as { code: string }).code, "SQLITE_ERROR");
  }
}

test("a statement that returns rows is rejected by run(), which would leave it open for ever", () => {
  const database = openMigrated();
  assert.throws(() => database.run("SELECT * FROM sources"), /returns rows/);
  assert.throws(() => database.run("UPDATE sources SET version = '' RETURNING id"), /returns rows/);
  migrateDown(database, MIGRATIONS, 0);
  database.close();
});

for (const migration of MIGRATIONS) {
  for (const direction of ["up", "down"] as const) {
    const statements = statementsOf(migration[direction]);
    test(`${direction} ${migration.version}: an error at any of its ${statements.length} statements changes nothing`, () => {
      const database = prepare(temporaryPath(), migration, direction);
      const before = schemaOf(database);
      for (const count of [...statements.keys(), statements.length]) {
        const script = [...statements.slice(0, count), "DELETE FROM no_such_table"].join(";\n");
        assert.throws(() => run(database, { ...migration, [direction]: script }, direction), /no such table/);
        assert.equal(schemaOf(database), before, `after ${count} statements`);
      }
      database.close();
    });

    test(`${direction} ${migration.version}: kill -9 after any of its statements resumes to the same schema`, () => {
      const path = temporaryPath();
      const database = prepare(path, migration, direction);
      // The smallest cache: what is not committed reaches the log, as it does with a large database.
      database.script("PRAGMA cache_size = 1");
      database.script("BEGIN IMMEDIATE");
      for (const statement of statements) {
        database.script(statement);
        const survivor = openUnmigrated(crashImage(path));
        migrateUp(survivor, MIGRATIONS);
        assert.equal(schemaOf(survivor), WHOLE);
        assert.equal(survivor.all("PRAGMA integrity_check")[0]?.integrity_check, "ok");
        survivor.close();
      }
      database.script("ROLLBACK");
      database.close();
    });
  }
}

const WHOLE = (() => {
  const database = openMigrated();
  const schema = schemaOf(database);
  database.close();
  return schema;
})();

/** A database that is about to go through `migration`. */
function prepare(path: string, { version }: Migration, direction: "up" | "down"): Database {
  const database = openUnmigrated(path);
  migrateUp(database, MIGRATIONS, direction === "up" ? version - 1 : version);
  return database;
}

function run(database: Database, migration: Migration, direction: "up" | "down"): void {
  const others = MIGRATIONS.map((other) => (other.version === migration.version ? migration : other));
  if (direction === "up") migrateUp(database, others, migration.version);
  else migrateDown(database, others, migration.version - 1);
}

test.run();
