import { chmodSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { temporaryPath } from "../sqlite/databases.ts";
import { createServices } from "../support/service-process.ts";
import { submit } from "./requests.ts";

const { start, killAll } = createServices();
test.after.each(killAll);

const modeOf = (path: string) => statSync(path).mode & 0o777;
const warnings = (log: readonly string[]) =>
  log
    .filter((line) => line.includes("others c"))
    .map((line) => JSON.parse(line) as { path: string; mode: string });

test("what is made beside a database is its owner's alone, and says nothing of modes", async () => {
  const path = temporaryPath();
  const service = await start(path);
  assert.is((await submit(service.port, [1])).status, 200);
  for (const name of readdirSync(dirname(path))) assert.is(modeOf(join(dirname(path), name)), 0o600, name);
  assert.equal(warnings(service.log), []);
});

test("files whose modes were loosened are given back to their owner at the next start, the folder is reported", async () => {
  const path = temporaryPath();
  const folder = dirname(path);
  const first = await start(path);
  assert.is((await submit(first.port, [1])).status, 200);
  await first.stop("SIGKILL");
  const names = readdirSync(folder).sort();
  for (const name of names) chmodSync(join(folder, name), 0o664);
  chmodSync(folder, 0o755);
  const second = await start(path);
  for (const name of readdirSync(folder)) assert.is(modeOf(join(folder, name)), 0o600, name);
  assert.is(modeOf(folder), 0o755, "it may be shared");
  const told = warnings(second.log).map((warning) => `${warning.path} ${warning.mode}`);
  assert.equal(told.sort(), [...names.map((name) => `${join(folder, name)} 0664`), `${folder} 0755`].sort());
});

test.run();
