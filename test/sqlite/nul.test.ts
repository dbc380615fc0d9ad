/** A name with a NUL reads alike in the views, in queries over rows and over rollups, and in a server's charts. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Principal } from "../../src/access/call.ts";
import { readSelection } from "../../src/api/query/selection.ts";
import { QueryViolations } from "../../src/api/query/violations.ts";
import { METRIC_TYPES } from "../../src/catalogue/catalogue.ts";
import { readChart } from "../../src/sqlite/directory/read-chart.ts";
import type { Database } from "../../src/sqlite/file/database.ts";
import { migrateDown, migrateUp } from "../../src/sqlite/file/migrator.ts";
import type { AggregateQuery, EventsQuery } from "../../src/store/queries.ts";
import { toLabelValue } from "../../src/telemetry/series/label-values.ts";
import { point } from "../store/directory-entries.ts";
import { NOW_MS } from "../support/time.ts";
import { MIGRATIONS } from "./databases.ts";
import { entry, openDirectory } from "./directory/entries.ts";
import { aggregate, events } from "./query/ask.ts";
import { createSubmitter, within } from "./submitter.ts";

const SENT = "a\0b";
const READ = "a\ufffdb";
const EVERYTHING = { startMs: 0, endMs: 2 * NOW_MS };
/** The version before the migration that repairs what is stored. */
const BEFORE = 16;

const page: EventsQuery = {
  types: METRIC_TYPES.map(({ name }) => name),
  range: EVERYTHING,
  filters: [],
  order: "oldest first",
  cursor: undefined,
  moment: undefined,
  limit: 10,
};
const byDimension = (type: string, dimension: string): AggregateQuery => ({
  types: [type],
  range: EVERYTHING,
  stepMs: undefined,
  filters: [],
  groupBy: [dimension],
  statistics: ["count"],
  groupsMax: 10,
});

const groupsOf = (database: Database, type: string, dimension: string) =>
  aggregate(database, byDimension(type, dimension)).groups.map(({ labels }) => labels[0]);

for (const { name: type, dimensions: all, choices = {} } of METRIC_TYPES) {
  // Of some a value is one of a list.
  const chosen = Object.fromEntries(Object.entries(choices).map(([name, [first]]) => [name, first]));
  const dimensions = all.filter((name) => choices[name] === undefined);

  test(`${type}: every dimension, as views and queries tell it`, () => {
    within((database, { submit, rollups }) => {
      const sent = { ...Object.fromEntries(dimensions.map((name) => [name, SENT])), ...chosen };
      submit({ metrics: [{ type, value: 1, dimensions: sent, metadata: { k: SENT, [SENT]: 1 } }] });
      const [event] = events(database, page).events;
      const told = { ...Object.fromEntries(dimensions.map((name) => [name, READ])), ...chosen };
      assert.equal(JSON.parse(event?.dimensions ?? ""), told);
      assert.equal(JSON.parse(event?.metadata ?? ""), { k: READ, [READ]: 1 });
      for (const name of dimensions) {
        const read = `SELECT dimensions ->> '$.${name}' AS told FROM metrics`;
        assert.is(database.first(read)?.told, READ, name);
      }
      for (let look = 0; look < 2; look += 1) {
        for (const name of dimensions) {
          // What says success and is no word for it says nothing.
          const isOutcome = name === "success" || name === "healthy";
          if (!isOutcome) assert.equal(groupsOf(database, type, name), [READ], name);
        }
        while (rollups.flushStep(NOW_MS) !== undefined);
      }
    });
  });
}

test("every column of text of the specialised views", () => {
  within((database, { submit }) => {
    const dimensions = {
      tool_name: SENT,
      server_name: SENT,
      client_name: SENT,
      method: SENT,
      user_hash: SENT,
    };
    submit({ metrics: [{ type: "tool_execution", value: 1, dimensions, metadata: { error_code: SENT } }] });
    const row = database.first("SELECT * FROM tool_metrics");
    for (const column of [...Object.keys(dimensions), "error_code"]) assert.is(row?.[column], READ, column);
  });
});

test("a server's metric", () => {
  const { database, store } = openDirectory();
  store.commit(
    [entry([point(1, { name: SENT }), point(2, { name: SENT, tags: JSON.stringify({ t: SENT }) })])],
    NOW_MS,
  );
  const rows = database.all(
    "SELECT metric_name, metric_tags ->> '$.t' AS tag FROM server_metrics ORDER BY id",
  );
  assert.equal(
    rows.map(({ metric_name, tag }) => [metric_name, tag]),
    [
      [READ, null],
      [READ, READ],
    ],
  );
  const names = undefined;
  const range = { startMs: NOW_MS - 60_000, endMs: NOW_MS + 1, stepMs: 60_000 };
  const asked = { server: 1, serverId: "one", ...range, names, quantiles: [], withUptime: false };
  const { lines } = readChart(database, asked, { spend: () => {} });
  assert.equal(
    lines.map(({ name, points }) => [name, points.length]),
    [[READ, 1]],
  );
  database.close();
});

test("a label, and a filter that asks for what was sent", () => {
  assert.is(toLabelValue(SENT), READ);
  const filters = [{ dimension: "tool", operator: "equals", values: [SENT] }] as const;
  const range = { startMs: undefined, endMs: undefined };
  const request = { types: ["tool_execution"], range, filters };
  const reader: Principal = { apiKeyId: 1, service: "people", role: "reader", allowedServices: [] };
  const { selection } = readSelection(request, reader, NOW_MS, new QueryViolations());
  assert.equal(selection.filters[0]?.values, [READ]);
});

test("what an older version has stored is told alike after the upgrade, raw and rolled up", () => {
  within((database, { submit, rollups }) => {
    // The second holds a backslash and the letters of an escape, which stand for themselves.
    for (const tool_name of [READ, "a\\u0000b"])
      submit({ metrics: [{ type: "tool_execution", value: 1, dimensions: { tool_name } }] });
    while (rollups.flushStep(NOW_MS) !== undefined);
    migrateDown(database, MIGRATIONS, BEFORE);
    database.run("UPDATE dimension_sets SET dimensions = replace(dimensions, ?, '\\u0000')", "\ufffd");
    database.run(
      "UPDATE rollup_keys SET dimension_values = replace(dimension_values, ?, '\\u0000')",
      "\ufffd",
    );
    migrateUp(database, MIGRATIONS);
    const shown = database.all("SELECT tool_name FROM tool_metrics ORDER BY id");
    assert.equal(
      shown.map((row) => row.tool_name),
      [READ, "a\\u0000b"],
    );
    assert.equal(groupsOf(database, "tool_execution", "tool"), ["a\\u0000b", READ]);
    assert.equal(groupsOf(database, "tool_execution", "server_path"), [""]);
    createSubmitter(database).submit({
      metrics: [{ type: "tool_execution", value: 1, dimensions: { tool_name: SENT } }],
    });
    assert.equal(groupsOf(database, "tool_execution", "tool"), ["a\\u0000b", READ]);
  });
});

test.run();
