/** Policies, and the deletion of what they have given up: neither more nor less, and never early. */
import fc from "fast-check";
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { DAY_MS, HOUR_MS } from "../../src/lib/time.ts";
import { type Pace, WITHOUT_PAUSE } from "../../src/store/plan/steps.ts";
import { cutoffOf, RETENTION_TABLES } from "../../src/store/retention.ts";
import type { Store } from "../../src/store/store.ts";
import { NOW_MS } from "../support/time.ts";
import { failureOf } from "../support/wait.ts";
import { createDirectorySender } from "./directory-entries.ts";
import type { Engine } from "./engines.ts";
import {
  askOf,
  assertRejected,
  entriesOf,
  eventsOf,
  isOver,
  stopAfter,
  traceOf,
  unwritableTrace,
  valuesOf,
  withOpened,
  withStore,
} from "./store-tests.ts";
import { createSender } from "./submissions.ts";

/** A metric type for each policy over metrics. */
const TYPE_OF: Readonly<Record<string, string>> = {
  metrics: "health_check",
  auth_metrics: "auth_request",
  discovery_metrics: "tool_discovery",
  tool_metrics: "tool_execution",
};
const OVER_METRICS = Object.keys(TYPE_OF);
/** Tables that are cleaned together. */
const GROUPS: readonly (readonly string[])[] = [
  OVER_METRICS,
  ...RETENTION_TABLES.filter(({ kind }) => kind !== "measurements").map(({ name }) => [name]),
];

const flush = ({ metrics }: Store) => metrics.flushRollups(NOW_MS, WITHOUT_PAUSE);
const setDays = ({ retention }: Store, tableName: string, retentionDays: number, isActive = true) =>
  retention.setPolicy({ tableName, retentionDays, isActive }, NOW_MS, traceOf());

/** Rows of each table that `deleteExpired` says it has deleted, even when it is ended by its pace. */
async function cleanUp(
  { retention }: Store,
  tables: readonly string[],
  nowMs = NOW_MS,
  pace: Pace = WITHOUT_PAUSE,
) {
  const deleted: Record<string, number> = {};
  await isOver(
    retention.deleteExpired({ tables, nowMs }, pace, (rows) => {
      for (const [table, count] of Object.entries(rows)) deleted[table] = (deleted[table] ?? 0) + count;
    }),
  );
  return deleted;
}

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

const surveyOf = ({ retention }: Store, table: string, totalsOnly = false, cutoffMs?: number) =>
  retention.survey({ table, cutoffMs, totalsOnly });

/** Metrics of a type at these times, of a service of the type's name. */
function createMetrics(store: Store) {
  const { submit } = createSender(store);
  return (type: string, ...timesMs: readonly number[]) =>
    submit({
      service: type,
      metrics: [{ type, value: 1, duration_ms: 5 }],
      change: (all) => all.flatMap((one) => timesMs.map((timestampMs) => ({ ...one, timestampMs }))),
    });
}

const timesOf = async (store: Store, type: string) =>
  (await eventsOf(store, type)).map(({ timestampMs }) => timestampMs);

