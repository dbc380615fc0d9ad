import { readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

/** As many as Linux follows before it calls it a loop. */
const LINKS_MAX = 40;

/**
 * The file that a path leads to, through symbolic links, whether or not it is there yet.
 *
 * What stands beside a database (lock, log, announcement) is named after this: two names of one file
 * would otherwise get a lock each, and SQLite itself puts its log beside the real file.
 */
export function realDatabasePath(path: string): string {
  let current = resolve(path);
  for (let links = 0; links < LINKS_MAX; links += 1) {
    try {
      return realpathSync(current);
    } catch {
      // Not there yet; a link that leads nowhere is followed by hand.
    }
    const target = linkTarget(current);
    if (target === undefined) return join(realFolder(dirname(current)), basename(current));
    current = resolve(dirname(current), target);
  }
  return current;
}

function realFolder(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    // To be made when the database is opened.
    return folder;
  }
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
