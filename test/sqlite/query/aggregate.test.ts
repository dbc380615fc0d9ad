import { test } from "uvu";
import * as assert from "uvu/assert";
import { ServiceError } from "../../../src/errors.ts";
import { DAY_MS, HOUR_MS } from "../../../src/lib/time.ts";
import type { Database } from "../../../src/sqlite/file/database.ts";
import type { AggregateQuery } from "../../../src/store/queries.ts";
import { NOW_MS } from "../../support/time.ts";
import { type createSubmitter, within } from "../submitter.ts";
import { aggregate } from "./ask.ts";

const QUERY: AggregateQuery = {
  types: ["tool_execution"],
  range: { startMs: NOW_MS - DAY_MS, endMs: NOW_MS },
  stepMs: undefined,
  filters: [],
  groupBy: [],
  statistics: ["count"],
  groupsMax: 1000,
};

function flush({ rollups }: ReturnType<typeof createSubmitter>): void {
  for (let target = rollups.flushStep(NOW_MS); target !== undefined; )
    target = rollups.flushStep(NOW_MS, target);
}

const tool = (name: string, changes: object = {}) => ({
  type: "tool_execution",
  value: 1,
  timestamp: NOW_MS - HOUR_MS,
  dimensions: { tool_name: name, success: true },
  ...changes,
});

const countOf = (database: Database, changes: Partial<AggregateQuery> = {}) =>
  aggregate(database, { ...QUERY, ...changes }).groups.map(({ labels, values }) => [...labels, values[0]]);

function refusalOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof ServiceError)
      return `${error.reason} ${error.violations[0]?.field}: ${error.message}`;
    throw error;
  }
  return "none";
}

test("what is not in the rollups yet is counted once, also while only some families have it", () => {
  within((database, submitter) => {
    const auth = { type: "auth_request", value: 1, timestamp: NOW_MS - HOUR_MS };
    submitter.submit({ metrics: [tool("a"), tool("b"), auth] });
    flush(submitter);
    submitter.submit({ metrics: [tool("a"), auth] });
    for (let step = 0; step < 8; step += 1) {
      assert.equal(countOf(database), [[3]]);
      assert.equal(countOf(database, { groupBy: ["tool"] }), [
        ["a", 2],
        ["b", 1],
      ]);
      assert.equal(countOf(database, { groupBy: ["client"] }), [["", 3]]);
      // Of two types, one may be in its rollups already.
      assert.equal(countOf(database, { types: ["auth_request", "tool_execution"] }), [[5]]);
      submitter.rollups.flushStep(NOW_MS);
    }
  });
});

test("numbers are exact to the last digit, from raw rows and from rollups", () => {
  const values = [0.1 + 0.2, 1 / 3, -1e-300, 123456789.12345679];
  for (const value of values) {
    within((database, submitter) => {
      submitter.submit({ metrics: [tool("a", { value, duration_ms: 1 / 3 })] });
      for (const stage of ["tail", "rollup", "raw"]) {
        if (stage === "rollup") flush(submitter);
        if (stage === "raw") database.run("DELETE FROM rollup_families");
        const [group] = aggregate(database, {
          ...QUERY,
          statistics: ["sum", "min", "max", "avg", "duration_avg"],
        }).groups;
        assert.equal([...(group?.values ?? [])], [value, value, value, value, 1 / 3], stage);
      }
    });
  }
});

test("more groups than allowed, or more values, are refused with the numbers", () => {
  within((database, submitter) => {
    submitter.submit({ metrics: Array.from({ length: 30 }, (_, index) => tool(`tool-${index}`)) });
    assert.is(countOf(database, { groupBy: ["tool"], groupsMax: 30 }).length, 30);
    assert.is(
      refusalOf(() => countOf(database, { groupBy: ["tool"], groupsMax: 29 })),
      "validation_failed group_by: more than 29 combinations of tool: filter some out",
    );
    const many = {
      groupBy: ["tool"],
      stepMs: HOUR_MS,
      range: { startMs: NOW_MS - 5000 * HOUR_MS, endMs: NOW_MS },
    };
    assert.is(
      refusalOf(() => countOf(database, many)),
      "validation_failed step: 21 series of 5000 points of 1 statistics are 105000 values, at most 100000: use a longer step, or fewer series",
    );
  });
});