export function retentionContract(test: Test, engine: Engine): void {
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

  test("what happened a millisecond before the cutoff goes, what happened at it stays, of its own types alone", async () => {
    await withStore(engine, async (store) => {
      const submit = createMetrics(store);
      const cutoff = NOW_MS - 3 * DAY_MS;
      const times = [-5, 0, cutoff - 1, cutoff, cutoff + 1];
      for (const type of Object.values(TYPE_OF)) await submit(type, ...times);
      await submit("custom", ...times);
      await flush(store);
      const before = await store.queries.aggregate(statistics(store));
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
      assert.equal((await store.queries.aggregate(statistics(store))).groups, before.groups, "rollups stay");
    });
  });

  const statistics = (_: Store) => ({
    types: [...Object.values(TYPE_OF), "custom"],
    range: { startMs: 0, endMs: NOW_MS },
    stepMs: undefined,
    filters: [],
    groupBy: ["type"],
    statistics: ["count", "sum", "duration_avg"],
    groupsMax: 100,
  });

  test("one policy over metrics does not shorten another", async () => {
    await withStore(engine, async (store) => {
      const submit = createMetrics(store);
      for (const type of Object.values(TYPE_OF))
        await submit(type, NOW_MS - 20 * DAY_MS, NOW_MS - 5 * DAY_MS);
      await flush(store);
      await setDays(store, "metrics", 1);
      await setDays(store, "auth_metrics", 10);
      await setDays(store, "tool_metrics", 1, false);
      assert.equal(await cleanUp(store, OVER_METRICS), { metrics: 2, auth_metrics: 1 });
      assert.equal(await timesOf(store, "auth_request"), [NOW_MS - 5 * DAY_MS]);
      for (const type of ["tool_execution", "tool_discovery"])
        assert.is((await timesOf(store, type)).length, 2);
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

  test("a metric goes only after it is in every rollup, and is counted for ever", async () => {
    await withStore(engine, async (store) => {
      const submit = createMetrics(store);
      const [old, older] = [NOW_MS - 200 * DAY_MS, NOW_MS - 300 * DAY_MS];
      await submit("auth_request", old);
      assert.equal(await cleanUp(store, ["auth_metrics"]), {});
      await flush(store);
      await submit("auth_request", older);
      assert.equal(await cleanUp(store, ["auth_metrics"]), { auth_metrics: 1 });
      assert.equal(await timesOf(store, "auth_request"), [older]);
      await flush(store);
      assert.equal(await cleanUp(store, ["auth_metrics"]), { auth_metrics: 1 });
      const range = { startMs: NOW_MS - 400 * DAY_MS, endMs: NOW_MS };
      assert.equal(await askOf(store, "auth_request", { range }), [[2]]);
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

  test("a cleanup is ended by its pace or a kill, tells what it did, and goes on later with what is left", async () => {
    await withStore(engine, async (store, installation) => {
      await createMetrics(store)(
        "auth_request",
        ...Array.from({ length: 1900 }, (_, index) => NOW_MS - 200 * DAY_MS + (index % 3)),
      );
      await flush(store);
      const first = (await cleanUp(store, OVER_METRICS, NOW_MS, stopAfter(1))).auth_metrics ?? 0;
      assert.ok(first > 0 && first < 1000, `${first} rows in a step`);
      const left = await timesOf(store, "auth_request");
      assert.is(left.length, 1900 - first);
      assert.equal(left.slice(0, 3), [...left].sort((a, b) => a - b).slice(0, 3), "oldest first");
      await withOpened(installation.crashed(), async (again) => {
        const { submit } = createSender(again);
        let commits = 0;
        const deleted = await cleanUp(again, OVER_METRICS, NOW_MS, async () => {
          commits += 1;
          await submit({ service: "other", metrics: [{ type: "auth_request", value: commits }] });
        });
        assert.equal(deleted, { auth_metrics: 1900 - first });
        assert.ok(commits >= 2, "commits have their turn between two steps");
        assert.is((await valuesOf(again, "other")).length, commits);
      });
    });
  });

  test("a policy that is turned off during a cleanup ends it", async () => {
    await withStore(engine, async (store) => {
      await createMetrics(store)(
        "auth_request",
        ...Array.from({ length: 1900 }, () => NOW_MS - 200 * DAY_MS),
      );
      await flush(store);
      const deleted = await cleanUp(
        store,
        OVER_METRICS,
        NOW_MS,
        async () => void (await setDays(store, "auth_metrics", 90, false)),
      );
      assert.ok((deleted.auth_metrics ?? 0) < 1000, `${deleted.auth_metrics} rows`);
      assert.is((await timesOf(store, "auth_request")).length, 1900 - (deleted.auth_metrics ?? 0));
    });
  });

  test("with the metrics that said so goes what was the case", async () => {
    await withStore(engine, async (store) => {
      const { submit } = createSender(store);
      const state = (name: string, ageMs: number) => ({
        type: "server_count",
        value: 1,
        timestamp: NOW_MS - ageMs,
        dimensions: { state: name },
      });
      await submit({ metrics: [state("total", 2 * DAY_MS), state("failed", DAY_MS)] });
      await flush(store);
      await setDays(store, "metrics", 1);
      await cleanUp(store, OVER_METRICS);
      const left = await store.queries.latestValues({ service: undefined, sinceMs: 0, beyond: "fail" });
      assert.equal(
        left.map(({ dimensions }) => dimensions.state),
        ["failed"],
      );
    });
  });

  test("queries of times that retention has deleted are answered from rollups, in whole hours, or say so", async () => {
    await withStore(engine, async (store) => {
      const at = NOW_MS - 2 * DAY_MS - 5 * HOUR_MS - 60_000;
      await createMetrics(store)("tool_execution", at);
      await flush(store);
      await setDays(store, "tool_metrics", 1);
      assert.equal(await cleanUp(store, OVER_METRICS), { tool_metrics: 1 });
      const range = { startMs: at + 30_000, endMs: NOW_MS };
      const asked = {
        ...statistics(store),
        types: ["tool_execution"],
        groupBy: [],
        statistics: ["count"],
        range,
      };
      const answer = await store.queries.aggregate(asked);
      assert.is(answer.range.startMs, Math.floor(at / HOUR_MS) * HOUR_MS);
      assert.equal(
        answer.groups.map(({ values }) => [...values]),
        [[1]],
      );
      const { violations } = await assertRejected(
        store.queries.aggregate({ ...asked, stepMs: 60_000 }),
        "validation_failed",
        /^tool_execution: raw rows before .* use a step of whole hours/,
      );
      assert.is(violations[0]?.field, "range.start");
    });
  });

  test("combinations of dimensions go with the last rollup row that has them, and are met anew", async () => {
    await withStore(engine, async (store) => {
      const submit = createMetrics(store);
      const old = NOW_MS - 20 * DAY_MS;
      await submit("auth_request", old);
      await flush(store);
      const today = Math.floor(NOW_MS / DAY_MS);
      const range = { startMs: old - DAY_MS, endMs: NOW_MS };
      const ask = () => askOf(store, "auth_request", { range, groupBy: ["server"] });
      await store.metrics.deleteUnusedRollupKeys(today, WITHOUT_PAUSE);
      assert.equal(await ask(), [["", 1]], "as long as a row has it");
      for (const table of ["metrics_hourly", "metrics_daily"]) {
        await setDays(store, table, 1);
        await cleanUp(store, [table]);
      }
      await store.metrics.deleteUnusedRollupKeys(today, WITHOUT_PAUSE);
      await submit("auth_request", NOW_MS - HOUR_MS);
      for (let look = 0; look < 2; look += 1) {
        assert.equal(await askOf(store, "auth_request", { groupBy: ["server"] }), [["", 1]]);
        await flush(store);
      }
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
