import {
  copyFileSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { giveBackSpace, probe } from "../../src/sqlite/file/operations.ts";
import { watchFiles } from "../../src/sqlite/file/watch.ts";
import { withDatabase } from "../../src/sqlite/offline.ts";
import { MIGRATIONS, openMigrated, temporaryPath } from "../sqlite/databases.ts";
import { fillDatabase } from "../support/fill-database.ts";
import { createServices } from "../support/service-process.ts";
import { NOW_MS } from "../support/time.ts";
import { failureOf, until } from "../support/wait.ts";
import { submit } from "./requests.ts";

const { start, killAll } = createServices();
test.after.each(killAll);

/** One whose pages are in the file itself, and not in the log alone. */
function filledDatabase(rows = 1000): string {
  const path = temporaryPath();
  fillDatabase(path, { rows, startMs: NOW_MS, spanMs: 1000 });
  const database = openMigrated(path);
  database.script("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
  return path;
}

/** Another database of ours, larger than the one in use. */
const otherDatabase = () => readFileSync(filledDatabase(5000));

const sizeOf = (path: string) => statSync(path).size;

const MOVES: readonly { name: string; move: (path: string) => void }[] = [
  { name: "deleted", move: (path) => rmSync(path) },
  { name: "renamed", move: (path) => renameSync(path, `${path}.old`) },
  {
    name: "replaced by a copy",
    move(path) {
      copyFileSync(path, `${path}.copy`);
      renameSync(`${path}.copy`, path);
    },
  },
  { name: "left without its log", move: (path) => rmSync(`${path}-wal`) },
  { name: "cut to nothing", move: (path) => truncateSync(path, 0) },
  { name: "cut in its middle", move: (path) => truncateSync(path, 8192) },
  { name: "cut by a page", move: (path) => truncateSync(path, sizeOf(path) - 4096) },
  { name: "overwritten by another", move: (path) => writeFileSync(path, otherDatabase()) },
  { name: "overwritten with zeros", move: (path) => writeFileSync(path, Buffer.alloc(sizeOf(path))) },
  { name: "whose log is cut to nothing", move: (path) => truncateSync(`${path}-wal`, 0) },
  { name: "whose log is cut", move: (path) => truncateSync(`${path}-wal`, sizeOf(`${path}-wal`) - 1) },
];

const WHY = /(removed or replaced|cut from \d+ to \d+ bytes|overwritten) while in use/;

for (const { name, move } of MOVES) {
  test(`a database ${name} while in use acknowledges nothing any more and ends the process`, async () => {
    const databasePath = filledDatabase();
    const service = await start(databasePath);
    assert.is((await submit(service.port, [1])).status, 200);
    move(databasePath);
    const { status } = await submit(service.port, [2]);
    // It may have ended already.
    assert.ok(status === 503 || status === 0, `${status}`);
    await until("the end of the process", () => !service.isRunning());
    assert.is((await service.stop("SIGKILL")).code, 70);
    assert.ok(service.log.some((line) => WHY.test(line)));
  });

  test(`an idle service finds out by itself that its database is ${name}`, async () => {
    const databasePath = filledDatabase();
    const service = await start(databasePath);
    move(databasePath);
    await until("the end of the process", () => !service.isRunning());
    assert.is((await service.stop("SIGKILL")).code, 70);
    assert.ok(service.log.some((line) => WHY.test(line)));
  });
}

test("a backup that is copied over a database in use is left as it is, and the next start refuses the old log", async () => {
  const databasePath = filledDatabase();
  const service = await start(databasePath);
  assert.is((await submit(service.port, [1])).status, 200);
  const backup = otherDatabase();
  writeFileSync(databasePath, backup);
  await until("the end of the process", () => !service.isRunning());
  assert.ok(readFileSync(databasePath).equals(backup));
  const refused = await failureOf(withDatabase(databasePath, MIGRATIONS, () => assert.unreachable()));
  assert.match(refused.message, /log .* is not of/);
});

test("an older copy of the same database that is copied over it, as long as it is, does not pass for it", () => {
  const databasePath = filledDatabase();
  const older = readFileSync(databasePath);
  const database = openMigrated(databasePath);
  database.script("CREATE TABLE later (value); PRAGMA wal_checkpoint(TRUNCATE)");
  probe(database);
  const files = watchFiles(databasePath, database);
  files.check();
  writeFileSync(databasePath, Buffer.concat([older, Buffer.alloc(sizeOf(databasePath) - older.length)]));
  assert.throws(() => files.check(), /overwritten/);
  assert.throws(() => files.during(() => assert.unreachable(), { emptiesLog: false }), /overwritten/);
  database.close();
});

test("checkpoints, cleanups and an emptied log are no change from outside", () => {
  const databasePath = filledDatabase(50_000);
  const database = openMigrated(databasePath);
  probe(database);
  const files = watchFiles(databasePath, database);
  const sizes = new Set<number>();
  const during = (work: () => unknown, emptiesLog = false) => {
    files.during(work, { emptiesLog });
    files.check();
    sizes.add(sizeOf(databasePath));
  };
  during(() => database.run("DELETE FROM measurements WHERE id > 1000"));
  for (let isMore = true; isMore; ) during(() => (isMore = giveBackSpace(database)));
  during(() => database.all("PRAGMA wal_checkpoint(PASSIVE)"));
  during(() => database.all("PRAGMA wal_checkpoint(TRUNCATE)"), true);
  during(() => probe(database));
  assert.ok(sizes.size > 1, "the file has shrunk");
  for (const work of [() => truncateSync(databasePath, 4096), () => truncateSync(`${databasePath}-wal`)]) {
    assert.throws(() => files.during(work, { emptiesLog: false }), /cut from/);
  }
  database.close();
});

test("the log of a database that was opened through a link is watched where it really is", async () => {
  const databasePath = temporaryPath();
  const link = temporaryPath();
  symlinkSync(databasePath, link);
  const service = await start(link);
  assert.is((await submit(service.port, [1])).status, 200);
  rmSync(`${databasePath}-wal`);
  assert.is((await submit(service.port, [2])).status, 503);
  await until("the end of the process", () => !service.isRunning());
});

test.run();
