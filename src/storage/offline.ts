import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { type Database, openWriter } from "./database.ts";
import { acquireLock } from "./lock.ts";

/**
 * Hold the database without a service: for the command line, while none runs.
 *
 * @throws {DatabaseInUseError} while a service does.
 */
export async function withDatabase<Result>(
  path: string,
  work: (database: Database) => Result | Promise<Result>,
): Promise<Result> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const lock = acquireLock(path);
  let database: Database | undefined;
  try {
    database = openWriter(path);
    return await work(database);
  } finally {
    database?.close();
    lock.release();
  }
}
