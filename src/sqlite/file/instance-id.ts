import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { realDatabasePath } from "./real-path.ts";

const fileOf = (databasePath: string) => `${realDatabasePath(databasePath)}-instance`;

/** As instance ids of our own clients, which may be stored somewhere as one. */
const ID = /^[A-Za-z0-9_.-]{1,100}$/;
/** Longer names of hosts are cut: with what follows, the id keeps to the limit above. */
const HOST_LENGTH_MAX = 80;

/**
 * What tells this installation from every other, as `service.instance.id`: the name of the host where it first
 * started, for people, and a random part. Kept in a file beside the database, which a backup does not hold, so
 * that a container that is made anew is the same one, and a database that is restored elsewhere another.
 *
 * Rejected: the process id (1 in every container), the host name alone (a new one for every container, and the
 * same for two services of one machine).
 *
 * @throws {Error} of the file system.
 */
export function readInstanceId(databasePath: string): string {
  const file = fileOf(databasePath);
  const found = readIfThere(file);
  // An operator may have written an id of their own; what is none is made anew, for nothing depends on it.
  return ID.test(found) ? found : create(file);
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

/** Complete or not there: a killed process leaves no half of an id. */
function create(file: string): string {
  const host = hostname()
    .replace(/[^A-Za-z0-9_.-]/g, "-")
    .slice(0, HOST_LENGTH_MAX);
  const id = `${host}-${randomBytes(6).toString("hex")}`;
  const partial = openSync(`${file}.partial`, "w", 0o600);
  try {
    writeSync(partial, `${id}\n`);
    fsyncSync(partial);
  } finally {
    closeSync(partial);
  }
  renameSync(`${file}.partial`, file);
  return id;
}
