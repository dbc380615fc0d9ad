import { createAudit, LOCAL_COMMAND_LINE } from "../api/admin/audit.ts";
import { systemClock } from "../lib/clock.ts";
import { createLogger } from "../lib/logger.ts";
import type { Database } from "../sqlite/file/database.ts";
import { MIGRATIONS_FOLDER, migrateUp, readMigrations } from "../sqlite/file/migrator.ts";
import { createOfflineAudit, withDatabase } from "../sqlite/offline.ts";
import type { AuditDetails } from "../store/audit.ts";
import { StoreInUseError } from "../store/errors.ts";
import { CommandError } from "./output.ts";

/**
 * Import into the database at `target`, which no service may hold, brought to the newest schema; with an entry
 * in the audit trail that is written before `work` begins and finished after it with `describe`'s details.
 *
 * @throws {CommandError} while a service runs.
 */
export async function importInto<Result>(
  target: string,
  source: string,
  work: (database: Database) => Result,
  describe: (result: Result) => AuditDetails,
): Promise<Result> {
  const migrations = readMigrations(MIGRATIONS_FOLDER);
  try {
    return await withDatabase(target, migrations, (database) => {
      migrateUp(database, migrations);
      const audit = createAudit({
        store: createOfflineAudit(database, target),
        clock: systemClock,
        // What is to be known is printed, or stands in the audit trail.
        logger: createLogger({ level: "silent", write: () => {}, wallMs: systemClock.wallMs }),
      });
      const act = { action: "legacy.import", target: source };
      return audit.spanning(LOCAL_COMMAND_LINE, act, async () => work(database), describe);
    });
  } catch (error) {
    if (!(error instanceof StoreInUseError)) throw error;
    throw new CommandError(`a service holds ${target}: stop the service first, then import`);
  }
}
