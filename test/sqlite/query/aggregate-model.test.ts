import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Database } from "../../../src/sqlite/file/database.ts";
import { RELATIVE_ERROR } from "../../../src/store/plan/sketch.ts";
import type { AggregateAnswer, AggregateQuery } from "../../../src/store/queries.ts";
import { expectedAnswer, type ModelAnswer, type ModelMetric } from "../../store/aggregate-model.ts";
import { metric, query } from "../../store/arbitraries.ts";
import { NOW_MS } from "../../support/time.ts";
import { openMigrated } from "../databases.ts";
import { createSubmitter } from "../submitter.ts";
import { aggregate } from "./ask.ts";

function toRequest(metrics: readonly ModelMetric[], service: string) {
  return {
    service,
    metrics: metrics
      .filter((each) => each.service === service)
      .map(({ type, timestampMs, value, durationMs, dimensions }) => ({
        type,
        value,
        // Without those that are undefined.
        dimensions: JSON.parse(JSON.stringify(dimensions)),
        timestamp: timestampMs,
        ...(durationMs !== undefined && { duration_ms: durationMs }),
      })),
  };
}

function submitAll(submitter: ReturnType<typeof createSubmitter>, metrics: readonly ModelMetric[]): void {
  for (const service of ["gateway", "registry"]) {
    const request = toRequest(metrics, service);
    if (request.metrics.length > 0) submitter.submit(request);
  }
}

function toModel(answer: AggregateAnswer, { statistics }: AggregateQuery): ModelAnswer {
  return Object.fromEntries(
    answer.groups.map(({ labels, values }) => {
      const points = values.length / statistics.length;
      const columns = statistics.map((name, column) => [
        name,
        [...values.subarray(column * points, (column + 1) * points)],
      ]);
      return [labels.join(" | "), Object.fromEntries(columns)];
    }),
  );
}

/** Where two answers differ by more than `tolerance` allows for a statistic. */
function differences(
  found: ModelAnswer,
  wanted: ModelAnswer,
  tolerance: (statistic: string) => number,
): string[] {
  const problems: string[] = [];
  if (Object.keys(found).sort().join() !== Object.keys(wanted).sort().join()) {
    return [`groups ${Object.keys(found).sort()} instead of ${Object.keys(wanted).sort()}`];
  }
  for (const [labels, columns] of Object.entries(wanted)) {
    for (const [name, points] of Object.entries(columns)) {
      for (const [index, value] of points.entries()) {
        const other = found[labels]?.[name]?.[index] ?? Number.POSITIVE_INFINITY;
        const isClose =
          Math.abs(other - value) <= Math.abs(value) * tolerance(name) + (tolerance(name) && 1e-6);
        if (!isClose && !Object.is(other, value) && other !== value)
          problems.push(`${labels}: ${name}[${index}] is ${other}, not ${value}`);
      }
    }
  }
  return problems;
}

function assertAlike(...input: Parameters<typeof differences>): void {
  const problems = differences(...input);
  // Not by a difference of objects: fast-check shows the message only.
  assert.ok(problems.length === 0, problems.join("; "));
}

/** Floating sums depend on their order; quantiles may be off by the error of the sketch. */
const againstModel = (name: string) => (name.startsWith("p") ? RELATIVE_ERROR + 1e-9 : againstOther(name));
const againstOther = (name: string) => (["sum", "avg", "duration_avg"].includes(name) ? 1e-9 : 0);

/** Sums of large numbers of both signs lose digits; everything else of them is exact. */
const isSummable = (metrics: readonly ModelMetric[]) => metrics.every(({ value }) => Math.abs(value) < 1e9);

