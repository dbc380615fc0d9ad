/** A measurement with a distribution is worth the measurements it stands for, wherever they are added up. */

import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Distribution } from "../../src/catalogue/measurement.ts";
import { HOUR_MS } from "../../src/lib/time.ts";
import type { Database } from "../../src/sqlite/file/database.ts";
import { verifyRollups } from "../../src/sqlite/rollups/verify.ts";
import type { Request } from "../store/submissions.ts";
import { NOW_MS } from "../support/time.ts";
import { crashImage, openMigrated, openUnmigrated, temporaryPath } from "./databases.ts";
import { aggregate } from "./query/ask.ts";
import { createSubmitter, within } from "./submitter.ts";

const STATISTICS = ["count", "sum", "avg", "min", "max", "successes", "errors", "duration_avg", "p50", "p99"];

interface Several {
  readonly tool: string;
  readonly isSuccess: boolean;
  readonly hoursAgo: number;
  readonly durations: readonly number[];
}

const several = fc.record({
  tool: fc.constantFrom("search", "read"),
  isSuccess: fc.boolean(),
  hoursAgo: fc.nat(30),
  // Eighths, so that sums are the same in any order.
  durations: fc.array(
    fc.integer({ min: 0, max: 80_000 }).map((eighths) => eighths / 8),
    { minLength: 1, maxLength: 12 },
  ),
});

function metricOf({ tool, isSuccess, hoursAgo }: Several) {
  const dimensions = { tool_name: tool, success: isSuccess, method: "tools/call" };
  return { type: "tool_execution", value: 1, timestamp: NOW_MS - hoursAgo * HOUR_MS, dimensions };
}

function distributionOf(numbers: readonly number[]): Distribution {
  const values = [...new Set(numbers)].sort((a, b) => a - b);
  const counts = values.map((value) => numbers.filter((each) => each === value).length);
  return { count: numbers.length, min: Math.min(...numbers), max: Math.max(...numbers), values, counts };
}

const total = (numbers: readonly number[]) => numbers.reduce((sum, each) => sum + each, 0);

type Submitter = ReturnType<typeof createSubmitter>;

/** One row for each of `all`, with what it stands for, and one that stands for itself. */
function submitDistributed(submitter: Submitter, all: readonly Several[]): void {
  const request: Request = { metrics: [...all.map(metricOf), { type: "custom", value: 1 }] };
  const { measurements, ...rest } = submitter.toSubmission(request);
  const distributed = measurements.map((measurement, index) => {
    const durations = all[index]?.durations;
    if (durations === undefined) return measurement;
    const distribution = durations.length === 1 ? undefined : distributionOf(durations);
    return { ...measurement, value: durations.length, durationMs: total(durations), distribution };
  });
  submitter.builder.add({ ...rest, measurements: distributed });
  submitter.store.commit(submitter.builder.take(), NOW_MS);
}

function submitSingly(submitter: Submitter, all: readonly Several[]): void {
  const metrics = all.flatMap((each) =>
    each.durations.map((duration_ms) => ({ ...metricOf(each), duration_ms })),
  );
  submitter.submit({ metrics: [...metrics, { type: "custom", value: 1 }] });
}

function flushAll({ rollups }: Submitter): void {
  while (rollups.flushStep(NOW_MS) !== undefined);
}

/** Everything that rollups say, sketches included, in an order that does not depend on keys' ids. */
function rollupsOf(database: Database): string[] {
  return ["rollups_hourly", "rollups_daily"].flatMap((table) =>
    database
      .all(
        `SELECT json_array(r.bucket, f.metric_type, f.dimensions, k.dimension_values, r.count, r.success_count,
           r.failure_count, r.sum_value, r.min_value, r.max_value, r.duration_count, r.sum_duration_ms,
           hex(r.sketch)) AS said
         FROM ${table} AS r JOIN rollup_families AS f ON f.id = r.family_id JOIN rollup_keys AS k ON k.id = r.key_id
         ORDER BY 1`,
      )
      .map((row) => `${table} ${row.said}`),
  );
}

function ask(database: Database): unknown {
  const range = { startMs: NOW_MS - 40 * HOUR_MS, endMs: NOW_MS + HOUR_MS };
  return [HOUR_MS, 600_000, undefined].map((stepMs) => {
    const { groups } = aggregate(database, {
      types: ["tool_execution"],
      range,
      stepMs,
      filters: [],
      groupBy: ["tool"],
      statistics: STATISTICS,
      groupsMax: 100,
    });
    return groups.map(({ labels, values }) => [labels, [...values]]);
  });
}

