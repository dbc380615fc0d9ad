/** Policies, and the deletion of what they have given up: neither more nor less, and never early. */

import fc from "fast-check";
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { DAY_MS, HOUR_MS } from "../../src/lib/time.ts";
import { cutoffOf, RETENTION_TABLES } from "../../src/store/retention.ts";
import type { Store } from "../../src/store/store.ts";
import { NOW_MS } from "../support/time.ts";
import {
  BY_TYPE,
  cleanUp,
  createMetrics,
  flush,
  GROUPS,
  OVER_METRICS,
  setDays,
  surveyOf,
  TYPE_OF,
  timesOf,
} from "./cleanups.ts";
import { createDirectorySender } from "./directory-entries.ts";
import type { Engine } from "./engines.ts";
import { withStore } from "./store-tests.ts";

/** Rows of each table that a survey says have expired; tables without any are left out. */
async function surveyed({ retention }: Store, tables: readonly string[], nowMs = NOW_MS) {
  const expired: Record<string, number> = {};
  for (const policy of (await retention.listPolicies()).filter(({ tableName }) =>
    tables.includes(tableName),
  )) {
    const query = { table: policy.tableName, cutoffMs: cutoffOf(policy, nowMs), totalsOnly: false };
    const found = await retention.survey(query);
    if (found.expired > 0) expired[policy.tableName] = found.expired;
  }
  return expired;
}

