import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DAY_MS } from "../../../src/lib/time.ts";
import { recomputeDay } from "../../../src/sqlite/directory/recompute-day.ts";
import { point } from "../../store/directory-entries.ts";
import { plainQuantile } from "../../support/plain-quantile.ts";
import { NOW_MS } from "../../support/time.ts";
import { entry, openDirectory } from "./entries.ts";

test("a metric is found under the names and spellings of the original tables", () => {
  const { database, store } = openDirectory();
  const tags = '{"endpoint":"query"}';
  store.commit([entry([point(120.5, { tags }), point(1, { name: "up" })])], NOW_MS);
  const rows = database.all(
    `SELECT id, server_id, metric_name, metric_value, metric_type, metric_tags, recorded_at, created_at
     FROM server_metrics ORDER BY id`,
  );
  const { _metadata, ...first } = rows[0] as Record<string, unknown>;
  assert.equal(first, {
    id: 1,
    server_id: "one",
    metric_name: "response_time",
    metric_value: 120.5,
    metric_type: "gauge",
    metric_tags: tags,
    recorded_at: "2026-03-01T12:00:00.000Z",
    created_at: "2026-03-01T12:00:00.000Z",
  });
  assert.is(rows[1]?.metric_tags, "{}");
  const server = database.first("SELECT * FROM servers WHERE id = 'one'");
  assert.is(server?.metrics_last_received, "2026-03-01T12:00:00.000Z");
  database.close();
});

test("an idempotency key of a request stores its rows once, and brings the first answer back", () => {
  const { database, store } = openDirectory();
  const idempotency = { apiKeyId: 0, key: "signature 1 ab", fingerprint: "f", answer: "first" };
  const keyed = () => entry([point(1)], { idempotency });
  assert.equal(store.commit([keyed(), keyed()], NOW_MS).duplicates, [
    { index: 1, stored: { fingerprint: "f", answer: "first" } },
  ]);
  assert.is(store.commit([entry([point(2)]), keyed()], NOW_MS).duplicates.length, 1);
  const values = database.all("SELECT metric_value AS value FROM server_metrics").map(({ value }) => value);
  assert.equal(values, [1, 2]);
  assert.is(database.first("SELECT sum(count_value) AS count FROM server_metrics_daily")?.count, 2);
  assert.is(store.commit([keyed()], NOW_MS + DAY_MS).duplicates.length, 0, "after a day it is forgotten");
  database.close();
});

test("a commit that fails leaves nothing, also of what it had made for its rows", () => {
  const { database, store } = openDirectory();
  const broken = entry([point(1, { name: "fresh" })], { uses: [null as never] });
  assert.throws(() => store.commit([broken], NOW_MS));
  for (const table of ["server_points", "server_series", "server_days"]) {
    assert.is(database.first(`SELECT count(*) AS count FROM ${table}`)?.count, 0, table);
  }
  store.commit([entry([point(1, { name: "fresh" })])], NOW_MS);
  assert.is(database.first("SELECT metric_name FROM server_metrics")?.metric_name, "fresh");
  database.close();
});

const value = fc.oneof(
  fc.double({ min: -1e12, max: 1e12, noNaN: true }),
  fc.integer({ min: -1000, max: 1000 }),
  fc.constantFrom(0, -0, 1e-7, -1e-7, 1e12, -1e12),
);
const points = fc.array(
  fc.record({
    server: fc.constantFrom(1, 2),
    name: fc.constantFrom("a", "b"),
    type: fc.constantFrom("gauge", "counter"),
    day: fc.integer({ min: -3, max: 0 }),
    value,
  }),
  { minLength: 1, maxLength: 30 },
);

