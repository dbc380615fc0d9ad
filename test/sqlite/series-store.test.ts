import { test } from "uvu";
import * as assert from "uvu/assert";
import { DAY_MS } from "../../src/lib/time.ts";
import type { Database } from "../../src/sqlite/file/database.ts";
import { deleteEndedSeries, findSeries } from "../../src/sqlite/metrics/series-store.ts";
import { SERIES_PER_OWNER_MAX } from "../../src/store/metrics.ts";
import { NOW_MS } from "../support/time.ts";
import { type createSubmitter, within } from "./submitter.ts";

const QUESTION = { owner: "gateway", keys: ["a"], apiKeyId: 1, idempotencyKey: "k" };

type Submitter = ReturnType<typeof createSubmitter>;

/** Store one metric, and a series as it stands after it. */
function commit(
  { builder, store, toSubmission }: Submitter,
  idempotencyKey: string,
  lastPoint: string,
): void {
  const submission = toSubmission({ metrics: [{ type: "custom", value: 1 }], idempotencyKey });
  builder.add({ ...submission, series: [{ key: "a", owner: "gateway", lastPoint, isNew: true }] });
  store.commit(builder.take(), NOW_MS);
}

const lastPointOf = (database: Database) => findSeries(database, QUESTION, NOW_MS).series.get("a")?.lastPoint;

test("a series is where its rows left it: with them, and not without them", () => {
  within((database, submitter) => {
    commit(submitter, "k", "one");
    assert.is(lastPointOf(database), "one");
    database.run("CREATE TRIGGER full BEFORE INSERT ON measurements BEGIN SELECT raise(ABORT, 'full'); END");
    assert.throws(() => commit(submitter, "k2", "two"), /full/);
    assert.is(lastPointOf(database), "one");
    database.run("DROP TRIGGER full");
    commit(submitter, "k2", "two");
    assert.is(lastPointOf(database), "two");
  });
});

test("what was answered before moves no series, and is found before anything is computed", () => {
  within((database, submitter) => {
    assert.is(findSeries(database, QUESTION, NOW_MS).earlier, undefined);
    commit(submitter, "k", "one");
    commit(submitter, "k", "two");
    assert.is(lastPointOf(database), "one");
    assert.equal(findSeries(database, QUESTION, NOW_MS).earlier, { fingerprint: "f", answer: "{}" });
  });
});

test("a series without rows is stored too", () => {
  within((database, { builder, store, toSubmission }) => {
    const { measurements: _, ...submission } = toSubmission({
      metrics: [{ type: "custom", value: 1 }],
      idempotencyKey: "k",
    });
    const series = [{ key: "a", owner: "gateway", lastPoint: "one", isNew: true }];
    builder.add({ ...submission, measurements: [], series });
    store.commit(builder.take(), NOW_MS);
    assert.is(lastPointOf(database), "one");
  });
});

/** `count` series of one owner, seen one after the other up to `newestMs`. */
function fill(database: Database, count: number, newestMs: number): void {
  database.run(
    `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < CAST(?1 AS INTEGER))
     INSERT INTO cumulative_series SELECT 'series ' || i, 'gateway', CAST(?2 AS INTEGER) - i, '{}' FROM n`,
    count,
    newestMs,
  );
}

test("a new series beyond the limit takes the place of the one not seen for longest", () => {
  within((database, submitter) => {
    fill(database, SERIES_PER_OWNER_MAX, NOW_MS - 2 * DAY_MS);
    assert.is(findSeries(database, QUESTION, NOW_MS).room, 1);
    commit(submitter, "k", "one");
    const row = database.first("SELECT count(*) AS count, min(seen_ms) AS oldest FROM cumulative_series");
    assert.is(row?.count, SERIES_PER_OWNER_MAX);
    assert.is(row?.oldest, NOW_MS - 2 * DAY_MS - SERIES_PER_OWNER_MAX + 2);
    assert.is(lastPointOf(database), "one");
  });
});

test("there is no room for new series beside as many that are sent every day, and others are not concerned", () => {
  within((database) => {
    fill(database, SERIES_PER_OWNER_MAX, NOW_MS);
    assert.is(findSeries(database, QUESTION, NOW_MS).room, 0);
    assert.is(findSeries(database, { ...QUESTION, owner: "other" }, NOW_MS).room, 1);
  });
});

test("room is given once: to who asks first, of two that ask before either has stored anything", () => {
  within((database, submitter) => {
    fill(database, SERIES_PER_OWNER_MAX - 3, NOW_MS);
    const ask = (keys: readonly string[], nowMs = NOW_MS) =>
      findSeries(database, { ...QUESTION, keys }, nowMs).room;
    assert.equal([ask(["a", "b"]), ask(["c", "d"]), ask(["series 0"]), ask(["e"])], [2, 1, 0, 0]);
    commit(submitter, "stored", "one");
    // Those that were given room and refused for something else leave it.
    assert.is(ask(["a", "b", "c", "d"], NOW_MS + 1000), 2);
  });
});

test("series that were not seen for a month are forgotten, some at a time", () => {
  within((database) => {
    fill(database, 10, NOW_MS - 30 * DAY_MS + 4);
    assert.is(deleteEndedSeries(database, NOW_MS, 4), 4);
    assert.is(deleteEndedSeries(database, NOW_MS, 4), 2);
    assert.is(database.first("SELECT count(*) AS count FROM cumulative_series")?.count, 4);
  });
});

test.run();
