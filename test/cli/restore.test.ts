import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { systemClock } from "../../src/lib/clock.ts";
import { acquireLock } from "../../src/sqlite/file/lock.ts";
import { restoreDatabase } from "../../src/sqlite/file/restore-file.ts";
import { readDatabase } from "../../src/sqlite/offline.ts";
import { submit, valuesIn } from "../faults/requests.ts";
import { digestOf, MIGRATIONS, openMigrated, openUnmigrated, releaseClosed } from "../sqlite/databases.ts";
import { createServices } from "../support/service-process.ts";
import { NOW_MS } from "../support/time.ts";
import { freshEnvironment, runCli, temporaryFolder } from "./run-cli.ts";

const { start, killAll } = createServices();
test.after.each(killAll);

/** A backup of a database with this one value. */
async function backupOf(value: number): Promise<string> {
  const { env, path } = freshEnvironment();
  await fill(path, value);
  const target = join(temporaryFolder(), "backup.db");
  assert.is((await runCli(["backup", target], env)).code, 0);
  return target;
}

/** Store one value as a service does. */
async function fill(path: string, value: number, signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
  const service = await start(path);
  assert.is((await submit(service.port, [value])).status, 200);
  await service.stop(signal);
}

/** What stands beside a database but for its lock, secret and id, which a restore leaves alone. */
const besides = (path: string) =>
  readdirSync(dirname(path))
    .filter((file) => !/-(lock|secret|instance|service\.json)$/.test(file))
    .sort();

test("a backup takes the place of a database whose service was killed; that one is kept, log and all", async () => {
  const backup = await backupOf(1);
  const { env, path } = freshEnvironment();
  await fill(path, 2, "SIGKILL");
  assert.ok(existsSync(`${path}-wal`), "what came last stands in the log alone");
  const before = await digestOf(backup);
  const { code, stdout, stderr } = await runCli(["restore", backup, "--json"], env);
  assert.is(code, 0, stderr);
  const { kept_as: kept, ...answer } = JSON.parse(stdout) as { kept_as: string } & Record<string, unknown>;
  const { size, mode } = statSync(path);
  assert.equal(answer, { path, source: backup, bytes: size, migration: MIGRATIONS.length });
  assert.is(mode & 0o777, 0o600);
  assert.equal(besides(path), ["metrics.db", basename(kept), `${basename(kept)}-wal`]);
  assert.is(await digestOf(backup), before, "the backup is only read");
  assert.equal([valuesIn(path), valuesIn(kept)], [[1], [2]]);
  await fill(path, 3);
  assert.equal([valuesIn(path), valuesIn(kept)], [[1, 3], [2]]);
  // The other way round: what was kept is a backup, too, with the log that belongs to it.
  assert.is((await runCli(["restore", kept], env)).code, 0);
  assert.equal(valuesIn(path), [2]);
});

test("a backup is restored where nothing is, through a link, and beside the log of what was lost", async () => {
  const backup = await backupOf(1);
  const fresh = freshEnvironment();
  const inFolder = join(dirname(fresh.path), "new", "metrics.db");
  const { code, stdout } = await runCli(["restore", backup, "--json"], {
    ...fresh.env,
    SQLITE_DB_PATH: inFolder,
  });
  assert.equal([code, JSON.parse(stdout).kept_as, valuesIn(inFolder)], [0, null, [1]]);

  const link = join(temporaryFolder(), "link.db");
  symlinkSync(inFolder, link);
  assert.is((await runCli(["restore", await backupOf(4)], { ...fresh.env, SQLITE_DB_PATH: link })).code, 0);
  assert.equal(valuesIn(inFolder), [4]);

  const lost = freshEnvironment();
  await fill(lost.path, 2, "SIGKILL");
  rmSync(lost.path);
  assert.is((await runCli(["restore", backup], lost.env)).code, 0);
  assert.equal(valuesIn(lost.path), [1]);
  // And once more, as after a copy that was killed between its two steps.
  const unfinished = freshEnvironment();
  await fill(unfinished.path, 5, "SIGKILL");
  copyFileSync(backup, unfinished.path);
  assert.is((await runCli(["restore", backup], unfinished.env)).code, 0);
  assert.equal(valuesIn(unfinished.path), [1]);
});

