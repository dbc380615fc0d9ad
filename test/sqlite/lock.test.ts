import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, statSync, symlinkSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { acquireLock, isDatabaseInUse } from "../../src/sqlite/file/lock.ts";
import { realDatabasePath } from "../../src/sqlite/file/real-path.ts";
import { StoreInUseError } from "../../src/store/errors.ts";
import { openMigrated, temporaryFolder, temporaryPath } from "./databases.ts";

const LOCK_MODULE = new URL("../../src/sqlite/file/lock.ts", import.meta.url).href;

/** Another process that holds the lock of `path` until it is killed. */
async function holdElsewhere(path: string) {
  const script = `const { acquireLock } = await import(${JSON.stringify(LOCK_MODULE)});
    globalThis.lock = acquireLock(${JSON.stringify(path)}); console.log("held"); setInterval(() => {}, 1000)`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return {
    async kill() {
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

/** Every way to spell one file. */
function spellings(path: string): readonly string[] {
  const folder = temporaryFolder();
  symlinkSync(path, join(folder, "link.db"));
  symlinkSync(join(folder, "link.db"), join(folder, "link-to-link.db"));
  symlinkSync(dirname(path), join(folder, "folder"));
  symlinkSync(relative(folder, path), join(folder, "relative.db"));
  const links = ["link.db", "link-to-link.db", join("folder", basename(path)), "relative.db"];
  return [path, relative(process.cwd(), path), ...links.map((name) => join(folder, name))];
}

for (const isThere of [true, false]) {
  const state = isThere ? "is there" : "is not there yet";
  test(`a database that ${state} has one lock, whatever path leads to it; a killed holder leaves none`, async () => {
    const path = temporaryPath();
    if (isThere) openMigrated(path).close();
    const names = spellings(path);
    const holder = await holdElsewhere(path);
    for (const name of names) {
      assert.throws(
        () => acquireLock(name),
        (error: unknown) => error instanceof StoreInUseError,
        name,
      );
      assert.is(isDatabaseInUse(name), true, name);
    }
    await holder.kill();
    for (const name of names) {
      acquireLock(name).release();
      assert.is(isDatabaseInUse(name), false, name);
    }
  });
}

test("the lock is on nothing but its own file, which only its owner can open", async () => {
  const path = temporaryPath();
  const lock = acquireLock(path);
  assert.not(existsSync(path));
  assert.is(statSync(`${path}-lock`).mode & 0o777, 0o600);
  lock.release();
});

test("a released lock can be taken again by the same process and by another", async () => {
  const path = temporaryPath();
  acquireLock(path).release();
  acquireLock(path).release();
  const holder = await holdElsewhere(path);
  assert.is(isDatabaseInUse(path), true);
  await holder.kill();
  acquireLock(path).release();
});

test("a loop of links is no endless loop", () => {
  const folder = temporaryFolder();
  symlinkSync(join(folder, "b"), join(folder, "a"));
  symlinkSync(join(folder, "a"), join(folder, "b"));
  assert.type(realDatabasePath(join(folder, "a")), "string");
});

test("a path through folders that are not there yet stays as it is", () => {
  const path = join(temporaryFolder(), "not", "there", "metrics.db");
  assert.is(realDatabasePath(path), path);
});

test("database and log are readable by their owner only, whatever the umask", () => {
  const before = process.umask(0);
  try {
    const path = join(temporaryFolder(), "metrics.db");
    mkdirSync(dirname(path), { recursive: true });
    const database = openMigrated(path);
    for (const file of readdirSync(dirname(path))) {
      assert.is(statSync(join(dirname(path), file)).mode & 0o777, 0o600, file);
    }
    database.close();
  } finally {
    process.umask(before);
  }
});

test.run();
