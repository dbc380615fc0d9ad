import { resolve } from "node:path";
import type { Config } from "../config.ts";
import { systemClock } from "../lib/clock.ts";
import { restoreDatabase } from "../sqlite/file/restore-file.ts";
import { StoreInUseError } from "../store/errors.ts";
import { BackupError } from "../store/upkeep.ts";
import type { CommandRun } from "./commands.ts";
import { CommandError, type Output } from "./output.ts";

/** A parsed `restore` command line. */
type RestoreRun = Extract<CommandRun, { name: "restore" }>;

/**
 * Put a backup in the place of the configured database, which no service may hold. Prints where the database is
 * that was there.
 *
 * @throws {CommandError} while a service runs, or without room. @throws {StoreError} for a backup that is unfit;
 * the database is as it was then.
 */
export async function runRestore({ values }: RestoreRun, config: Config, output: Output): Promise<void> {
  const source = resolve(values.path);
  const { path } = config.database;
  const { bytes, migration, keptAs } = await restoreDatabase(source, path, systemClock).catch(explain);
  const kept = keptAs === undefined ? "" : `\nWhat was there is kept in ${keptAs}`;
  output.print(`${path}: restored from ${source}, ${bytes} bytes, at migration ${migration}${kept}`, {
    path,
    source,
    bytes,
    migration,
    kept_as: keptAs ?? null,
  });
}

function explain(error: unknown): never {
  if (error instanceof StoreInUseError) {
    throw new CommandError(`${error.message}: stop the service first, then restore`, { cause: error });
  }
  if (!(error instanceof BackupError)) throw error;
  const why = error.kind === "full" ? "there is no room for it on the disk" : error.message;
  throw new CommandError(`the backup could not be copied: ${why}; nothing was changed`, { cause: error });
}
