/** What queries answer besides right sums: exact numbers, tops, totals, limits, deadlines. */

import type { Test } from "uvu";
import * as assert from "uvu/assert";
import type { Measurement } from "../../src/catalogue/measurement.ts";
import { DAY_MS, HOUR_MS } from "../../src/lib/time.ts";
import { NOW_MS } from "../support/time.ts";
import { failureOf } from "../support/wait.ts";
import type { Engine } from "./engines.ts";
import { createAsker, distributionOf, flush, tool } from "./executions.ts";
import {
  ALL_EVENTS,
  askOf,
  assertRejected,
  ofService,
  ownName,
  sharedStore,
  valuesOf,
  withOpened,
  withStore,
} from "./store-tests.ts";
import { createSender } from "./submissions.ts";

export function queriesContract(test: Test, engine: Engine): void {
  const shared = sharedStore(test, engine);
  const { sender, aggregate, countOf } = createAsker(shared);

  test("numbers are exact to the last digit, from metrics and from rollups", async () => {
    const store = await shared();
    for (const value of [0.1 + 0.2, 1 / 3, -1e-300, 123456789.12345679]) {
      const service = ownName();
      await (await sender()).submit({ service, metrics: [tool("a", { value, duration_ms: 1 / 3 })] });
      const statistics = ["sum", "min", "max", "avg", "duration_avg"];
      for (let look = 0; look < 2; look += 1) {
        // By dimensions that are rolled up, and by one that is not.
        for (const groupBy of [[], ["server_path"]]) {
          const [group] = (await aggregate(service, { statistics, groupBy })).groups;
          assert.equal([...(group?.values ?? [])], [value, value, value, value, 1 / 3]);
        }
        await flush(store);
      }
    }
  });

  test("a metric that stands for several is worth them, rolled up or not", async () => {
    const store = await shared();
    const { submit } = await sender();
    const durations = [5, 10, 10, 20, 800.125];
    const [together, singly] = [ownName(), ownName()];
    const total = durations.reduce((sum, each) => sum + each, 0);
    const distribution = distributionOf(durations);
    const change = (all: readonly Measurement[]) =>
      all.map((one) => ({ ...one, value: 5, durationMs: total, distribution }));
    await submit({ service: together, metrics: [tool("a")], change });
    await submit({ service: singly, metrics: durations.map((duration_ms) => tool("a", { duration_ms })) });
    const statistics = [
      "count",
      "sum",
      "avg",
      "min",
      "max",
      "successes",
      "duration_avg",
      "duration_count",
      "p0",
      "p50",
      "p100",
    ];
    for (let look = 0; look < 2; look += 1) {
      for (const stepMs of [undefined, HOUR_MS, 600_000]) {
        const range = { startMs: NOW_MS - 3 * HOUR_MS, endMs: NOW_MS };
        const asked = { statistics, groupBy: ["tool"], stepMs, range };
        assert.equal(await askOf(store, together, asked), await askOf(store, singly, asked));
      }
      await flush(store);
    }
  });

  test("more groups than allowed, or more values, are rejected with the numbers", async () => {
    const service = ownName();
    await (await sender()).submit({
      service,
      metrics: Array.from({ length: 30 }, (_, index) => tool(`tool-${index}`)),
    });
    assert.is((await countOf(service, { groupBy: ["tool"], groupsMax: 30 })).length, 30);
    const tooMany = await assertRejected(
      countOf(service, { groupBy: ["tool"], groupsMax: 29 }),
      "validation_failed",
    );
    assert.is(tooMany.message, "more than 29 combinations of tool: filter some out");
    assert.is(tooMany.violations[0]?.field, "group_by");
    const range = { startMs: NOW_MS - 5000 * HOUR_MS, endMs: NOW_MS };
    const tooLarge = await assertRejected(
      countOf(service, { groupBy: ["tool"], stepMs: HOUR_MS, range }),
      "validation_failed",
    );
    assert.match(
      tooLarge.message,
      /^21 series of 5000 points of 1 statistics are 105000 values, at most 100000: use a longer step/,
    );
    assert.is(tooLarge.violations[0]?.field, "step");
  });

  test("a ranking keeps the largest, leaves out what has no such number, and orders equals by value", async () => {
    const service = ownName();
    const sent = [
      tool("a"),
      tool("b"),
      tool("b", { duration_ms: 9 }),
      tool("c", { duration_ms: 20 }),
      tool("d"),
    ];
    await (await sender()).submit({ service, metrics: sent });
    assert.equal(await countOf(service, { groupBy: ["tool"], top: 3 }), [
      ["b", 2],
      ["a", 1],
      ["c", 1],
    ]);
    const slowest = await countOf(service, { groupBy: ["tool"], statistics: ["p100"], top: 3 });
    assert.equal(
      slowest.map(([name]) => name),
      ["c", "b"],
    );
  });

  test("totals are those of everything, not averages of rows", async () => {
    const service = ownName();
    const durations = [...Array(99).fill(10), 1000];
    await (await sender()).submit({
      service,
      metrics: durations.map((duration_ms, index) => tool(`t${index % 7}`, { duration_ms })),
    });
    const asked = { groupBy: ["tool"], statistics: ["count", "p50", "p100"], withTotals: true };
    const [count, median, longest] = (await aggregate(service, asked)).totals ?? [];
    assert.is(count, 100);
    assert.ok(Math.abs((median ?? 0) - 10) < 0.11 && Math.abs((longest ?? 0) - 1000) < 11);
    assert.is((await aggregate(service, { ...asked, types: ["auth_request"] })).totals, undefined);
  });

  test("the answer says which rows it came from, for which types", async () => {
    await withStore(engine, async (store) => {
      await createSender(store).submit({ metrics: [tool("a")] });
      const hour = NOW_MS - DAY_MS;
      const range = { startMs: hour - 1, endMs: NOW_MS };
      const filters = [{ dimension: "server_path", values: ["/x"], isNegated: true }];
      const rest = { stepMs: undefined, groupBy: [], statistics: ["count"], groupsMax: 10 };
      const { sources } = await store.queries.aggregate({
        types: ["auth_request", "tool_execution"],
        range,
        filters,
        ...rest,
      });
      assert.equal(sources, [
        { types: ["auth_request"], source: "raw", range: { startMs: hour - 1, endMs: hour } },
        { types: ["tool_execution"], source: "raw", range },
        { types: ["auth_request"], source: "hourly", range: { startMs: hour, endMs: NOW_MS } },
      ]);
    });
  });

  test("more queries than may wait are rejected at once, and all others are answered", async () => {
    const service = ownName();
    await (await sender()).submit({ service, metrics: [tool("a")] });
    const ask = () =>
      countOf(service).then(
        (found) => (JSON.stringify(found) === "[[1]]" ? "answered" : "wrong"),
        (error) => error.reason,
      );
    const outcomes = await Promise.all(Array.from({ length: 500 }, ask));
    const first = outcomes.indexOf("queue_full");
    assert.ok(first > 10, "some may wait");
    assert.equal(new Set(outcomes.slice(0, first)), new Set(["answered"]));
    assert.equal(new Set(outcomes.slice(first)), new Set(["queue_full"]));
    assert.is(await ask(), "answered");
  });

  test("a query that nobody waits for is given up, running or not begun, and takes no place from others", async () => {
    const store = await shared();
    const service = ownName();
    await (await sender()).submit({
      service,
      metrics: Array.from({ length: 3000 }, (_, value) => tool(`t${value}`, { value })),
    });
    const asked = { ...ALL_EVENTS, filters: [ofService(service)] };
    const whole = {
      types: ["tool_execution"],
      range: ALL_EVENTS.range,
      groupBy: ["tool"],
      statistics: ["p50"],
      groupsMax: 10_000,
      filters: [ofService(service)],
    };
    for (let round = 0; round < 10; round += 1) {
      const caller = new AbortController();
      const asker = { caller: "impatient", signal: caller.signal };
      if (round % 2 === 0) caller.abort();
      const given = [
        store.queries.aggregate({ ...whole, range: { startMs: 0, endMs: NOW_MS }, stepMs: undefined }, asker),
        ...Array.from({ length: 8 }, () => store.queries.events(asked, asker)),
        store.queries.latestValues({ service, sinceMs: 0, beyond: "fail" }, asker),
      ].map(failureOf);
      caller.abort();
      await Promise.all(given);
    }
    assert.is((await valuesOf(store, service)).length, 3000);
  });

  test("a query over its time fails and says what would help; writes go on", async () => {
    const installation = engine.createPrepared();
    await withOpened(
      installation,
      async (store) => void (await createSender(store).submit({ metrics: [tool("a")] })),
    );
    const store = await installation.open({ queryTimeoutMs: 0 });
    const range = { startMs: NOW_MS - DAY_MS, endMs: NOW_MS };
    const asked = {
      types: ["tool_execution"],
      range,
      stepMs: undefined,
      groupBy: [],
      statistics: ["count"],
      groupsMax: 10,
      filters: [],
    };
    await assertRejected(
      store.queries.aggregate(asked),
      "deadline_exceeded",
      /^the query took longer than 0 s .*use a /,
    );
    await assertRejected(store.queries.events(ALL_EVENTS), "deadline_exceeded");
    await createSender(store).submit({ metrics: [tool("a")] });
    assert.ok(store.isUsable(), "it was the query");
    await store.close();
  });
}
