import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Database } from "../../../src/sqlite/file/database.ts";
import type { AggregateQuery } from "../../../src/store/queries.ts";
import { expectedAnswer, type ModelMetric, requestOf } from "../../store/aggregate-model.ts";
import { metric, query } from "../../store/arbitraries.ts";
import { assertAlike, toModel } from "../../store/executions.ts";
import { NOW_MS } from "../../support/time.ts";
import { openMigrated } from "../databases.ts";
import { createSubmitter } from "../submitter.ts";
import { aggregate } from "./ask.ts";

function submitAll(submitter: ReturnType<typeof createSubmitter>, metrics: readonly ModelMetric[]): void {
  for (const service of ["gateway", "registry"]) {
    const request = requestOf(
      service,
      metrics.filter((each) => each.service === service),
    );
    if (request.metrics.length > 0) submitter.submit(request);
  }
}

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
  assertAlike(found, expectedAnswer(metrics, asked, answer.range));
  const fromRaw = aggregate(raw, asked);
  assert.ok(fromRaw.sources.every(({ source }) => source === "raw"));
  assert.equal(fromRaw.range, answer.range);
  assertAlike(found, toModel(fromRaw, asked));
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
          assertAlike(toModel(answer, asked), wanted);
        }
      } finally {
        database.close();
      }
    }),
    { numRuns: 25, includeErrorInReport: true, endOnFailure: true },
  );
});

test.run();