export function retentionContract(test: Test, engine: Engine): void {
  test("what happened a millisecond before the cutoff goes, what happened at it stays, of its own types alone", async () => {
    await withStore(engine, async (store) => {
      const submit = createMetrics(store);
      const cutoff = NOW_MS - 3 * DAY_MS;
      const times = [-5, 0, cutoff - 1, cutoff, cutoff + 1];
      for (const type of Object.values(TYPE_OF)) await submit(type, ...times);
      await submit("custom", ...times);
      await flush(store);
      const before = await store.queries.aggregate(BY_TYPE);
      for (const [table, type] of Object.entries(TYPE_OF)) {
        await setDays(store, table, 3);
        const gone = { [table]: table === "metrics" ? 6 : 3 };
        assert.equal(await surveyed(store, [table]), gone);
        assert.equal(await cleanUp(store, [table]), gone);
        assert.equal(await timesOf(store, type), [cutoff, cutoff + 1]);
        await setDays(store, table, 90);
        for (const other of Object.values(TYPE_OF).slice(Object.keys(TYPE_OF).indexOf(table) + 1)) {
          assert.equal(await timesOf(store, other), times, `${other} after ${table}`);
        }
      }
      assert.equal(
        await timesOf(store, "custom"),
        [cutoff, cutoff + 1],
        "types without a table of their own",
      );
      assert.equal((await store.queries.aggregate(BY_TYPE)).groups, before.groups, "rollups stay");
    });
  });

  test("one policy over metrics does not shorten another", async () => {
    await withStore(engine, async (store) => {
      const submit = createMetrics(store);
      for (const type of Object.values(TYPE_OF))
        await submit(type, NOW_MS - 20 * DAY_MS, NOW_MS - 10 * DAY_MS, NOW_MS - 5 * DAY_MS);
      await flush(store);
      await setDays(store, "metrics", 1);
      await setDays(store, "auth_metrics", 10);
      await setDays(store, "tool_metrics", 1, false);
      assert.equal(await cleanUp(store, OVER_METRICS), { metrics: 3, auth_metrics: 1 });
      assert.equal(await timesOf(store, "auth_request"), [NOW_MS - 10 * DAY_MS, NOW_MS - 5 * DAY_MS]);
      for (const type of ["tool_execution", "tool_discovery"])
        assert.is((await timesOf(store, type)).length, 3);
    });
  });

  test("hours and days go, in every breakdown, once their end is at the cutoff; what is kept is not changed", async () => {
    await withStore(engine, async (store) => {
      const submit = createMetrics(store);
      // 00:00 UTC, so that both an hour and a day end there.
      const end = Date.UTC(2026, 1, 10);
      for (const bucketMs of [HOUR_MS, DAY_MS]) await submit("auth_request", end - bucketMs);
      await submit("auth_request", end - 1, end, NOW_MS);
      await flush(store);
      for (const [table, bucketMs, totals] of [
        ["metrics_daily", DAY_MS, 3],
        ["metrics_hourly", HOUR_MS, 4],
      ] as const) {
        await setDays(store, table, 10);
        const nowMs = end + 10 * DAY_MS;
        const all = await surveyOf(store, table);
        const shown = await surveyOf(store, table, true);
        const oldestMs = end - DAY_MS;
        assert.equal([shown.total, shown.oldestMs, all.oldestMs], [totals, oldestMs, oldestMs]);
        assert.ok(all.total > shown.total, "breakdowns are rows too");
        assert.is(shown.newestMs, Math.floor(NOW_MS / bucketMs) * bucketMs);
        assert.equal(
          await surveyed(store, [table], nowMs - 1),
          table === "metrics_hourly" ? { [table]: all.total / 4 } : {},
        );
        const early = await cleanUp(store, [table], nowMs - 1);
        const gone = { [table]: table === "metrics_hourly" ? all.total / 4 : all.total / 3 };
        assert.equal(early, table === "metrics_hourly" ? gone : {});
        assert.equal(await surveyed(store, [table], nowMs), gone);
        assert.equal(await cleanUp(store, [table], nowMs), gone);
        assert.is((await surveyOf(store, table)).oldestMs, end);
      }
      assert.equal(await timesOf(store, "auth_request"), [end - DAY_MS, end - HOUR_MS, end - 1, end, NOW_MS]);
    });
  });

  for (const table of [
    "server_metrics",
    "server_metrics_daily",
    "server_events",
    "server_usage",
    "api_key_usage_log",
  ]) {
    test(`${table}: what was before the cutoff goes, and nothing else does`, async () => {
      await withStore(engine, async (store) => {
        const cutoff = Date.UTC(2026, 1, 10);
        const nowMs = cutoff + 10 * DAY_MS;
        const step = table === "server_metrics_daily" ? DAY_MS : 1;
        const { storeAged } = await createDirectorySender(store, ["aged"]);
        for (const ms of [cutoff - step, cutoff, nowMs]) await storeAged(ms);
        await setDays(store, table, 10);
        const others = RETENTION_TABLES.map(({ name }) => name).filter((name) => name !== table);
        const rows = () => Promise.all(others.map((name) => surveyOf(store, name)));
        const before = await rows();
        const survey = await surveyOf(store, table, false, cutoff);
        assert.equal(survey, {
          total: 3,
          expired: 1,
          oldestMs: cutoff - step,
          newestMs: nowMs,
          oldestExpiredMs: cutoff - step,
          newestExpiredMs: cutoff - step,
        });
        assert.equal(await cleanUp(store, [table], nowMs), { [table]: 1 });
        const { oldestMs, total } = await surveyOf(store, table);
        assert.equal([oldestMs, total], [cutoff, 2]);
        assert.equal(await rows(), before);
      });
    });
  }

  test("nothing goes while its policy is inactive, and a policy counts from when it is changed", async () => {
    await withStore(engine, async (store) => {
      const submit = createMetrics(store);
      const old = NOW_MS - 5000 * DAY_MS;
      for (const type of Object.values(TYPE_OF)) await submit(type, old);
      const { storeAged } = await createDirectorySender(store, ["aged"]);
      await storeAged(old);
      await flush(store);
      for (const group of GROUPS) {
        for (const table of group) await setDays(store, table, 1, false);
        assert.equal([await surveyed(store, group), await cleanUp(store, group)], [{}, {}]);
        for (const table of group) await setDays(store, table, 1, true);
        assert.equal(Object.keys(await cleanUp(store, group)).sort(), [...group].sort());
      }
    });
  });

  /** Around the cutoffs of 1, 2 and 3 days, many at the same instant. */
  const aged = fc.record({
    table: fc.constantFrom(...OVER_METRICS),
    timeMs: fc
      .tuple(fc.integer({ min: 0, max: 4 }), fc.constantFrom(-1, 0, 0, 0, 1, 5000))
      .map(([days, offset]) => NOW_MS - days * DAY_MS - offset),
  });
  const policies = fc.tuple(
    ...OVER_METRICS.map(() => fc.record({ days: fc.integer({ min: 1, max: 3 }), isActive: fc.boolean() })),
  );

  test("a cleanup deletes what a survey counts, and a model says", async () => {
    const property = fc.asyncProperty(fc.array(aged, { maxLength: 60 }), policies, async (metrics, drawn) => {
      await withStore(engine, async (store) => {
        const submit = createMetrics(store);
        const expected: Record<string, number[]> = Object.fromEntries(
          OVER_METRICS.map((table) => [table, []]),
        );
        const goes: Record<string, number> = {};
        for (const [index, table] of OVER_METRICS.entries()) {
          const { days = 1, isActive = true } = drawn[index] ?? {};
          await setDays(store, table, days, isActive);
          const times = metrics.filter((each) => each.table === table).map(({ timeMs }) => timeMs);
          if (times.length > 0) await submit(TYPE_OF[table] ?? "", ...times);
          const kept = times.filter((ms) => !isActive || ms >= NOW_MS - days * DAY_MS);
          expected[table] = kept.sort((a, b) => a - b);
          if (kept.length < times.length) goes[table] = times.length - kept.length;
        }
        await flush(store);
        assert.equal(await surveyed(store, OVER_METRICS), goes);
        assert.equal(await cleanUp(store, OVER_METRICS), goes);
        for (const [table, type] of Object.entries(TYPE_OF))
          assert.equal(await timesOf(store, type), expected[table]);
        assert.equal(await cleanUp(store, OVER_METRICS), {});
      });
    });
    await fc.assert(property, { numRuns: 6, includeErrorInReport: true, endOnFailure: true });
  });
}
