import { copyFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { temporaryPath } from "../sqlite/databases.ts";
import { createServices } from "../support/service-process.ts";
import { until } from "../support/wait.ts";
import { submit } from "./requests.ts";

const { start, killAll } = createServices();
test.after.each(killAll);

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
];

for (const { name, move } of MOVES) {
  test(`a database ${name} while in use acknowledges nothing any more and ends the process`, async () => {
    const databasePath = temporaryPath();
    const service = await start(databasePath);
    assert.is((await submit(service.port, [1])).status, 200);
    move(databasePath);
    assert.is((await submit(service.port, [2])).status, 503);
    await until("the end of the process", () => !service.isRunning());
    assert.is((await service.stop("SIGKILL")).code, 70);
    assert.ok(service.log.some((line) => line.includes("removed or replaced while in use")));
  });
}

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

test("an idle service finds out by itself that its database is gone", async () => {
  const databasePath = temporaryPath();
  const service = await start(databasePath);
  rmSync(databasePath);
  const url = `http://127.0.0.1:${service.port}/health/ready`;
  await until("the end of the process", async () => {
    await fetch(url).catch(() => {});
    return !service.isRunning();
  });
  assert.is((await service.stop("SIGKILL")).code, 70);
});

test.run();
