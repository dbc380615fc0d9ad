import { test } from "uvu";
import * as assert from "uvu/assert";
import { HOUR_MS } from "../../../src/lib/time.ts";
import { openReader } from "../../../src/sqlite/file/open.ts";
import { createReaderOperations } from "../../../src/sqlite/threads/operations.ts";
import { binOf } from "../../../src/store/plan/sketch.ts";
import type { AggregateQuery } from "../../../src/store/queries.ts";
import { NOW_MS } from "../../support/time.ts";
import { openMigrated, temporaryPath } from "../databases.ts";
import { createSubmitter, within } from "../submitter.ts";
import { aggregate } from "./ask.ts";

const QUERY: AggregateQuery = {
  types: ["auth_request", "tool_execution"],
  range: { startMs: NOW_MS - 40 * HOUR_MS, endMs: NOW_MS },
  stepMs: HOUR_MS,
  filters: [],
  groupBy: ["type", "tool"],
  statistics: ["count", "min", "p50", "p100"],
  groupsMax: 1000,
};
const TOOLS = 500;
const HOURS = 20;

/** One execution of each tool in each hour: as many rows of rollups as of measurements. */
const metrics = Array.from({ length: TOOLS * HOURS }, (_, index) => ({
  type: "tool_execution",
  value: index,
  duration_ms: (index % 97) + 1,
  timestamp: NOW_MS - (1 + Math.floor(index / TOOLS)) * HOUR_MS,
  dimensions: { tool_name: `tool-${index % TOOLS}`, server_name: "s", success: true },
}));

function flush({ rollups }: ReturnType<typeof createSubmitter>): void {
  for (let target = rollups.flushStep(NOW_MS); target !== undefined; )
    target = rollups.flushStep(NOW_MS, target);
}

test("more rows than are read at a time are all read once: of rollups, of the tail, and raw ones", () => {
  within((database, submitter) => {
    submitter.submit({ metrics });
    const asked = { ...QUERY, groupBy: ["tool"], types: ["tool_execution"] };
    const small = {
      ...asked,
      filters: [{ dimension: "tool", values: ["tool-1", "tool-499"], isNegated: false }],
    };
    const look = () =>
      [asked, small].map((each) =>
        aggregate(database, { ...each, stepMs: undefined }).groups.map(({ labels, values }) => [
          labels,
          // Quantiles of few raw rows are exact: what a sketch takes for the same is what is compared.
          [...values].map((value, column) => (column < 2 ? value : binOf(value))),
        ]),
      );
    const fromTail = look();
    flush(submitter);
    const fromRollups = look();
    database.run("DELETE FROM rollup_families");
    const fromRaw = look();
    assert.equal(fromTail[0]?.length, TOOLS);
    assert.equal(fromTail[1]?.length, 2);
    assert.ok(fromTail[0]?.every(([, values]) => values?.[0] === HOURS));
    assert.equal(fromRollups, fromTail);
    assert.equal(fromRaw, fromTail);
  });
});

test("few keys among many are found in every hour of a long range", () => {
  within((database, submitter) => {
    const hours = 4500;
    const sometimes = (tool_name: string, hour: number) => ({
      type: "tool_execution",
      value: hour,
      timestamp: NOW_MS - (hour + 1) * HOUR_MS,
      dimensions: { tool_name },
    });
    const others = Array.from({ length: 30 }, (_, index) => sometimes(`tool-${index}`, 0));
    const rare = Array.from({ length: hours }, (_, hour) => sometimes("rare", hour));
    submitter.submit({ metrics: [...others, ...rare] });
    flush(submitter);
    const [group] = aggregate(database, {
      ...QUERY,
      range: { startMs: NOW_MS - hours * HOUR_MS, endMs: NOW_MS },
      filters: [{ dimension: "tool", values: ["rare"], isNegated: false }],
      groupBy: [],
      statistics: ["min"],
    }).groups;
    assert.equal([...(group?.values ?? [])], rare.map(({ value }) => value).reverse());
  });
});

test("a query sees one moment, whatever is accepted and rolled up while it runs", () => {
  const path = temporaryPath();
  const database = openMigrated(path);
  const submitter = createSubmitter(database);
  submitter.submit({ metrics: metrics.slice(0, 6000) });
  flush(submitter);
  submitter.submit({ metrics: metrics.slice(6000, 8000) });
  const wanted = aggregate(database, QUERY);
  const reader = openReader(path);
  let chunks = 0;
  const answer = createReaderOperations(reader).queries.aggregate.run(QUERY, {
    spend() {
      chunks += 1;
      submitter.submit({ metrics: metrics.slice(8000, 8100) });
      flush(submitter);
    },
  });
  assert.ok(chunks > 2);
  assert.equal(
    answer.groups.map(({ labels, values }) => [labels, [...values]]),
    wanted.groups.map(({ labels, values }) => [labels, [...values]]),
  );
  reader.close();
  database.close();
});

test.run();