const UNFIT: readonly {
  readonly name: string;
  readonly make: (path: string) => void;
  readonly message: RegExp;
}[] = [
  { name: "not there", make: () => {}, message: /is no file/ },
  { name: "empty", make: (path) => writeFileSync(path, ""), message: /holds nothing/ },
  { name: "no database", make: (path) => writeFileSync(path, "x".repeat(10_000)), message: /not a database/ },
  {
    name: "damaged in an index",
    make(path) {
      const database = openMigrated(path);
      database.script(`CREATE TABLE t (a); CREATE INDEX t_a ON t (a) WHERE a > 0; INSERT INTO t VALUES (1);
        PRAGMA writable_schema = ON;
        UPDATE sqlite_schema SET sql = 'CREATE INDEX t_a ON t (a) WHERE a > 1' WHERE name = 't_a'`);
      database.close();
    },
    message: /damaged.*index t_a/,
  },
  {
    name: "cut off",
    make(path) {
      const database = openMigrated(path);
      database.script("PRAGMA wal_checkpoint(TRUNCATE)");
      database.close();
      writeFileSync(path, readFileSync(path).subarray(0, 9000));
    },
    message: /malformed|never used|disk image|damaged/,
  },
  {
    name: "of a newer release",
    make(path) {
      const database = openMigrated(path);
      database.script("INSERT INTO schema_migrations VALUES (1000, 'later', '', '')");
      database.close();
    },
    message: /older than the database/,
  },
  {
    name: "of something else",
    make(path) {
      const database = openUnmigrated(path);
      database.script("CREATE TABLE notes (text); INSERT INTO notes VALUES ('x')");
      database.close();
    },
    message: /of something else/,
  },
];

test("what is no sound backup is refused, and the database stays as it is", async () => {
  const { env, path } = freshEnvironment();
  openMigrated(path).close();
  await releaseClosed();
  const before = [await digestOf(path), besides(path)];
  for (const { name, make, message } of UNFIT) {
    const source = join(temporaryFolder(), "backup.db");
    make(source);
    await releaseClosed();
    const { code, stdout, stderr } = await runCli(["restore", source], env);
    assert.equal([code, stdout], [1, ""], name);
    assert.match(stderr, message, name);
    assert.is(stderr.trim().split("\n").length, 1, stderr);
    assert.equal([await digestOf(path), besides(path)], before, name);
  }
  const itself = await runCli(["restore", path], env);
  assert.match(itself.stderr, /is the database itself/);
  assert.equal([await digestOf(path), besides(path)], before);
});

test("two restores at the same moment keep what each found", async () => {
  const { path } = freshEnvironment();
  await fill(path, 1);
  const clock = { ...systemClock, wallMs: () => NOW_MS };
  const kept: string[] = [];
  for (const value of [2, 3, 4]) {
    const { keptAs } = await restoreDatabase(await backupOf(value), path, clock);
    kept.push(keptAs ?? "");
  }
  assert.is(new Set(kept).size, 3);
  assert.equal([path, ...kept].map(valuesIn), [[4], [1], [2], [3]]);
});

test("while somebody has the database nothing is restored", async () => {
  const backup = await backupOf(1);
  const { env, path } = freshEnvironment();
  openMigrated(path).close();
  await releaseClosed();
  const before = [await digestOf(path), besides(path)];
  const lock = acquireLock(path);
  const { code, stderr } = await runCli(["restore", backup], env);
  lock.release();
  assert.is(code, 1);
  assert.match(stderr, /in use by another mcp-metrics process.*: stop the service first, then restore\n$/);
  assert.equal([await digestOf(path), besides(path)], before);
  assert.is((await runCli(["restore", backup], env)).code, 0);
  const identities = [path, backup].map((file) =>
    readDatabase(file, (database) => database.first("PRAGMA application_id")?.application_id),
  );
  assert.is.not(identities[0], identities[1], "a number of its own, so that no log is taken for its");
});

test.run();