/** Percentiles of single measurements are their own, those of several the sketch's, which knows them within 1 %. */
function assertNear(found: unknown, expected: unknown): void {
  if (typeof found === "number" && typeof expected === "number" && !Number.isNaN(expected)) {
    const difference = Math.abs(found - expected);
    assert.ok(difference <= 0.0101 * Math.abs(expected), `${found} instead of ${expected}`);
  } else if (Array.isArray(found) && Array.isArray(expected)) {
    assert.is(found.length, expected.length);
    found.forEach((each, index) => void assertNear(each, expected[index]));
  } else assert.equal(found, expected);
}

test("rollups and answers are those of the measurements themselves: flushed, waiting, or after a crash", () => {
  const parts = fc.array(several, { maxLength: 12 });
  fc.assert(
    fc.property(parts, parts, fc.nat(3), (early, late, steps) => {
      const [path, singlePath] = [temporaryPath(), temporaryPath()];
      let [database, single] = [openMigrated(path), openMigrated(singlePath)];
      let [submitter, singles] = [createSubmitter(database), createSubmitter(single)];
      submitDistributed(submitter, early);
      submitSingly(singles, early);
      for (let step = 0; step < steps; step += 1) submitter.rollups.flushStep(NOW_MS);
      submitDistributed(submitter, late);
      submitSingly(singles, late);
      assertNear(ask(database), ask(single));
      const image = crashImage(path);
      database.close();
      database = openUnmigrated(image);
      submitter = createSubmitter(database);
      flushAll(submitter);
      flushAll(singles);
      assert.equal(rollupsOf(database), rollupsOf(single));
      assertNear(ask(database), ask(single));
      assert.equal(verifyRollups(database).differences, []);
      database.close();
      single.close();
    }),
    { numRuns: 25 },
  );
});

test("a shell sees the mean, how many there are, their sum, and where they lie", () => {
  within((database, submitter) => {
    const durations = [10, 10, 40];
    submitDistributed(submitter, [{ tool: "search", isSuccess: false, hoursAgo: 0, durations }]);
    const sql = "SELECT value, duration_ms, count, sum_duration_ms, distribution FROM metrics ORDER BY id";
    const [row, alone] = database.all(sql);
    assert.equal([row?.value, row?.duration_ms, row?.count, row?.sum_duration_ms], [3, 20, 3, 60]);
    assert.equal(JSON.parse(String(row?.distribution)), distributionOf(durations));
    assert.equal([alone?.count, alone?.distribution], [1, null]);
    const tool = database.first("SELECT count, duration_ms, success FROM tool_metrics");
    assert.equal([tool?.count, tool?.duration_ms, tool?.success], [3, 20, 0]);
  });
});

test("the least and the greatest value of several are kept where they have no durations", () => {
  within((database, submitter) => {
    const { measurements, ...rest } = submitter.toSubmission({ metrics: [{ type: "custom", value: 60 }] });
    const distribution = distributionOf([5, 15, 40]);
    submitter.builder.add({ ...rest, measurements: measurements.map((one) => ({ ...one, distribution })) });
    submitter.store.commit(submitter.builder.take(), NOW_MS);
    flushAll(submitter);
    const sql =
      "SELECT count, sum_value, avg_value, min_value, max_value, avg_duration_ms FROM metrics_hourly";
    const row = database.first(sql);
    assert.equal(
      [row?.count, row?.sum_value, row?.avg_value, row?.min_value, row?.max_value, row?.avg_duration_ms],
      [3, 60, 20, 5, 40, null],
    );
    assert.equal(verifyRollups(database).differences, []);
  });
});

test("as many as can be counted are added up in no time", () => {
  within((database, submitter) => {
    const { measurements, ...rest } = submitter.toSubmission({
      metrics: [metricOf({ tool: "a", isSuccess: true, hoursAgo: 0, durations: [] })],
    });
    const counts = [1e12, 3e12];
    const distribution = { count: 4e12, min: 5, max: 10, values: [5, 10], counts };
    const several = measurements.map((one) => ({ ...one, value: 4e12, durationMs: 3.5e13, distribution }));
    submitter.builder.add({ ...rest, measurements: several });
    submitter.store.commit(submitter.builder.take(), NOW_MS);
    flushAll(submitter);
    const row = database.first("SELECT count, p50_duration_ms FROM metrics_hourly");
    assert.is(row?.count, 4e12);
    assert.ok(Math.abs(Number(row?.p50_duration_ms) - 10) < 0.1);
  });
});

test.run();
