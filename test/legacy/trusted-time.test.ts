/** An archive's metrics arrived long ago, and say nothing of what the time is now. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { systemClock } from "../../src/lib/clock.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/lib/time.ts";
import { openTrustedTime } from "../../src/maintenance/trusted-time.ts";
import { withOfflineStore } from "../../src/sqlite/offline.ts";
import type { TrustedTimeState } from "../../src/store/retention.ts";
import { type Env, runCli } from "../cli/run-cli.ts";
import { createSender } from "../store/submissions.ts";
import { importFile, setup } from "./imports.ts";
import { addMetrics } from "./predecessor.ts";

/** How far the clock is ahead of the time that a service would go by. */
const leadOf = (target: string) =>
  withOfflineStore(target, async ({ retention }) => (await openTrustedTime(retention, systemClock)).leadMs());

async function imported(path: string, env: Env) {
  assert.ok((await importFile(path, env)).metrics.imported > 0);
}

test("after an import into a new database the clock is not ahead, once or twice", async () => {
  const { path, old, env, target } = setup(300);
  await imported(path, env);
  assert.ok((await leadOf(target)) < MINUTE_MS);
  addMetrics(old, 300);
  await imported(path, env);
  assert.ok((await leadOf(target)) < MINUTE_MS);
  old.close();
});

test("what the database knew of the time before stays as it is", async () => {
  const { path, old, env, target } = setup(300);
  const known: TrustedTimeState = {
    trustedMs: Date.now() - 90 * DAY_MS,
    leadMs: 89 * DAY_MS,
    aheadMs: HOUR_MS,
  };
  await withOfflineStore(target, ({ retention }) => retention.saveTrustedTime(known));
  await imported(path, env);
  assert.equal(await withOfflineStore(target, ({ retention }) => retention.readTrustedTime()), known);
  old.close();
});

test("metrics that had arrived before are what a database without a state goes by, and not the archive's", async () => {
  const { path, old, env, target } = setup(300);
  await withOfflineStore(target, async (store) => {
    await createSender(store).submit({ metrics: [{ type: "custom", value: 1 }] });
  });
  const before = await withOfflineStore(target, ({ retention }) => retention.readTrustedTime());
  assert.ok(before !== undefined);
  await imported(path, env);
  assert.equal(await withOfflineStore(target, ({ retention }) => retention.readTrustedTime()), before);
  old.close();
});

test("what has expired of an archive goes with the first cleanup", async () => {
  const { path, old, env, target } = setup(300);
  await imported(path, env);
  const { code, stdout } = await runCli(["retention", "run", "--yes", "--json"], env);
  assert.is(code, 0, stdout);
  const left = await withOfflineStore(
    target,
    async ({ retention }) =>
      (await retention.survey({ table: "metrics", cutoffMs: undefined, totalsOnly: true })).total,
  );
  assert.is(left, 0);
  old.close();
});

test.run();
