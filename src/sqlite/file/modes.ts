import { chmodSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { realDatabasePath } from "./real-path.ts";

/** Something of the database that more than its owner may open. */
export interface OpenToOthers {
  readonly path: string;
  /** As `ls` and `chmod` write it: `0644`. */
  readonly mode: string;
  /** Whether it is its owner's alone again. */
  readonly isRestored: boolean;
}

/** What stands beside a database and is nobody else's to read: rows, keys, and what pseudonyms are made with. */
const SUFFIXES = ["", "-wal", "-shm", "-lock", "-lock-journal", "-secret", "-instance", "-service.json"];
const GROUP_AND_OTHERS = 0o077;

/**
 * Give the files of a database back to their owner alone, as they are made (0600): a copy, a restored backup or a
 * volume may have brought other modes. The folder is left as it is, because it may be shared, and only reported.
 */
export function restoreModes(path: string): readonly OpenToOthers[] {
  // Windows has none of these.
  if (process.platform === "win32") return [];
  const real = realDatabasePath(path);
  const files = SUFFIXES.flatMap((suffix) => openToOthers(real + suffix, restore));
  return [...files, ...openToOthers(dirname(real), () => false)];
}

function openToOthers(path: string, restoring: (path: string) => boolean): readonly OpenToOthers[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || (found.mode & GROUP_AND_OTHERS) === 0) return [];
  const mode = (found.mode & 0o7777).toString(8).padStart(4, "0");
  return [{ path, mode, isRestored: restoring(path) }];
}

/** Only the owner may: a file of another user, which a group lets us open, stays as it is. */
function restore(path: string): boolean {
  try {
    chmodSync(path, 0o600);
    return true;
  } catch {
    return false;
  }
}
