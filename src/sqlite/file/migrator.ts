import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { StoreError } from "../../store/errors.ts";
import type { Database } from "./database.ts";
import { appraise } from "./foreign.ts";

/** One change of the schema: the files `NNNN_name.up.sql` and `NNNN_name.down.sql`. */
export interface Migration {
  /** 1, 2, 3, without gaps. */
  readonly version: number;
  readonly name: string;
  /** SQL that makes the change, in one transaction. */
  readonly up: string;
  /** SQL that undoes it; data that the older schema has no place for is lost. */
  readonly down: string;
  /** SHA-256 of `up`, hex. */
  readonly checksum: string;
}

/** A row of `schema_migrations`. */
export interface AppliedMigration {
  readonly version: number;
  readonly name: string;
  /** ISO 8601 UTC. */
  readonly appliedAt: string;
  /** Of `up` as it was when it was applied. */
  readonly checksum: string;
}

/** The database and the program do not fit together; nothing was touched. */
export class MigrationError extends StoreError {
  override readonly name: string = "MigrationError";
}

/** It is the database of the service that this one replaces; nothing was touched. */
export class PredecessorError extends MigrationError {
  override readonly name = "PredecessorError";
}

const FILE = /^(\d{4})_([a-z0-9_]+)\.up\.sql$/;

/**
 * The migrations of a folder, by version. @throws {MigrationError} when numbers repeat or a `down` is
 * missing.
 */
export function readMigrations(folder: string): readonly Migration[] {
  const files = readdirSync(folder).sort();
  const migrations: Migration[] = [];
  for (const file of files) {
    const match = FILE.exec(file);
    if (match === null) continue;
    const downFile = file.replace(/\.up\.sql$/, ".down.sql");
    if (!files.includes(downFile)) throw new MigrationError(`${file} has no ${downFile}`);
    const up = readFileSync(join(folder, file), "utf8");
    const down = readFileSync(join(folder, downFile), "utf8");
    const checksum = createHash("sha256").update(up).digest("hex");
    migrations.push({ version: Number(match[1]), name: match[2] ?? "", up, down, checksum });
  }
  for (const [index, { version }] of migrations.entries()) {
    if (version !== index + 1) throw new MigrationError(`migration ${index + 1} is missing or there twice`);
  }
  return migrations;
}

/**
 * What has been applied, after making sure that this program wrote it.
 *
 * @throws {MigrationError} for a foreign database, an altered or unknown migration, a newer database.
 */
export function readApplied(
  database: Database,
  migrations: readonly Migration[],
): readonly AppliedMigration[] {
  const hasMigrations = "SELECT 1 FROM pragma_table_info('schema_migrations') WHERE name = 'checksum'";
  if (database.first(hasMigrations) === undefined) {
    const foreign = appraise(database, migrations);
    if (foreign === "vacant") return [];
    if (foreign === "predecessor") throw new PredecessorError("the file is a predecessor's database");
    throw new MigrationError("the file is a database of something else; choose another path");
  }
  const applied = database
    .all("SELECT version, name, applied_at, checksum FROM schema_migrations ORDER BY version")
    .map((row) => ({
      version: Number(row.version),
      name: String(row.name),
      appliedAt: String(row.applied_at),
      checksum: String(row.checksum),
    }));
  for (const [index, row] of applied.entries()) checkApplied(row, index + 1, migrations);
  return applied;
}

/**
 * A migration that was altered after a release would leave two schemas under one number. @throws
 * {MigrationError}
 */
function checkApplied(applied: AppliedMigration, place: number, migrations: readonly Migration[]): void {
  const label = `migration ${applied.version} (${applied.name})`;
  const own = migrations[applied.version - 1];
  const newest = migrations.length;
  if (own === undefined) {
    throw new MigrationError(
      `the database has ${label}, this program ends at ${newest}: it is older than the database`,
    );
  }
  if (applied.version !== place)
    throw new MigrationError(`the database has ${label} without migration ${place}`);
  if (own.checksum !== applied.checksum || own.name !== applied.name) {
    throw new MigrationError(
      `${label} was altered after it was applied: the file differs from what the database has`,
    );
  }
}

/**
 * Apply what is missing, up to version `to`, one transaction each, so that an interruption leaves a whole
 * version. Returns what was applied. On the connection that writes, before anything else uses it.
 */
export function migrateUp(
  database: Database,
  migrations: readonly Migration[],
  to = migrations.length,
): readonly Migration[] {
  const applied = readApplied(database, migrations);
  const missing = migrations.filter(({ version }) => version > applied.length && version <= to);
  for (const migration of missing) {
    database.transaction(() => {
      if (migration.version === 1) createTable(database);
      database.script(migration.up);
      database.run(
        `INSERT INTO schema_migrations (version, name, applied_at, checksum)
         VALUES (?, ?, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), ?)`,
        migration.version,
        migration.name,
        migration.checksum,
      );
    });
  }
  return missing;
}

/** Undo everything above version `to`, newest first, one transaction each. Returns what was undone. */
export function migrateDown(
  database: Database,
  migrations: readonly Migration[],
  to: number,
): readonly Migration[] {
  const applied = readApplied(database, migrations);
  const undone = migrations.filter(({ version }) => version > to && version <= applied.length).reverse();
  for (const migration of undone) {
    database.transaction(() => {
      database.script(migration.down);
      database.run("DELETE FROM schema_migrations WHERE version = ?", migration.version);
      if (migration.version === 1) database.script("DROP TABLE schema_migrations");
    });
  }
  return undone;
}

function createTable(database: Database): void {
  database.script(
    `CREATE TABLE schema_migrations (
       version INTEGER PRIMARY KEY,
       name TEXT NOT NULL,
       applied_at TEXT NOT NULL,
       checksum TEXT NOT NULL
     )`,
  );
}

/** Where the migrations of this program are. */
export const MIGRATIONS_FOLDER = fileURLToPath(new URL("../../../migrations", import.meta.url));
