import { existsSync, readFileSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ServiceError } from "../../../src/errors.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { HOUR_MS } from "../../../src/lib/time.ts";
import { databaseLogBytes } from "../../../src/sqlite/file/database-stats.ts";
import { truncateLargeLog } from "../../../src/sqlite/file/upkeep.ts";
import type { WriterCalls } from "../../../src/sqlite/threads/operations.ts";
import { openReaders, type ReaderOptions, type Readers } from "../../../src/sqlite/threads/readers.ts";
import type { AggregateQuery } from "../../../src/store/queries.ts";
import { fillDatabase } from "../../support/fill-database.ts";
import { NOW_MS } from "../../support/time.ts";
import { failureOf } from "../../support/wait.ts";
import { openMigrated, temporaryPath } from "../databases.ts";
import { createSubmitter } from "../submitter.ts";

const QUERY: AggregateQuery = {
  types: ["tool_execution"],
  range: { startMs: NOW_MS - HOUR_MS, endMs: NOW_MS },
  stepMs: 60_000,
  filters: [],
  groupBy: [],
  statistics: ["count"],
  groupsMax: 1000,
};

/** A database with `rows` executions of a tool in the last hour, and a reader of it. */
function setup(rows: number, options: Partial<ReaderOptions> = {}) {
  const path = temporaryPath();
  fillDatabase(path, { rows, startMs: NOW_MS - HOUR_MS, spanMs: HOUR_MS });
  const database = openMigrated(path);
  const submitter = createSubmitter(database);
  const operations: string[] = [];
  const reader = openReaders({
    path,
    timeoutMs: 5000,
    clock: systemClock,
    onCall: ({ table, failed }) => void operations.push(failed ? `${table} failed` : table),
    onBroken: () => void operations.push("broken"),
    ...options,
  });
  return { path, database, submitter, reader, operations };
}

async function refusalOf(promise: Promise<unknown>): Promise<string> {
  const error = await failureOf(promise);
  assert.instance(error, ServiceError);
  return `${(error as ServiceError).reason}: ${error.message}`;
}

test("a query over its time fails and says what would help, and the next one works", async () => {
  const { reader, operations, database } = setup(60_000, { timeoutMs: 10 });
  const refusal = await refusalOf(reader.calls.queries.aggregate(QUERY));
  assert.match(
    refusal,
    /^deadline_exceeded: the query took longer than 0.01 s and read \d+ rows by then: use a /,
  );
  const { groups } = await reader.calls.queries.aggregate({ ...QUERY, range: { startMs: 0, endMs: 60_000 } });
  assert.equal(groups, []);
  // Storage is well: it was the query.
  assert.equal(operations, ["rollups", "rollups"]);
  await reader.close();
  database.close();
});

test("a query that nobody waits for any more ends early, and one that has not begun never does", async () => {
  const { reader, database } = setup(60_000, { timeoutMs: 600_000 });
  const caller = new AbortController();
  const running = refusalOf(reader.calls.queries.aggregate(QUERY, { caller: "a", signal: caller.signal }));
  const waiting = refusalOf(
    reader.calls.queries.events(
      { ...QUERY, order: "newest first", cursor: undefined, moment: undefined, limit: 5 },
      { caller: "a", signal: caller.signal },
    ),
  );
  caller.abort();
  assert.match(await running, /^deadline_exceeded: the caller did not wait/);
  assert.match(await waiting, /^deadline_exceeded: the caller did not wait/);
  assert.is(
    (await reader.calls.queries.aggregate(QUERY)).groups[0]?.values.reduce((sum, count) => sum + count),
    60_000,
  );
  await reader.close();
  database.close();
});

test("more queries than may wait are refused at once, with the number", async () => {
  const { reader, database } = setup(1000);
  const outcomes = await Promise.all(
    Array.from({ length: 40 }, () =>
      reader.calls.queries.aggregate(QUERY).then(
        () => "answered",
        (error) => error.reason,
      ),
    ),
  );
  assert.equal(outcomes, [...Array(32).fill("answered"), ...Array(8).fill("queue_full")]);
  assert.is((await reader.calls.queries.aggregate(QUERY)).groups.length, 1);
  await reader.close();
  database.close();
});

