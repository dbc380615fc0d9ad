import type { AuditStore } from "../store/audit.ts";
import { StoreInUseError } from "../store/errors.ts";
import type { Budget } from "../store/plan/budget.ts";
import type { StoreOperations } from "../store/store.ts";
import type { Database } from "./file/database.ts";
import { DatabaseOpenError, describeFailure } from "./file/failure.ts";
import { acquireLock } from "./file/lock.ts";
import {
  MIGRATIONS_FOLDER,
  type Migration,
  migrateUp,
  readApplied,
  readMigrations,
} from "./file/migrator.ts";
import { openReader, openWriter } from "./file/open.ts";
import { preparePlace, rejectUnfit } from "./file/place.ts";
import { createFileUpkeep } from "./file/upkeep.ts";
import { auditOperations } from "./keys/operations.ts";
import { createPort } from "./port.ts";
import { createContext, findOperation } from "./threads/operation.ts";
import {
  createReaderOperations,
  createWriterOperations,
  type ReaderCalls,
  type WriterCalls,
} from "./threads/operations.ts";
import { callsByName } from "./threads/thread-calls.ts";

/**
 * Hold the database without a service and without threads: for the command line, while none runs. A database
 * that these migrations did not make is rejected before anything of it is changed. It is not migrated: `work`
 * sees the schema that is there. The file and its folder are made where they are not there.
 *
 * @throws {StoreInUseError} while a service does.
 * @throws {DatabaseOpenError} for what is no database, or another program's, or another version's.
 */
export async function withDatabase<Result>(
  path: string,
  migrations: readonly Migration[],
  work: (database: Database) => Result | Promise<Result>,
): Promise<Result> {
  const lock = opened(path, () => {
    preparePlace(path);
    return acquireLock(path);
  });
  let database: Database | undefined;
  try {
    database = opened(path, () => openWriter(path, (found) => void readApplied(found, migrations)));
    return await work(database);
  } finally {
    database?.close();
    lock.release();
  }
}

/**
 * Look into a database, whether or not a service holds it. `work` cannot write, and each of its statements
 * sees what is committed by then.
 *
 * @throws {DatabaseOpenError} for what cannot be read.
 */
export function readDatabase<Result>(path: string, work: (database: Database) => Result): Result {
  return opened(path, () => {
    rejectUnfit(path);
    const reader = openReader(path);
    try {
      return work(reader);
    } finally {
      reader.close();
    }
  });
}

/**
 * The configured database as a store, without a service and its threads: for the command line, while none
 * runs. Made where it is not there yet, and brought to the newest schema.
 *
 * @throws {StoreInUseError} while a service holds it.
 * @throws {StoreOpenError} for what is no database, or another program's, or another version's.
 */
export function withOfflineStore<Result>(
  path: string,
  work: (store: StoreOperations) => Promise<Result>,
): Promise<Result> {
  const migrations = readMigrations(MIGRATIONS_FOLDER);
  return withDatabase(path, migrations, (database) => {
    migrateUp(database, migrations);
    return work(createOfflineStore(database, path));
  });
}

/**
 * The operations of an open database, carried out at once where they are called, on the caller's thread. The
 * same functions that the threads run, so that a command does exactly what the service would.
 */
function createOfflineStore(database: Database, path: string): StoreOperations {
  const writers = createWriterOperations(database, path);
  const readers = createReaderOperations(database);
  const writer = callsByName<WriterCalls>(async (name, ...input) =>
    findOperation(writers, name).run(...(input as never[])),
  );
  const reader = callsByName<ReaderCalls>(async (name, query) =>
    findOperation(readers, name).run(query as never, UNLIMITED as never),
  );
  const withReadersPaused = async (work: () => Promise<unknown>) => void (await work());
  return {
    ...createPort(writer, reader),
    upkeep: createFileUpkeep({ path, calls: writer.file, withReadersPaused }),
  };
}

/** The audit trail of an open database, for work that writes it by other ways than the port. */
export function createOfflineAudit(database: Database, path: string): AuditStore {
  const audit = auditOperations(createContext(database, path));
  return {
    record: async (trace, outcome) => audit.record.run(trace, outcome),
    finish: async (id, outcome, details) => audit.finish.run(id, outcome, details),
    list: async (beforeId, limit) => audit.list.run(beforeId, limit),
  };
}

/** Whoever waits at a terminal ends a command with Ctrl-C. */
const UNLIMITED: Budget = { spend: () => {} };

/**
 * Turns whatever goes wrong into an error that names the file and says what to do. @throws
 * {DatabaseOpenError}
 */
function opened<Result>(path: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof StoreInUseError) throw error;
    throw new DatabaseOpenError(path, describeFailure(error));
  }
}
