import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CHART_PERIODS } from "../../../src/api/directory/periods.ts";
import type { ServiceError } from "../../../src/errors.ts";
import { DAY_MS, HOUR_MS } from "../../../src/lib/time.ts";
import { readChart } from "../../../src/sqlite/directory/read-chart.ts";
import { readValues } from "../../../src/sqlite/directory/read-values.ts";
import type { ChartQuery } from "../../../src/store/directory.ts";
import { createBudget } from "../../../src/store/plan/budget.ts";
import { point } from "../../store/directory-entries.ts";
import { plainQuantile } from "../../support/plain-quantile.ts";
import { NOW_MS } from "../../support/time.ts";
import { entry, openDirectory } from "./entries.ts";

const FREE = { spend: () => {} };

function query(more: Partial<ChartQuery> = {}): ChartQuery {
  return {
    server: 1,
    serverId: "one",
    startMs: NOW_MS - HOUR_MS,
    endMs: NOW_MS + 1,
    stepMs: 60_000,
    names: undefined,
    quantiles: [],
    withUptime: true,
    ...more,
  };
}

/** From the beginning of a step on, as FetchMetrics asks. */
function over(period: (typeof CHART_PERIODS)[number]): Partial<ChartQuery> {
  const { ms, stepMs } = period;
  return { startMs: Math.floor((NOW_MS + 1 - ms) / stepMs) * stepMs, stepMs };
}

const stored = fc.array(
  fc.record({
    name: fc.constantFrom("response_time", "api_requests"),
    type: fc.constantFrom("gauge", "timer", "counter", "count"),
    // Most of them where the short periods look.
    ageMs: fc.oneof(...CHART_PERIODS.map(({ ms }) => fc.integer({ min: 0, max: ms + DAY_MS }))),
    value: fc.integer({ min: -1000, max: 1000 }),
  }),
  { minLength: 1, maxLength: 200 },
);

for (const period of CHART_PERIODS) {
  test(`${period.name}: sums, averages and percentiles a step are those of plain SQL`, () => {
    fc.assert(
      fc.property(stored, (points) => {
        const { database, store } = openDirectory();
        const sent = points.map(({ ageMs, ...more }) =>
          point(more.value, { ...more, timestampMs: NOW_MS - ageMs }),
        );
        store.commit([entry(sent), entry([point(9)], { server: 2 })], NOW_MS);
        const asked = query({ ...over(period), quantiles: [0.5, 0.99], withUptime: false });
        const { lines } = readChart(database, asked, FREE);
        const found = lines.flatMap(({ name, isSummed, points: drawn }) =>
          drawn.map(({ startMs, value, quantiles }) => ({ name, isSummed, startMs, value, quantiles })),
        );
        const rows = database.all(
          `SELECT metric_name AS name, metric_type IN ('counter', 'count') AS summed,
             CAST(round(unixepoch(recorded_at, 'subsec') * 1000) AS INTEGER) / ? * ? AS step, sum(metric_value) AS sum,
             avg(metric_value) AS average, json_group_array(metric_value) AS list
           FROM server_metrics WHERE server_id = 'one' AND recorded_at >= ? AND recorded_at <= ?
           GROUP BY name, summed, step`,
          BigInt(period.stepMs),
          BigInt(period.stepMs),
          new Date(asked.startMs).toISOString(),
          new Date(NOW_MS).toISOString(),
        );
        assert.is(found.length, rows.length);
        for (const row of rows) {
          const match = found.find(
            ({ name, isSummed, startMs }) =>
              name === row.name && isSummed === (row.summed === 1) && startMs === Number(row.step),
          );
          assert.ok(match, JSON.stringify(row));
          assert.ok(Math.abs(match.value - Number(row.summed === 1 ? row.sum : row.average)) < 1e-9);
          const values = JSON.parse(String(row.list)) as number[];
          for (const [index, rank] of [0.5, 0.99].entries()) {
            const exact = plainQuantile(values, rank);
            assert.ok(Math.abs((match.quantiles[index] ?? NaN) - exact) <= Math.abs(exact) * 0.0101);
          }
        }
        database.close();
      }),
      { numRuns: 25 },
    );
  });
}

test("where points of the range have been deleted, the days that are kept are drawn", () => {
  const { database, store } = openDirectory();
  const at = (days: number) => point(2, { type: "counter", timestampMs: NOW_MS - days * DAY_MS });
  store.commit([entry([at(0), at(1), at(1), at(6)])], NOW_MS);
  database.run("DELETE FROM server_points");
  const week = query({ startMs: NOW_MS - 7 * DAY_MS, stepMs: HOUR_MS, withUptime: false });
  assert.equal(readChart(database, week, FREE).lines, []);
  database.run(
    "UPDATE retention_policies SET deleted_before_ms = ? WHERE table_name = 'server_metrics'",
    NOW_MS - 2 * DAY_MS,
  );
  const { lines, stepMs } = readChart(database, week, FREE);
  assert.is(stepMs, DAY_MS);
  assert.equal(
    lines[0]?.points.map(({ value }) => value),
    [2, 4, 2],
  );
  database.close();
});

test("a query that takes too long, or that nobody waits for, ends", () => {
  const { database, store } = openDirectory();
  store.commit([entry([point(1)])], NOW_MS);
  let ms = 0;
  const monotonicMs = () => {
    ms += 10;
    return ms;
  };
  const budget = createBudget({ timeoutMs: 25, runMs: 25, monotonicMs, isCancelled: () => false });
  assert.throws(
    () => readChart(database, query(), budget),
    (error: ServiceError) => error.reason === "deadline_exceeded",
  );
  database.close();
});

test("percentiles read a part of the values at a time, each of them once, and stop when the budget says so", () => {
  const { database, store } = openDirectory();
  // More than are read at a time; of one time and value there are several, across every boundary.
  const values = Array.from({ length: 25_000 }, (_, index) => Math.floor(index / 7) % 100);
  const points = values.map((value) => point(value, { timestampMs: NOW_MS - (value % 3) }));
  store.commit([entry(points)], NOW_MS);
  const asked = query({ quantiles: [0, 0.25, 1], withUptime: false });
  let rowsMax = 0;
  const { lines } = readChart(database, asked, { spend: (rows) => (rowsMax = Math.max(rowsMax, rows)) });
  assert.ok(rowsMax <= 10_000, `${rowsMax} at once`);
  const counts = new Map<number, number>();
  let read = 0;
  for (const rows of readValues(database, 1, NOW_MS - 3, NOW_MS + 1)) {
    read += rows.length;
    for (const { value } of rows) counts.set(Number(value), (counts.get(Number(value)) ?? 0) + 1);
  }
  assert.equal([read, counts.size], [values.length, 100]);
  const last = lines[0]?.points.at(-1)?.quantiles ?? [];
  assert.ok(last.length === 3 && last[0] === 0 && Math.abs((last[2] ?? 0) - 99) <= 0.99, `${last}`);
  let spent = 0;
  const stop = (rows: number) => {
    spent += rows;
    if (rows > 0 && spent >= 10_000) throw new Error("over");
  };
  assert.throws(() => readChart(database, asked, { spend: stop }), "over");
  assert.is(spent, 10_000, "after the first part");
});

test.run();