test("a database that cannot be read is said to be unavailable, and is read once it can be", async () => {
  const { path, database, submitter } = setup(10);
  database.script("PRAGMA wal_checkpoint(TRUNCATE)");
  const elsewhere = `${path}-copy`;
  const reader = openReaders({
    path: elsewhere,
    timeoutMs: 5000,
    clock: systemClock,
    onCall() {},
    onBroken() {},
  });
  assert.match(
    await refusalOf(reader.calls.queries.aggregate(QUERY)),
    /^storage_unavailable: storage cannot be read now/,
  );
  database.script(`VACUUM INTO '${elsewhere}'`);
  assert.is((await reader.calls.queries.aggregate(QUERY)).groups.length, 1);
  await reader.close();
  submitter.submit({ metrics: [{ type: "tool_execution", value: 1 }] });
  database.close();
  for (const file of [elsewhere, `${elsewhere}-wal`, `${elsewhere}-shm`])
    if (existsSync(file)) unlinkSync(file);
});

test("a reader that failed is replaced by the next query", async () => {
  const { path, database, reader, operations } = setup(10);
  database.script("PRAGMA wal_checkpoint(TRUNCATE)");
  const file = readFileSync(path);
  writeFileSync(path, Buffer.alloc(file.length, "no database"));
  assert.match(
    await refusalOf(reader.calls.queries.aggregate(QUERY)),
    /^storage_unavailable: storage cannot be read now/,
  );
  writeFileSync(path, file);
  assert.is((await reader.calls.queries.aggregate(QUERY)).groups.length, 1);
  assert.equal(operations, ["rollups failed", "broken", "rollups"]);
  await reader.close();
  database.close();
});

test("between two queries the log can be emptied: a reader holds nothing", async () => {
  const { path, database, submitter, reader } = setup(1000);
  for (let round = 0; round < 3; round += 1) {
    await reader.calls.queries.aggregate(QUERY);
    submitter.submit({ metrics: [{ type: "tool_execution", value: 1, timestamp: NOW_MS - 1 }] });
    assert.is(database.first("PRAGMA wal_checkpoint(TRUNCATE)")?.busy, 0);
    assert.is(statSync(`${path}-wal`).size, 0);
  }
  assert.is(
    (await reader.calls.queries.aggregate(QUERY)).groups[0]?.values.reduce((sum, count) => sum + count),
    1003,
  );
  await reader.close();
  database.close();
});

/** Queries one after the other, several at a time, so that some moment of the log is always in use. */
async function askWithoutPause(reader: Readers, signal: AbortSignal): Promise<void> {
  const ask = async () => {
    while (!signal.aborted) await reader.calls.queries.aggregate(QUERY);
  };
  await Promise.all([ask(), ask(), ask(), ask()]);
}

test("the log of a database that is written and asked without pause begins anew once it is large", async () => {
  const { reader, database, submitter, path } = setup(20_000);
  const metrics = Array.from({ length: 500 }, (_, value) => ({
    type: "custom",
    value,
    dimensions: { value },
  }));
  const end = new AbortController();
  const asking = askWithoutPause(reader, end.signal);
  let isPaused = false;
  const withReadersPaused: Readers["withReadersPaused"] = (work) =>
    reader.withReadersPaused(async () => {
      isPaused = true;
      await work();
      isPaused = false;
    });
  const truncateLog = async () => {
    assert.ok(isPaused, "a query that runs may keep the log from being emptied");
    database.all("PRAGMA wal_checkpoint(TRUNCATE)");
  };
  const calls = { truncateLog } as unknown as WriterCalls["file"];
  const bytesMax = 1_000_000;
  let largest = 0;
  for (let written = 0; written < 40; written += 1) {
    for (let batch = 0; batch < 20; batch += 1) submitter.submit({ metrics });
    largest = Math.max(largest, databaseLogBytes(path));
    await truncateLargeLog({ path, calls, withReadersPaused }, bytesMax);
    assert.ok(databaseLogBytes(path) <= bytesMax, `${databaseLogBytes(path)} bytes`);
  }
  assert.ok(largest > bytesMax, "it never was large");
  end.abort();
  await asking;
  await reader.close();
  database.close();
});

test("queries that come while none may run are answered afterwards", async () => {
  const { reader, database } = setup(10);
  const order: string[] = [];
  const first = reader.calls.queries.aggregate(QUERY).then(() => order.push("first"));
  const paused = reader.withReadersPaused(async () => {
    // The answer has come; whoever waits for it is told within this turn.
    await new Promise((resolve) => setImmediate(resolve));
    order.push("paused");
  });
  const last = reader.calls.queries.aggregate(QUERY).then(() => order.push("last"));
  const failing = failureOf(reader.withReadersPaused(() => Promise.reject(new Error("no"))));
  await Promise.all([first, paused, last]);
  assert.match((await failing).message, /no/);
  assert.equal(order, ["first", "paused", "last"]);
  await reader.calls.queries.aggregate(QUERY);
  await reader.close();
  database.close();
});

test.run();
