/** The metrics of a server over time, and whether it was up. */
import fc from "fast-check";
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/lib/time.ts";
import type { ChartQuery } from "../../src/store/directory.ts";
import { WITHOUT_PAUSE } from "../../src/store/plan/steps.ts";
import { plainQuantile } from "../support/plain-quantile.ts";
import { NOW_MS } from "../support/time.ts";
import {
  createDirectorySender,
  DAILY,
  entry,
  eventOf,
  openOwnServer,
  point,
  valuesIn,
} from "./directory-entries.ts";
import type { Engine } from "./engines.ts";
import { assertRejected, isOver, sharedStore, stopAfter, traceOf, withStore } from "./store-tests.ts";

const DAY = Math.floor(NOW_MS / DAY_MS);

export function directoryChartsContract(test: Test, engine: Engine): void {
  const shared = sharedStore(test, engine);

  const openServer = async () => openOwnServer(await shared());

  const value = fc.oneof(
    fc.integer({ min: -1000, max: 1000 }),
    fc.constantFrom(0, -0, 1e-7, -1e-7, 1e12, -1e12),
  );
  const points = fc.array(
    fc.record({
      name: fc.constantFrom("a", "b"),
      type: fc.constantFrom("gauge", "counter"),
      ageMs: fc.oneof(fc.nat(HOUR_MS), fc.nat(4 * DAY_MS)),
      value,
    }),
    { minLength: 1, maxLength: 40 },
  );

  test("sums, averages and percentiles a step are those of the points, however late and in whatever batches they come", async () => {
    const property = fc.asyncProperty(fc.array(points, { minLength: 1, maxLength: 4 }), async (batches) => {
      const { directory, send, chart, other } = await openServer();
      for (const batch of batches) {
        const sent = batch.map(({ ageMs, ...each }) => ({
          points: [point(each.value, { ...each, timestampMs: NOW_MS - ageMs })],
        }));
        await send(...sent, { server: other.number, points: [point(9)] });
      }
      const all = batches.flat();
      const look = async () => {
        for (const stepMs of [MINUTE_MS, HOUR_MS, DAY_MS]) {
          const startMs = stepMs === MINUTE_MS ? NOW_MS - HOUR_MS : (DAY - 5) * DAY_MS;
          const { lines } = await chart({ startMs, stepMs, quantiles: [0, 0.5, 1] });
          const found = lines.flatMap(({ name, isSummed, points }) =>
            points.map((each) => ({ ...each, key: `${name} ${isSummed} ${each.startMs}` })),
          );
          const groups = Map.groupBy(
            all.filter(({ ageMs }) => NOW_MS - ageMs >= startMs),
            (each) =>
              `${each.name} ${each.type === "counter"} ${Math.floor((NOW_MS - each.ageMs) / stepMs) * stepMs}`,
          );
          assert.equal(found.map(({ key }) => key).sort(), [...groups.keys()].sort());
          for (const { key, value: drawn, quantiles } of found) {
            const values = (groups.get(key) ?? []).map((each) => each.value);
            const sum = values.reduce((total, each) => total + each, 0);
            const wanted = key.includes("true") ? sum : sum / values.length;
            assert.ok(Math.abs(drawn - wanted) <= 1e-2, `${key}: ${drawn}, not ${wanted}`);
            for (const [index, rank] of [0, 0.5, 1].entries()) {
              const exact = plainQuantile(values, rank);
              assert.ok(
                Math.abs((quantiles[index] ?? Number.NaN) - exact) <= Math.abs(exact) * 0.0101 + 1e-6,
                `${key}: ${quantiles}`,
              );
            }
          }
        }
      };
      await look();
      const before = await chart(DAILY);
      for (let day = DAY - 4; day <= DAY; day += 1) await directory.recomputeDay(day, NOW_MS, WITHOUT_PAUSE);
      await look();
      assert.equal(
        before.lines.map(({ points }) => points.length),
        (await chart(DAILY)).lines.map(({ points }) => points.length),
      );
    });
    await fc.assert(property, { numRuns: 12, includeErrorInReport: true, endOnFailure: true });
  });

  test("computing a day anew says how many series it has, in steps, and is rejected once points of it are deleted", async () => {
    await withStore(engine, async (store) => {
      const { commit, servers } = await createDirectorySender(store, ["one"]);
      const server = servers[0]?.number;
      const { directory, retention } = store;
      const names = Array.from({ length: 1200 }, (_, index) => point(1, { name: `m${index}` }));
      await commit(entry({ server, points: [...names, point(5, { timestampMs: NOW_MS - 9 * DAY_MS })] }));
      assert.is(await directory.recomputeDay(DAY, NOW_MS, WITHOUT_PAUSE), 1200);
      assert.is(await isOver(directory.recomputeDay(DAY, NOW_MS, stopAfter(1))), false);
      assert.is(await directory.recomputeDay(DAY - 9, NOW_MS, WITHOUT_PAUSE), 1);
      assert.is(await directory.recomputeDay(DAY - 1, NOW_MS, WITHOUT_PAUSE), 0);
      const chart = (changes: Partial<ChartQuery>) =>
        directory.chart({
          server: server ?? 0,
          serverId: "one",
          startMs: NOW_MS - 10 * DAY_MS,
          endMs: NOW_MS,
          stepMs: HOUR_MS,
          names: ["response_time"],
          quantiles: [],
          withUptime: false,
          ...changes,
        });
      assert.is((await chart({})).stepMs, HOUR_MS);
      await retention.setPolicy(
        { tableName: "server_metrics", retentionDays: 5, isActive: true },
        NOW_MS,
        traceOf(),
      );
      await retention.deleteExpired({ tables: ["server_metrics"], nowMs: NOW_MS }, WITHOUT_PAUSE, () => {});
      await assertRejected(
        directory.recomputeDay(DAY - 9, NOW_MS, WITHOUT_PAUSE),
        "validation_failed",
        /2026-02-20 have been deleted/,
      );
      assert.is(await directory.recomputeDay(DAY, NOW_MS, WITHOUT_PAUSE), 1200);
      // Where points are gone, the days that are kept are drawn.
      const answer = await chart({});
      assert.equal([answer.stepMs, valuesIn(answer)], [DAY_MS, [["response_time", 5]]]);
    });
  });

  test("only the names that are asked for are drawn, and those that uptime is made of", async () => {
    const { send, chart } = await openServer();
    await send({ points: [point(1), point(2, { name: "b" }), point(1, { name: "health_check" })] });
    const names = async (changes: Partial<ChartQuery>) =>
      (await chart(changes)).lines.map(({ name }) => name);
    assert.equal(await names({ names: ["b", "c"] }), ["b"]);
    assert.equal(await names({ names: [], withUptime: true }), ["health_check"]);
    assert.equal(await names({}), ["b", "health_check", "response_time"]);
  });

  test("uptime is the share of good health checks of a step, else of the time that events say the server was up", async () => {
    const { send, chart, id } = await openServer();
    const check = (value: number) =>
      point(value, { name: "health_check", timestampMs: NOW_MS - 30 * MINUTE_MS });
    await send({ points: [check(1), check(0), check(1), check(1)] });
    const event = (type: string, newValue: string, minutes: number) =>
      eventOf(id, { type, newValue, timestampMs: NOW_MS - minutes * MINUTE_MS });
    const events = [
      event("status_change", "down", 300),
      event("status_change", "Running", 55),
      event("deployment", "v2", 54),
      event("outage", "", 50),
      event("restart", "", 47.5),
      event("maintenance", "", 40),
      event("status_change", "no such word", 39),
      event("status_change", "up", 20),
    ];
    await send({ isCollected: false, events });
    const { uptime } = await chart({ stepMs: 5 * MINUTE_MS, withUptime: true });
    const found = uptime.map(({ startMs, value: share }) => [
      (NOW_MS - startMs) / MINUTE_MS,
      Math.round(share * 1000) / 1000,
    ]);
    // Between 40 and 20 minutes ago nobody knows, but for the checks of one step.
    assert.equal(found, [
      [60, 0],
      [55, 1],
      [50, 0.5],
      [45, 1],
      [30, 0.75],
      [20, 1],
      [15, 1],
      [10, 1],
      [5, 1],
      [0, 1],
    ]);
  });

  const ago = (minutes: number) => NOW_MS - minutes * MINUTE_MS;
  const checksAt = (minutes: number, ...values: number[]) =>
    values.map((value) => point(value, { name: "health_check", timestampMs: ago(minutes) }));
  const UPTIMES = [
    { name: "nothing is known", points: [], shares: [], total: undefined },
    {
      name: "30 good checks in one step and a bad one in the next",
      points: [...checksAt(45, ...Array<number>(30).fill(1)), ...checksAt(25, 0)],
      shares: [1, 0],
      total: 30 / 31,
    },
    { name: "one check", points: checksAt(5, 1), shares: [1], total: 1 },
    { name: "nothing but failures", points: checksAt(5, 0, 0, -1), shares: [0], total: 0 },
    { name: "up is whatever is more than 0", points: checksAt(5, 7, 0.2, 0, -7), shares: [0.5], total: 0.5 },
    {
      name: "events alone: by the time",
      points: [],
      events: [
        ["down", 60],
        ["up", 45],
      ],
      shares: [0, 0.5, 1, 1, 1, 1],
      total: 0.75,
    },
    {
      name: "events where checks are missing: as much as an average step with checks",
      points: [...checksAt(65, 1, 1, 1), ...checksAt(55, 0)],
      events: [["up", 50]],
      shares: [1, 0, 1, 1, 1, 1, 1],
      // 3 of 4 checks in two steps, and five steps of two checks each.
      total: 13 / 14,
    },
  ] as const;
  for (const { name, points, shares, total, ...more } of UPTIMES) {
    test(`uptime of a range, by steps and as a whole: ${name}`, async () => {
      const { send, chart, id } = await openServer();
      if (points.length > 0) await send({ points });
      const told = "events" in more ? more.events : [];
      const events = told.map(([newValue, minutes]) =>
        eventOf(id, { type: "status_change", newValue, timestampMs: ago(minutes) }),
      );
      if (events.length > 0) await send({ isCollected: false, events });
      const range = { startMs: ago(70), endMs: NOW_MS, stepMs: 10 * MINUTE_MS, withUptime: true };
      const { uptime, uptimeTotal } = await chart(range);
      assert.equal(
        uptime.map(({ value }) => value),
        shares,
      );
      assert.is(uptimeTotal, total);
      if (points.length > 0 && events.length === 0)
        assert.is((await chart({ ...DAILY, withUptime: true })).uptimeTotal, total, "from the day's totals");
    });
  }

  test("of a whole range a step weighs as much as it has values, and what counts is summed", async () => {
    const { send, chart } = await openServer();
    const named = (name: string, type: string, minutes: number, ...values: number[]) =>
      values.map((value) => point(value, { name, type, timestampMs: ago(minutes) }));
    await send({
      points: [
        ...named("time", "timer", 50, 100, 100, 100),
        ...named("time", "timer", 20, 500),
        ...named("calls", "counter", 50, 3, 4),
        ...named("calls", "counter", 20, 5),
        ...named("below", "gauge", 20, -2, -4),
      ],
    });
    for (const range of [{ startMs: ago(60), stepMs: 10 * MINUTE_MS }, DAILY]) {
      const { lines } = await chart(range);
      assert.equal(
        lines.map(({ name, total }) => [name, total]),
        [
          ["below", -3],
          ["calls", 12],
          ["time", 200],
        ],
      );
    }
  });

  test("what the service itself wrote down from health checks says nothing once they stop", async () => {
    const { send, chart } = await openServer();
    await send({ points: [point(1, { name: "health_check", timestampMs: NOW_MS - 50 * MINUTE_MS })] });
    assert.is((await chart({ stepMs: 10 * MINUTE_MS, withUptime: true })).uptime.length, 1);
  });
}
