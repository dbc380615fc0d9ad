import { readFileSync, rmSync, writeFileSync } from "node:fs";
import type { LocalService } from "../../store/upkeep.ts";
import { realDatabasePath } from "./real-path.ts";

/**
 * How the command line finds the service that holds a database: a file beside it, readable by its
 * owner only. Whoever can read it can read the database too, so it gives nobody more than they had.
 */
const fileOf = (databasePath: string) => `${realDatabasePath(databasePath)}-service.json`;

export function announceService(databasePath: string, service: LocalService): void {
  // Removed first: writing keeps an older file's mode.
  withdrawService(databasePath);
  writeFileSync(fileOf(databasePath), JSON.stringify(service), { mode: 0o600 });
}

export function withdrawService(databasePath: string): void {
  rmSync(fileOf(databasePath), { force: true });
}

/** The announcement, which a killed service leaves behind: whether it still runs, only its lock tells. */
export function findService(databasePath: string): LocalService | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(databasePath), "utf8")) as LocalService;
  } catch {
    // Absent or half-written, which means the same: no service to call.
    return undefined;
  }
}
