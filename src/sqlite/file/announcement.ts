import { readFileSync, rmSync, writeFileSync } from "node:fs";
import type { LocalService } from "../../store/upkeep.ts";
import { realDatabasePath } from "./real-path.ts";

/**
 * How the command line finds the service that holds a database: a file beside it, readable by its owner
 * only. It holds an admin key of the running process, so that `keys`, `retention` and the like need no
 * credentials of their own. Whoever can read it can read the database too, so it gives nobody more than they
 * had.
 */
const fileOf = (databasePath: string) => `${realDatabasePath(databasePath)}-service.json`;

/** Say where the service that holds the database takes calls. Written after its port listens. */
export function announceService(databasePath: string, service: LocalService): void {
  // Removed first: writing keeps an older file's mode.
  withdrawService(databasePath);
  writeFileSync(fileOf(databasePath), JSON.stringify(service), { mode: 0o600 });
}

/** Remove the announcement; nothing happens when there is none. */
export function withdrawService(databasePath: string): void {
  rmSync(fileOf(databasePath), { force: true });
}

/**
 * The announcement, or undefined. A killed service leaves it behind, so that it proves nothing: whether a
 * service runs, only its lock tells (`isDatabaseInUse`).
 */
export function findService(databasePath: string): LocalService | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(databasePath), "utf8")) as LocalService;
  } catch {
    // Absent or half-written, which means the same: no service to call.
    return undefined;
  }
}
