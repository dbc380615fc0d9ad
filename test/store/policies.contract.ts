/** Policies, and what the service knows of the time by which they delete. */

import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { RETENTION_TABLES } from "../../src/store/retention.ts";
import type { Store } from "../../src/store/store.ts";
import { NOW_MS } from "../support/time.ts";
import { failureOf } from "../support/wait.ts";
import { createMetrics } from "./cleanups.ts";
import type { Engine } from "./engines.ts";
import { assertRejected, entriesOf, traceOf, unwritableTrace, withOpened, withStore } from "./store-tests.ts";

export function policiesContract(test: Test, engine: Engine): void {
  const DIRECTORY_DAYS = {
    server_metrics: 30,
    server_metrics_daily: 1095,
    server_events: 365,
    server_usage: 90,
  };
  const daysOf = async ({ retention }: Store) =>
    Object.fromEntries(
      (await retention.listPolicies()).map(({ tableName, retentionDays }) => [tableName, retentionDays]),
    );

  test("a new database has an active policy for every table, in their order, with the specification's days", async () => {
    await withStore(engine, async (store) => {
      const raw = { metrics: 90, auth_metrics: 90, discovery_metrics: 90, tool_metrics: 90 };
      const rollups = { metrics_hourly: 365, metrics_daily: 1095 };
      assert.equal(await daysOf(store), { ...raw, ...rollups, api_key_usage_log: 90, ...DIRECTORY_DAYS });
      const policies = await store.retention.listPolicies();
      assert.equal(
        policies.map(({ tableName }) => tableName),
        RETENTION_TABLES.map(({ name }) => name),
      );
      assert.ok(policies.every(({ isActive }) => isActive));
    });
  });

  test("the operator's default is that of metrics alone, and of policies that nobody has changed, for ever", async () => {
    await withStore(engine, async (store, installation) => {
      const change = (tableName: string, retentionDays: number | undefined, isActive: boolean | undefined) =>
        store.retention.setPolicy({ tableName, retentionDays, isActive }, NOW_MS, traceOf());
      await change("tool_metrics", 90, undefined);
      assert.is((await change("discovery_metrics", undefined, false)).retentionDays, 90);
      assert.is((await change("discovery_metrics", 7, undefined)).isActive, false);
      await store.retention.applyDefault(30, NOW_MS);
      const wanted = { metrics: 30, auth_metrics: 30, discovery_metrics: 7, tool_metrics: 90 };
      const rest = { metrics_hourly: 365, metrics_daily: 1095, api_key_usage_log: 90, ...DIRECTORY_DAYS };
      assert.equal(await daysOf(store), { ...wanted, ...rest });
      await store.close();
      await withOpened(installation, async (again) => {
        await again.retention.applyDefault(31, NOW_MS);
        assert.equal(await daysOf(again), { ...wanted, metrics: 31, auth_metrics: 31, ...rest });
        const policy = (await again.retention.listPolicies()).find(
          ({ tableName }) => tableName === "discovery_metrics",
        );
        assert.is(policy?.isActive, false);
      });
    });
  });

  test("a policy is changed together with its entry in the trail, or not at all", async () => {
    await withStore(engine, async (store) => {
      const change = { tableName: "metrics", retentionDays: 5, isActive: undefined };
      const trace = traceOf();
      const set = await store.retention.setPolicy(change, NOW_MS, trace);
      assert.equal((await store.retention.listPolicies())[0], set);
      assert.equal([set.retentionDays, (await entriesOf(store, trace)).length], [5, 1]);
      await failureOf(store.retention.setPolicy({ ...change, retentionDays: 6 }, NOW_MS, unwritableTrace()));
      const other = traceOf();
      await assertRejected(
        store.retention.setPolicy({ ...change, tableName: "x" }, NOW_MS, other),
        "not_found",
      );
      assert.equal([(await daysOf(store)).metrics, await entriesOf(store, other)], [5, []]);
    });
  });

  test("the trusted time is what was saved last; before, the arrival of the newest metric; or nothing", async () => {
    await withStore(engine, async (store, installation) => {
      assert.is(await store.retention.readTrustedTime(), undefined);
      await createMetrics(store)("custom", 5);
      assert.equal(await store.retention.readTrustedTime(), {
        trustedMs: NOW_MS,
        leadMs: undefined,
        aheadMs: 0,
      });
      for (const state of [
        { trustedMs: 1e12, leadMs: 7, aheadMs: 8 },
        { trustedMs: 2e12, leadMs: undefined, aheadMs: 0 },
      ]) {
        await store.retention.saveTrustedTime(state);
        assert.equal(await store.retention.readTrustedTime(), state);
      }
      await store.close();
      await withOpened(installation, async (again) =>
        assert.is((await again.retention.readTrustedTime())?.trustedMs, 2e12),
      );
    });
  });
}
