import { lstatSync, mkdirSync, readFileSync, type Stats, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { realDatabasePath } from "./real-path.ts";

/** What stands at the path can be no database of ours, and no waiting changes that. Nothing was touched. */
export class UnfitPathError extends Error {
  override readonly name = "UnfitPathError";
}

/**
 * Make the folder of a database where it is not there yet, readable by its owner only, and see that what stands
 * where the file will be can be one.
 *
 * @throws {UnfitPathError}
 * @throws the system's error (`EACCES`, `ENOSPC`, `EROFS`, …) where the folder cannot be made.
 */
export function preparePlace(path: string): void {
  makeFolder(dirname(resolve(path)));
  const real = realDatabasePath(path);
  if (look(path) === undefined && look(dirname(real)) === undefined) throw new LostLinkError(path, real);
  rejectUnfit(path);
}

/**
 * Look before anything is opened: opening a pipe blocks for ever, and a device is no file to begin with.
 * Nothing being there is no reason to reject.
 *
 * @throws {UnfitPathError}
 */
export function rejectUnfit(path: string): void {
  const found = look(path);
  if (found === undefined) return;
  if (!found.isFile()) throw new UnfitPathError(`${path} is ${kindOf(found)}, not a file`);
  rejectSecondName(path, found.nlink);
}

/** A link to a file in a folder that is not there: a volume may be mounted later. */
class LostLinkError extends Error {
  /** As the system says it of the target. */
  readonly code = "ENOENT";
  constructor(path: string, real: string) {
    super(`${path} is a link to ${real}, whose folder is not there`);
  }
}

/**
 * Reject a file with two names of its own. SQLite's log, and our lock, stand beside the name it was opened by:
 * under the other name it would be read without what was committed last, and written by a second process
 * (https://sqlite.org/howtocorrupt.html, 2.5). Symbolic links are no such names, they are followed.
 */
function rejectSecondName(path: string, names: number): void {
  const why =
    "the log of a database stands beside one name only, and under the other its newest data are lost";
  if (names > 1) {
    const others = names === 2 ? "a second name (hard link)" : `${names - 1} more names (hard links)`;
    throw new UnfitPathError(`${path} has ${others}: remove it, since ${why}`);
  }
  if (isMountPoint(realDatabasePath(path)))
    throw new UnfitPathError(`${path} is mounted by itself: mount its folder, since ${why}`);
}

/** Whether something is mounted there. Linux tells; elsewhere no file is taken for a mount point. */
function isMountPoint(path: string): boolean {
  let table: string;
  try {
    table = readFileSync("/proc/self/mountinfo", "utf8");
  } catch {
    return false;
  }
  // Spaces and the like are written as octal numbers (proc_pid_mountinfo(5)).
  const unescaped = (field: string) =>
    field.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
  return table.split("\n").some((line) => unescaped(line.split(" ")[4] ?? "") === path);
}

/**
 * `mkdir -p`, step by step. Node's own never returns where a folder is there and what is made in it does not
 * appear, as below /proc (node 24.21.0).
 */
function makeFolder(folder: string): void {
  const found = look(folder);
  if (found?.isDirectory()) return;
  if (found !== undefined) throw new UnfitPathError(`${folder} is ${kindOf(found)}, not a folder`);
  const parent = dirname(folder);
  if (parent !== folder) makeFolder(parent);
  if (isLink(folder)) throw new LostLinkError(folder, realDatabasePath(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process may have made it in between.
    if (!look(folder)?.isDirectory()) throw error;
  }
}

/** What is there, through links; undefined where nothing is. */
function look(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT") return undefined;
    if (code === "ELOOP") throw new UnfitPathError(`${path} is a link in a circle`);
    throw error;
  }
}

/** Called for what `look` has not found: then it leads nowhere. */
function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function kindOf(found: Stats): string {
  if (found.isFile()) return "a file";
  if (found.isDirectory()) return "a folder";
  if (found.isSocket()) return "a socket";
  if (found.isFIFO()) return "a pipe";
  return "a device";
}
