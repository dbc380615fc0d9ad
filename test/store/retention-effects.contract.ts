/** What deleting leaves: rollups, states, answers of queries; and how it is ended and goes on. */

import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { DAY_MS, HOUR_MS } from "../../src/lib/time.ts";
import { WITHOUT_PAUSE } from "../../src/store/plan/steps.ts";
import { NOW_MS } from "../support/time.ts";
import { BY_TYPE, cleanUp, createMetrics, flush, OVER_METRICS, setDays, timesOf } from "./cleanups.ts";
import type { Engine } from "./engines.ts";
import { askOf, assertRejected, stopAfter, valuesOf, withOpened, withStore } from "./store-tests.ts";
import { createSender, FIRST_REQUEST } from "./submissions.ts";

export function retentionEffectsContract(test: Test, engine: Engine): void {
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

  test("an instance that was last heard of before is forgotten", async () => {
    await withStore(engine, async (store) => {
      const { submit } = createSender(store);
      const metrics = [{ type: "server_count", value: 1, dimensions: { state: "total" } }];
      const days = (count: number) => FIRST_REQUEST - count * 86_400 * 2 ** 19;
      await submit(
        { instanceId: "old", requestNumber: days(2), metrics },
        { instanceId: "here", requestNumber: days(0.5), metrics },
      );
      await flush(store);
      await setDays(store, "metrics", 1);
      await cleanUp(store, OVER_METRICS);
      const left = await store.queries.latestValues({ service: undefined, sinceMs: 0, beyond: "fail" });
      assert.equal(
        left.map(({ instanceId }) => instanceId),
        ["here"],
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
        ...BY_TYPE,
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
}
