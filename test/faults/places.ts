/** Places where no database can be opened, made with real disks, links and devices. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { openMigrated, releaseClosed } from "../sqlite/databases.ts";
import { type Missing, missingProgram } from "../support/needs.ts";
import { missingForTmpfs, mountTmpfs } from "./tools.ts";

/** How what a test has made is taken away again, newest last. */
export const undo: (() => void)[] = [];

const missingTmpfs = missingForTmpfs();
const missingProc: Missing | undefined = existsSync("/proc/self/mountinfo")
  ? undefined
  : { why: "there is no /proc here" };
const isRoot = process.getuid?.() === 0;
/** Of a user that may write nowhere: root may everywhere. */
const NOBODY = 65_534;

/** Where root runs this, somebody else has to try, who can reach neither the program nor its modules everywhere. */
function missingForNobody(): Missing | undefined {
  const program = new URL("../../src/mcp-metrics.js", import.meta.url).pathname;
  const { status } = spawnSync(process.execPath, [program, "--version"], { uid: NOBODY });
  return status === 0 ? undefined : { why: "another user cannot run the program from this folder" };
}

/** A small disk in `folder`. */
function smallDisk(folder: string): string {
  const mount = mountTmpfs(folder, "64k");
  if (mount !== undefined) undo.push(mount.unmount);
  return folder;
}

function fill(folder: string): string {
  spawnSync("dd", ["if=/dev/zero", `of=${join(folder, "filler")}`, "bs=1k"], { stdio: "ignore" });
  return folder;
}

/** A disk that cannot be written to. */
function readOnly(folder: string): string {
  smallDisk(folder);
  assert.is(spawnSync("mount", ["-o", "remount,ro", folder]).status, 0);
  return folder;
}

export function link(target: string, path: string): string {
  symlinkSync(target, path);
  return path;
}

/** A database of ours in `folder`, closed. */
export async function databaseIn(folder: string): Promise<string> {
  const path = join(folder, "metrics.db");
  openMigrated(path).close();
  await releaseClosed();
  return path;
}

interface Place {
  readonly name: string;
  /** Makes it; where the database is to be. */
  readonly at: (folder: string) => string | Promise<string>;
  readonly message: RegExp;
  /** Whether it is tried again: something may be mounted there, permitted or freed a little later. */
  readonly isRetried: boolean;
  readonly missing?: Missing | undefined;
  readonly uid?: number;
}

export const PLACES: readonly Place[] = [
  {
    name: "on a full disk",
    at: (folder) => join(fill(smallDisk(folder)), "m.db"),
    message: /full.*make room/,
    isRetried: true,
    missing: missingTmpfs,
  },
  {
    name: "in a new folder of a full disk",
    at: (folder) => join(fill(smallDisk(folder)), "new", "m.db"),
    message: /full.*make room|ENOSPC.*make room/,
    isRetried: true,
    missing: missingTmpfs,
  },
  {
    name: "on a read-only disk",
    at: (folder) => join(readOnly(folder), "m.db"),
    message: /EROFS.*able to write/,
    isRetried: true,
    missing: missingTmpfs,
  },
  {
    name: "in a new folder of a read-only disk",
    at: (folder) => join(readOnly(folder), "new", "er", "m.db"),
    message: /EROFS.*able to write/,
    isRetried: true,
    missing: missingTmpfs,
  },
  {
    name: "below /proc",
    at: () => "/proc/new/m.db",
    message: /ENOENT.*mounted/,
    isRetried: true,
    missing: missingProc,
  },
  {
    name: "in /proc",
    at: () => "/proc/m.db",
    message: /ENOENT.*mounted/,
    isRetried: true,
    missing: missingProc,
  },
  {
    name: "in a folder that may not be written",
    at: (folder) => forbidden(folder),
    message: /EACCES.*user of the service/,
    isRetried: true,
    ...(isRoot && { uid: NOBODY, missing: missingForNobody() }),
  },
  {
    name: "behind a link to a folder that is not there",
    at: (folder) => link(join(folder, "gone", "m.db"), join(folder, "m.db")),
    message: /is a link to .*gone.*not there.*mounted/,
    isRetried: true,
  },
  {
    name: "in a link to a folder that is not there",
    at: (folder) => join(link(join(folder, "gone"), join(folder, "data")), "m.db"),
    message: /data is a link to .*gone.*mounted/,
    isRetried: true,
  },
  {
    name: "behind a link in a circle",
    at: (folder) => link("m.db", join(folder, "m.db")),
    message: /link in a circle/,
    isRetried: false,
  },
  { name: "where a folder is", at: (folder) => folder, message: /is a folder, not a file/, isRetried: false },
  {
    name: "in what is a file",
    at: (folder) => join(plainFile(folder), "m.db"),
    message: /is a file, not a folder/,
    isRetried: false,
  },
  {
    name: "below what is a file",
    at: (folder) => join(plainFile(folder), "new", "m.db"),
    message: /is a file, not a folder|ENOTDIR/,
    isRetried: false,
  },
  {
    name: "where a pipe is",
    at: (folder) => pipe(folder),
    message: /is a pipe, not a file/,
    isRetried: false,
    missing: missingProgram("mkfifo"),
  },
  {
    name: "where a socket is",
    at: (folder) => socket(folder),
    message: /is a socket, not a file/,
    isRetried: false,
  },
  { name: "where a device is", at: () => "/dev/null", message: /is a device, not a file/, isRetried: false },
  {
    name: "behind a link to a device",
    at: (folder) => link("/dev/full", join(folder, "m.db")),
    message: /is a device, not a file/,
    isRetried: false,
  },
  {
    name: "under a second name of its file",
    at: secondName,
    message: /second name \(hard link\): remove it/,
    isRetried: false,
  },
  {
    name: "where its file alone is mounted",
    at: mountedAlone,
    message: /mounted by itself: mount its folder/,
    isRetried: false,
    missing: missingTmpfs,
  },
];

function forbidden(folder: string): string {
  chmodSync(folder, 0o555);
  undo.push(() => chmodSync(folder, 0o755));
  return join(folder, "m.db");
}

function plainFile(folder: string): string {
  const path = join(folder, "plain");
  writeFileSync(path, "");
  return path;
}

export function pipe(folder: string): string {
  const path = join(folder, "pipe");
  assert.is(spawnSync("mkfifo", [path]).status, 0);
  return path;
}

async function socket(folder: string): Promise<string> {
  const path = join(folder, "socket");
  const server = createServer().listen(path);
  await once(server, "listening");
  undo.push(() => void server.close());
  return path;
}

export async function secondName(folder: string): Promise<string> {
  const path = await databaseIn(folder);
  mkdirSync(join(folder, "other"));
  linkSync(path, join(folder, "other", "second.db"));
  return join(folder, "other", "second.db");
}

async function mountedAlone(folder: string): Promise<string> {
  const path = await databaseIn(folder);
  const other = join(folder, "alone with space.db");
  closeSync(openSync(other, "w"));
  assert.is(spawnSync("mount", ["--bind", path, other]).status, 0);
  undo.push(() => void spawnSync("umount", ["-l", other]));
  return other;
}
