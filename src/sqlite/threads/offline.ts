import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { type Database, openReader, openWriter } from "../file/database.ts";
import { describeFailure } from "../file/failure.ts";
import { acquireLock } from "../file/lock.ts";
import { type Migration, readApplied } from "../file/migrator.ts";
import { DatabaseOpenError } from "./writer.ts";

/**
 * Hold the database without a service: for the command line, while none runs. A database that these
 * migrations did not make is refused before anything of it is changed.
 *
 * @throws {DatabaseInUseError} while a service does.
 * @throws {DatabaseOpenError} for what is no database, or another program's, or another version's.
 */
export async function withDatabase<Result>(
  path: string,
  migrations: readonly Migration[],
  work: (database: Database) => Result | Promise<Result>,
): Promise<Result> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const lock = acquireLock(path);
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
 * Look into a database, whether or not a service holds it.
 *
 * @throws {DatabaseOpenError} for what cannot be read.
 */
export function readDatabase<Result>(path: string, work: (database: Database) => Result): Result {
  return opened(path, () => {
    const reader = openReader(path);
    try {
      return work(reader);
    } finally {
      reader.close();
    }
  });
}

/** Names the file in whatever goes wrong. */
function opened<Result>(path: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw new DatabaseOpenError(path, describeFailure(error));
  }
}
