import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config.ts";
import {
  MIGRATIONS_FOLDER,
  type Migration,
  migrateDown,
  migrateUp,
  readApplied,
  readMigrations,
} from "../sqlite/file/migrator.ts";
import { readDatabase, withDatabase } from "../sqlite/offline.ts";
import type { CommandRun } from "./commands.ts";
import { CommandError, type Output, table } from "./output.ts";

/** A parsed command line of the group `migrate`. */
type MigrateRun = Extract<CommandRun, { name: `migrate ${string}` }>;

/** As the files are named: `0007 admin_audit`. */
const label = ({ version, name }: Pick<Migration, "version" | "name">) =>
  `${String(version).padStart(4, "0")} ${name}`;
/** What `--json` prints of a migration. */
const brief = ({ version, name }: Pick<Migration, "version" | "name">) => ({ version, name });

/**
 * Carry out a `migrate` command on the configured database. `up` and `down` need it to themselves; `status`
 * and `list` do not. A service migrates up by itself as it starts: these are for looking first, and for going
 * back.
 *
 * @throws {StoreInUseError} when a service holds what is to be changed.
 * @throws {CommandError} for wrong arguments.
 */
export async function runMigrate(run: MigrateRun, config: Config, output: Output): Promise<void> {
  const migrations = readMigrations(MIGRATIONS_FOLDER);
  const path = config.database.path;
  switch (run.name) {
    case "migrate list":
      return output.print(migrations.map(label).join("\n"), migrations.map(brief));
    case "migrate create":
      return create(run.values.name, migrations, output);
    case "migrate status":
      return status(path, migrations, output);
    case "migrate up":
      return withDatabase(path, migrations, (database) => {
        const done = migrateUp(database, migrations, run.values.to);
        const text = done.map((migration) => `applied ${label(migration)}`).join("\n");
        output.print(text || "nothing to apply", done.map(brief));
      });
    case "migrate down":
      return withDatabase(path, migrations, (database) => {
        const { version, yes } = run.values;
        if (version < 0) throw new CommandError("the version to go back to is 0 or more");
        // Newest first, the order in which they are undone.
        const affected = readApplied(database, migrations)
          .filter((applied) => applied.version > version)
          .reverse();
        const done = yes ? migrateDown(database, migrations, version) : affected;
        const text = done
          .map((migration) => `${yes ? "undid" : "would undo"} ${label(migration)}`)
          .join("\n");
        output.print(text || "nothing to undo", done.map(brief));
        if (!yes && affected.length > 0) output.remark("Nothing was changed: add --yes to do it.");
      });
  }
}

/** Prints which migrations are applied, and changes nothing: a database that is not there yet is not made. */
function status(path: string, migrations: readonly Migration[], output: Output): void {
  const applied = existsSync(path) ? readDatabase(path, (reader) => readApplied(reader, migrations)) : [];
  const appliedAt = ({ version }: Migration) => applied[version - 1]?.appliedAt;
  const rows = migrations.map((migration) => [label(migration), appliedAt(migration) ?? "pending"]);
  const value = migrations.map((migration) => ({
    ...brief(migration),
    applied_at: appliedAt(migration) ?? null,
  }));
  output.print(table(["MIGRATION", "APPLIED"], rows), value);
}

/** Writes the two files of a new migration, the next number. For developers, in a checkout. */
function create(name: string, migrations: readonly Migration[], output: Output): void {
  if (!/^[a-z0-9_]{1,60}$/.test(name)) throw new CommandError("a name has 1 to 60 of a-z, 0-9 and _");
  const stem = join(MIGRATIONS_FOLDER, `${String(migrations.length + 1).padStart(4, "0")}_${name}`);
  const files = [`${stem}.up.sql`, `${stem}.down.sql`];
  for (const file of files) writeFileSync(file, "-- Why this migration is needed.\n", { flag: "wx" });
  output.print(files.join("\n"), { files });
}