test("a ranking keeps the largest, leaves out what has no such number, and orders equals by value", () => {
  within((database, submitter) => {
    const metrics = [
      tool("a"),
      tool("b"),
      tool("b", { duration_ms: 9 }),
      tool("c", { duration_ms: 20 }),
      tool("d"),
    ];
    submitter.submit({ metrics });
    assert.equal(countOf(database, { groupBy: ["tool"], top: 3 }), [
      ["b", 2],
      ["a", 1],
      ["c", 1],
    ]);
    const slowest = aggregate(database, { ...QUERY, groupBy: ["tool"], statistics: ["p100"], top: 3 });
    assert.equal(
      slowest.groups.map(({ labels }) => labels[0]),
      ["c", "b"],
    );
  });
});

test("totals are those of everything, not averages of rows", () => {
  within((database, submitter) => {
    const durations = [...Array(99).fill(10), 1000];
    submitter.submit({
      metrics: durations.map((duration_ms, index) => tool(`t${index % 7}`, { duration_ms })),
    });
    const asked = { ...QUERY, groupBy: ["tool"], statistics: ["count", "p50", "p100"], withTotals: true };
    const [count, median, longest] = aggregate(database, asked).totals ?? [];
    assert.is(count, 100);
    assert.ok(Math.abs((median ?? 0) - 10) < 0.11 && Math.abs((longest ?? 0) - 1000) < 11);
    assert.is(aggregate(database, { ...asked, types: ["auth_request"] }).totals, undefined);
  });
});

test("the answer says which rows it came from, for which types", () => {
  within((database, submitter) => {
    submitter.submit({ metrics: [tool("a")] });
    const range = { startMs: NOW_MS - DAY_MS - 1, endMs: NOW_MS };
    const filters = [{ dimension: "server_path", values: ["/x"], isNegated: true }];
    const { sources } = aggregate(database, {
      ...QUERY,
      types: ["auth_request", "tool_execution"],
      range,
      filters,
    });
    const hour = NOW_MS - DAY_MS;
    assert.equal(sources, [
      { types: ["auth_request"], source: "raw", range: { startMs: hour - 1, endMs: hour } },
      { types: ["tool_execution"], source: "raw", range },
      { types: ["auth_request"], source: "hourly", range: { startMs: hour, endMs: NOW_MS } },
    ]);
  });
});

test("retention that has deleted raw rows widens a range to what rollups have", () => {
  within((database, submitter) => {
    submitter.submit({ metrics: [tool("a", { timestamp: NOW_MS - 5 * HOUR_MS - 60_000 })] });
    flush(submitter);
    database.run("DELETE FROM measurements");
    const cutoff = NOW_MS - HOUR_MS;
    database.run(
      "UPDATE retention_policies SET deleted_before_ms = ? WHERE table_name = 'tool_metrics'",
      cutoff,
    );
    const range = { startMs: NOW_MS - 5 * HOUR_MS - 30_000, endMs: NOW_MS };
    const answer = aggregate(database, { ...QUERY, range });
    assert.is(answer.range.startMs, NOW_MS - 6 * HOUR_MS);
    assert.is(answer.groups[0]?.values[0], 1);
    const refusal = refusalOf(() => aggregate(database, { ...QUERY, range, stepMs: 60_000 }));
    assert.match(
      refusal,
      /^validation_failed range.start: tool_execution: raw rows before .* use a step of whole hours/,
    );
  });
});

test("a family that the writer still has to catch up with is not read", () => {
  within((database, submitter) => {
    submitter.submit({ metrics: [tool("a")] });
    database.run("UPDATE sqlite_sequence SET seq = 2000000 WHERE name = 'measurements'");
    const { groups, sources } = aggregate(database, QUERY);
    assert.equal([groups[0]?.values[0], sources.map(({ source }) => source)], [1, ["raw"]]);
  });
});

test("an hour that was asked for before is answered with what came late since then", () => {
  within((database, submitter) => {
    const range = { startMs: NOW_MS - 3 * HOUR_MS, endMs: NOW_MS };
    const asked = { ...QUERY, stepMs: HOUR_MS, statistics: ["count", "sum"], range };
    const ask = () => [...(aggregate(database, asked).groups[0]?.values ?? [])];
    submitter.submit({ metrics: [tool("a", { value: 10 })] });
    flush(submitter);
    assert.equal(ask(), [0, 0, 1, 0, 0, 10]);
    assert.equal(ask(), [0, 0, 1, 0, 0, 10]);
    const late = tool("a", { value: 500 });
    submitter.submit({ metrics: [late, late, { ...late, timestamp: NOW_MS - 3 * HOUR_MS }] });
    flush(submitter);
    assert.equal(ask(), [1, 0, 3, 500, 0, 1010]);
  });
});

test.run();