function check(
  database: Database,
  raw: Database,
  metrics: readonly ModelMetric[],
  drawn: AggregateQuery,
): void {
  const statistics = isSummable(metrics)
    ? drawn.statistics
    : drawn.statistics.filter((name) => name !== "sum" && name !== "avg");
  const asked = { ...drawn, statistics: statistics.length === 0 ? ["count"] : statistics };
  const answer = aggregate(database, asked);
  const found = toModel(answer, asked);
  assertAlike(found, expectedAnswer(metrics, asked, answer.range), againstModel);
  const fromRaw = aggregate(raw, asked);
  assert.ok(fromRaw.sources.every(({ source }) => source === "raw"));
  assert.equal(fromRaw.range, answer.range);
  assertAlike(found, toModel(fromRaw, asked), againstOther);
}

test("answers equal a plain model, and those from raw rows those from rollups and what is not in them yet", () => {
  const metrics = fc.array(metric, { maxLength: 30 });
  const queries = fc.array(query, { minLength: 4, maxLength: 8 });
  fc.assert(
    fc.property(metrics, metrics, fc.integer({ min: 0, max: 8 }), queries, (early, late, steps, drawn) => {
      const database = openMigrated();
      const raw = openMigrated();
      try {
        const submitter = createSubmitter(database);
        submitAll(submitter, early);
        let target = submitter.rollups.flushStep(NOW_MS);
        for (let step = 1; step < steps; step += 1) target = submitter.rollups.flushStep(NOW_MS, target);
        // What is remembered of these answers must not outlive what comes now.
        for (const asked of drawn) aggregate(database, asked);
        submitAll(submitter, late);
        if (steps % 2 === 0) submitter.rollups.flushStep(NOW_MS);
        submitAll(createSubmitter(raw), [...early, ...late]);
        raw.run("DELETE FROM rollup_families");
        const stored = database.first("SELECT count(*) AS count FROM measurements")?.count;
        assert.is(stored, early.length + late.length);
        for (const asked of drawn) check(database, raw, [...early, ...late], asked);
      } finally {
        database.close();
        raw.close();
      }
    }),
    { numRuns: 25, includeErrorInReport: true, endOnFailure: true },
  );
});

/** Any minute of three hours. */
const minuteMs = fc.integer({ min: 1, max: 180 }).map((minutes) => NOW_MS - minutes * 60_000);
const close = fc
  .record({
    service: fc.constant("gateway"),
    timestampMs: minuteMs,
    durationMs: fc.nat(5000),
    success: fc.boolean(),
  })
  .map(({ success, ...rest }): ModelMetric => {
    return { ...rest, type: "auth_request", value: 1, dimensions: { success } };
  });
const cut = fc
  .tuple(minuteMs, minuteMs)
  .filter(([a, b]) => a !== b)
  .map(([a, b]): AggregateQuery => {
    const range = { startMs: Math.min(a, b), endMs: Math.max(a, b) };
    const statistics = ["count", "errors", "successes", "p0", "p50", "p100"];
    const rest = { stepMs: undefined, filters: [], groupBy: ["success"], groupsMax: 10 };
    return { types: ["auth_request"], range, statistics, ...rest };
  });

test("ranges that cut hours equal a plain model, with the rollups half written", () => {
  const metrics = fc.array(close, { minLength: 10, maxLength: 40 });
  const queries = fc.array(cut, { minLength: 5, maxLength: 5 });
  fc.assert(
    fc.property(metrics, metrics, queries, fc.boolean(), (early, late, drawn, isWritten) => {
      const database = openMigrated();
      try {
        const submitter = createSubmitter(database);
        submitAll(submitter, early);
        while (submitter.rollups.flushStep(NOW_MS) !== undefined);
        submitAll(submitter, late);
        if (isWritten) submitter.rollups.flushStep(NOW_MS);
        for (const asked of drawn) {
          const answer = aggregate(database, asked);
          const wanted = expectedAnswer([...early, ...late], asked, answer.range);
          assertAlike(toModel(answer, asked), wanted, againstModel);
        }
      } finally {
        database.close();
      }
    }),
    { numRuns: 25, includeErrorInReport: true, endOnFailure: true },
  );
});

test.run();
