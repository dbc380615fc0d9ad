/** Statistics over metrics: the same from what is rolled up, what waits, and what was read again. */

import * as fc from "fast-check";
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { HOUR_MS } from "../../src/lib/time.ts";
import type { AggregateQuery } from "../../src/store/queries.ts";
import type { Store } from "../../src/store/store.ts";
import { NOW_MS } from "../support/time.ts";
import { expectedAnswer, type ModelMetric, requestOf } from "./aggregate-model.ts";
import { metric, query } from "./arbitraries.ts";
import type { Engine } from "./engines.ts";
import { assertAlike, createAsker, flush, flushPartly, toModel, tool } from "./executions.ts";
import { askOf, ownName, sharedStore, withOpened } from "./store-tests.ts";
import { createSender } from "./submissions.ts";

export function aggregateContract(test: Test, engine: Engine): void {
  const shared = sharedStore(test, engine);
  const { sender, countOf } = createAsker(shared);

  const metrics = fc.array(metric, { maxLength: 30 });
  const queries = fc.array(query, { minLength: 4, maxLength: 8 });

  /** What the model says of these metrics, which two services of their own have sent. */
  async function check(
    store: Store,
    all: readonly ModelMetric[],
    own: Readonly<Record<string, string>>,
    drawn: AggregateQuery,
  ) {
    // Sums of large numbers of both signs lose digits; everything else of them is exact.
    const isSummable = all.every(({ value }) => Math.abs(value) < 1e9);
    const kept = drawn.statistics.filter((name) => isSummable || (name !== "sum" && name !== "avg"));
    const statistics = kept.length === 0 ? ["count"] : kept;
    const toOwn = (values: readonly string[]) => values.map((value) => own[value] ?? value);
    const filters = drawn.filters.map((each) => ({ ...each, values: toOwn(each.values) }));
    const services = { dimension: "service", values: Object.values(own), isNegated: false };
    const asked = { ...drawn, statistics, filters: [...filters, services] };
    const answer = await store.queries.aggregate(asked);
    assertAlike(toModel(answer, asked), expectedAnswer(all, asked, answer.range));
  }

  test("answers equal a plain model, whatever part of the metrics is rolled up", async () => {
    const store = await shared();
    const { submit } = await sender();
    const property = fc.asyncProperty(
      metrics,
      metrics,
      fc.nat(8),
      queries,
      async (early, late, steps, drawn) => {
        const own: Record<string, string> = { gateway: ownName(), registry: ownName() };
        const named = (all: readonly ModelMetric[]) =>
          all.map((each) => ({ ...each, service: own[each.service] ?? "" }));
        const submitAll = async (all: readonly ModelMetric[]) => {
          for (const service of Object.values(own)) {
            const some = named(all).filter((each) => each.service === service);
            if (some.length > 0) await submit(requestOf(service, some));
          }
        };
        await submitAll(early);
        if (steps > 0) await flushPartly(store, steps);
        // What is remembered of these answers must not outlive what comes now.
        for (const asked of drawn) await check(store, named(early), own, asked);
        await submitAll(late);
        if (steps % 2 === 0) await flushPartly(store, 1 + steps);
        for (const asked of drawn) await check(store, named([...early, ...late]), own, asked);
        if (steps % 3 === 0) await flush(store);
        for (const asked of drawn) await check(store, named([...early, ...late]), own, asked);
      },
    );
    await fc.assert(property, { numRuns: 25, includeErrorInReport: true, endOnFailure: true });
  });

  test("an answer is the same before and after rolling up, a restart and a kill", async () => {
    const all = fc.sample(
      fc.tuple(
        fc.array(metric, { minLength: 60, maxLength: 60 }),
        fc.array(query, { minLength: 20, maxLength: 20 }),
      ),
      1,
    );
    for (const [drawnMetrics, drawnQueries] of all) {
      const own = { gateway: "gateway" };
      const sent = drawnMetrics.map((each) => ({ ...each, service: "gateway" }));
      let installation = engine.createPrepared();
      const look = async (store: Store) => {
        for (const asked of drawnQueries) await check(store, sent, own, asked);
      };
      await withOpened(installation, async (store) => {
        const { submit } = createSender(store);
        await submit(requestOf("gateway", sent.slice(0, 30)));
        await flushPartly(store, 3);
        await submit(requestOf("gateway", sent.slice(30)));
        await look(store);
        installation = installation.crashed();
      });
      for (const work of [look, flush, look, look]) await withOpened(installation, (store) => work(store));
    }
  });

  test("what is not in the rollups yet is counted once, also while only some of them have it", async () => {
    const store = await shared();
    const { submit } = await sender();
    const service = ownName();
    const auth = { type: "auth_request", value: 1, timestamp: NOW_MS - HOUR_MS };
    await submit({ service, metrics: [tool("a"), tool("b"), auth] });
    await flush(store);
    await submit({ service, metrics: [tool("a"), auth] });
    for (let isDone = false; ; ) {
      assert.equal(await countOf(service), [[3]]);
      assert.equal(await countOf(service, { groupBy: ["tool"] }), [
        ["a", 2],
        ["b", 1],
      ]);
      assert.equal(await countOf(service, { groupBy: ["client"] }), [["", 3]]);
      // Of two types, one may be in its rollups already.
      assert.equal(await countOf(service, { types: ["auth_request", "tool_execution"] }), [[5]]);
      if (isDone) break;
      isDone = await flushPartly(store, 1);
    }
  });

  test("rolling up brings in what was committed before, and waits for nothing that is committed meanwhile", async () => {
    const store = await shared();
    const { submit } = await sender();
    const service = ownName();
    let pauses = 0;
    await submit({ service, metrics: [tool("a")] });
    await store.metrics.flushRollups(NOW_MS, async () => {
      pauses += 1;
      assert.ok(pauses < 1000, "it would never end");
      await submit({ service, metrics: [tool("a")] });
    });
    assert.ok(pauses > 0);
    assert.equal(await countOf(service), [[1 + pauses]]);
  });

  test("an hour that was asked for before is answered with what came late since then", async () => {
    const store = await shared();
    const { submit } = await sender();
    const service = ownName();
    const range = { startMs: NOW_MS - 3 * HOUR_MS, endMs: NOW_MS };
    const ask = async () =>
      (await askOf(store, service, { stepMs: HOUR_MS, statistics: ["count", "sum"], range }))[0];
    await submit({ service, metrics: [tool("a", { value: 10 })] });
    await flush(store);
    assert.equal(await ask(), [0, 0, 1, 0, 0, 10]);
    assert.equal(await ask(), [0, 0, 1, 0, 0, 10]);
    const late = tool("a", { value: 500 });
    await submit({ service, metrics: [late, late, { ...late, timestamp: NOW_MS - 3 * HOUR_MS }] });
    await flush(store);
    assert.equal(await ask(), [1, 0, 3, 500, 0, 1010]);
  });
}
