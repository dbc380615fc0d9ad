import { readFileSync, writeFileSync } from "node:fs";
import Libsql from "libsql";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { searchForDamage } from "../../src/sqlite/file/damage.ts";
import { get, submit } from "../faults/requests.ts";
import { openMigrated, temporaryPath } from "../sqlite/databases.ts";
import { createServices, logged } from "../support/service-process.ts";

const { start, killAll } = createServices();
test.after.each(killAll);

const PAGE_BYTES = 512;

/** A database of more pages than are searched at start; they are small ones, so that it is soon made. */
function createLarge(): string {
  const path = temporaryPath();
  const empty = new Libsql(path);
  empty.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA user_version = 1`);
  empty.close();
  const database = openMigrated(path);
  database.script(`CREATE TABLE filler (bytes); INSERT INTO filler VALUES (zeroblob(${51_000 * PAGE_BYTES}));
    CREATE TABLE victim (text); INSERT INTO victim VALUES ('find me'); PRAGMA wal_checkpoint(TRUNCATE)`);
  database.close();
  return path;
}

function damage(path: string): void {
  const bytes = readFileSync(path);
  const page = Math.floor(bytes.indexOf("find me") / PAGE_BYTES);
  bytes.fill(0, page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
  writeFileSync(path, bytes);
}

function search(path: string): Promise<string> {
  return new Promise((resolve) => {
    searchForDamage(path, {
      onSound: () => resolve("sound"),
      onDamaged: (findings) => resolve(`damaged: ${findings.join()}`),
      onFailed: (error) => resolve(`failed: ${error}`),
    });
  });
}

test("damage is told from soundness, and from a search that came to nothing", async () => {
  const path = temporaryPath();
  openMigrated(path).close();
  assert.is(await search(path), "sound");
  const other = temporaryPath();
  writeFileSync(other, "no database at all".repeat(100));
  assert.match(await search(other), /^damaged: .*not a database/);
  assert.match(await search(`${path}-missing`), /^failed/);
});

test("a search that is given up says nothing more", async () => {
  const path = temporaryPath();
  openMigrated(path).close();
  const said: unknown[] = [];
  const report = (what: unknown) => void said.push(what);
  const giveUp = searchForDamage(path, {
    onSound: () => report("sound"),
    onDamaged: report,
    onFailed: report,
  });
  await giveUp();
  assert.equal(said, []);
});

test("a large database that is sound is ready, and said to be sound", async () => {
  const service = await start(createLarge());
  await logged(service, "the database is sound");
  assert.is((await get(service.port, "/health/ready")).status, 200);
});

test("a large database that is damaged is found out beside the service, which is not ready from then on", async () => {
  const path = createLarge();
  damage(path);
  const service = await start(path);
  await logged(service, "THE DATABASE IS DAMAGED; not ready from now on: restore a backup");
  assert.is((await get(service.port, "/health/ready")).status, 503);
  assert.is((await submit(service.port, [1])).status, 200, "what can be stored is stored");
});

test.run();