test("days are what SQL and sorting make of the points, however late and in whatever batches they come", () => {
  fc.assert(
    fc.property(fc.array(points, { minLength: 1, maxLength: 4 }), (batches) => {
      const { database, store } = openDirectory();
      for (const batch of batches) {
        const entries = batch.map(({ server, day, ...more }) =>
          entry([point(more.value, { ...more, timestampMs: NOW_MS + day * DAY_MS })], { server }),
        );
        store.commit(entries, NOW_MS);
      }
      const daily = () =>
        database.all(
          `SELECT server_id, metric_name, metric_type, metric_date, count_value, min_value, max_value, sum_value,
             avg_value, p50_value, p95_value, p99_value
           FROM server_metrics_daily ORDER BY 1, 2, 3, 4`,
        );
      const expected = database.all(
        `SELECT server_id, metric_name, metric_type, date(recorded_at) AS metric_date, count(*) AS count_value,
           min(metric_value) AS min_value, max(metric_value) AS max_value, sum(metric_value) AS sum_value,
           json_group_array(metric_value) AS list
         FROM server_metrics GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`,
      );
      const found = daily();
      assert.is(found.length, expected.length, "one row a server, name, type and day");
      for (const [index, row] of expected.entries()) {
        const day = found[index] ?? {};
        for (const name of [
          "server_id",
          "metric_name",
          "metric_type",
          "metric_date",
          "count_value",
        ] as const) {
          assert.is(day[name], row[name]);
        }
        for (const name of ["min_value", "max_value"])
          assert.ok(Object.is(Number(day[name]) + 0, Number(row[name]) + 0));
        close(Number(day.sum_value), Number(row.sum_value), 1e12);
        const values = JSON.parse(String(row.list)) as number[];
        for (const [name, rank] of [
          ["p50_value", 0.5],
          ["p95_value", 0.95],
          ["p99_value", 0.99],
        ] as const) {
          const true_ = plainQuantile(values, rank);
          assert.ok(
            Math.abs(Number(day[name]) - true_) <= Math.abs(true_) * 0.0101 + 1e-6,
            `${name} ${true_}`,
          );
        }
      }
      // Computing them anew changes nothing but the last bits of sums.
      for (let day = -3; day <= 0; day += 1) {
        recomputeDay(database, Math.floor(NOW_MS / DAY_MS) + day, NOW_MS, undefined);
      }
      for (const [index, row] of daily().entries()) {
        for (const [name, before] of Object.entries(found[index] ?? {})) {
          if (name === "_metadata") continue;
          if (/sum|avg/.test(name)) close(Number(row[name]), Number(before), 1e12);
          else assert.is(row[name], before, name);
        }
      }
      database.close();
    }),
    { numRuns: 60 },
  );
});

/** Equal but for rounding of numbers up to `scale`. */
function close(actual: number, expected: number, scale: number): void {
  assert.ok(Math.abs(actual - expected) <= scale * 1e-14 * 100, `${actual} is not ${expected}`);
}

test("a day is repaired by computing it anew, row by row", () => {
  const { database, store } = openDirectory();
  store.commit([entry([point(1), point(3), point(5, { name: "other" })])], NOW_MS);
  const read = () => JSON.stringify(database.all("SELECT * FROM server_days ORDER BY series_id, day"));
  const right = read();
  database.run("UPDATE server_days SET count = 7, sum = 7 WHERE series_id = 1");
  database.run("UPDATE server_days SET series_id = 3 WHERE series_id = 2");
  const result = recomputeDay(database, Math.floor(NOW_MS / DAY_MS), NOW_MS, undefined);
  assert.equal(result, { done: 2, next: undefined });
  database.run("DELETE FROM server_days WHERE series_id = 3");
  assert.is(read(), right);
  database.close();
});

test("a day of which points have been deleted is not computed anew: what is left of them is less", () => {
  const { database, store } = openDirectory();
  store.commit([entry([point(1)])], NOW_MS);
  const day = Math.floor(NOW_MS / DAY_MS);
  database.run(
    "UPDATE retention_policies SET deleted_before_ms = ? WHERE table_name = 'server_metrics'",
    NOW_MS,
  );
  assert.throws(() => recomputeDay(database, day, NOW_MS, undefined), /2026-03-01 have been deleted/);
  assert.equal(recomputeDay(database, day + 1, NOW_MS, undefined).done, 0);
  assert.is(database.first("SELECT count_value FROM server_metrics_daily")?.count_value, 1);
  database.close();
});

test.run();
