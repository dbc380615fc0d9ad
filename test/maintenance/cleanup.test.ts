import { test } from "uvu";
import * as assert from "uvu/assert";
import { ServiceError } from "../../src/errors.ts";
import { CleanupStoppedError, type CleanupStore, cleanUp } from "../../src/maintenance/cleanup.ts";
import type { Pace } from "../../src/store/plan/steps.ts";
import { RETENTION_TABLES } from "../../src/store/retention.ts";
import { TestClock, turn } from "../support/time.ts";

/** A store whose every step takes 10 ms, and that has `rows` of auth_metrics to delete. */
function setup({ rows = 0, isBusy = false, isActive = true } = {}) {
  const clock = new TestClock();
  const stop = new AbortController();
  const story: string[] = [];
  const failures = new Map<string, Error>();
  let left = rows;
  let space = 2;
  const step = async (name: string) => {
    story.push(name);
    clock.advance(10);
    const failure = failures.get(name);
    if (failure !== undefined) throw failure;
  };
  /** Steps until `step` says that it was the last, with a pause between two. */
  async function steps(pace: Pace, take: () => Promise<boolean>): Promise<void> {
    while (await take()) await pace();
  }
  let flushes = 2;
  const store: CleanupStore = {
    metrics: {
      flushRollups: (_nowMs, pace) =>
        steps(pace, async () => {
          await step("flush");
          flushes -= 1;
          return flushes > 0;
        }),
      deleteUnusedRollupKeys: () => step("keys"),
    },
    retention: {
      async listPolicies() {
        const policy = { retentionDays: 365, isActive, timestampColumn: "" };
        return RETENTION_TABLES.map(({ name }) => ({ ...policy, tableName: name }));
      },
      deleteExpired: ({ tables }, pace, onDeleted) =>
        steps(pace, async () => {
          await step(tables.length > 1 ? "measurements" : (tables[0] ?? ""));
          if (!tables.includes("auth_metrics")) return false;
          const deleted = Math.min(left, 500);
          left -= deleted;
          onDeleted({ auth_metrics: deleted });
          return left > 0;
        }),
    },
    upkeep: {
      giveBackSpace: (pace) =>
        steps(pace, async () => {
          await step("space");
          space -= 1;
          return space > 0;
        }),
    },
  };
  let counted = 0;
  const running = (tables = RETENTION_TABLES) =>
    cleanUp(
      {
        store,
        clock,
        isBusy: () => isBusy,
        signal: stop.signal,
        onDeleted: (deleted) => {
          counted += deleted;
        },
      },
      tables,
      clock.wallMs(),
    );
  /** Let a run go on until it waits for nothing but time, and say how long it waits. */
  async function pauseMs(): Promise<number> {
    await turn(20);
    let waited = 0;
    while (clock.pendingTimers > 0) {
      clock.advance(1);
      waited += 1;
    }
    return waited;
  }
  return { clock, stop, story, failures, running, pauseMs, counted: () => counted };
}

/** Let a run come to its end. */
async function finished<Result>(running: Promise<Result>, pauseMs: () => Promise<number>): Promise<Result> {
  let isOver = false;
  const over = running.finally(() => {
    isOver = true;
  });
  while (!isOver) await pauseMs();
  return over;
}

test("rollups come first, measurements are walked through together, and the space is given back last", async () => {
  const { story, running, pauseMs, counted } = setup({ rows: 900 });
  const results = await finished(running(), pauseMs);
  assert.equal(story, [
    "flush",
    "flush",
    "measurements",
    "measurements",
    "metrics_hourly",
    "metrics_daily",
    "api_key_usage_log",
    "server_metrics",
    "server_metrics_daily",
    "server_events",
    "server_usage",
    "keys",
    "space",
    "space",
  ]);
  assert.equal(
    results.map(({ table, deleted }) => [table, deleted]),
    RETENTION_TABLES.map(({ name }) => [name, name === "auth_metrics" ? 900 : 0]),
  );
  assert.is(counted(), 900);
});

test("where nothing was deleted nothing is tidied up", async () => {
  const { story, running, pauseMs } = setup();
  await finished(running(), pauseMs);
  assert.not.ok(story.includes("space") || story.includes("keys"));
});

test("breakdowns without rows stay while a policy over rollups is off", async () => {
  const { story, running, pauseMs } = setup({ rows: 1, isActive: false });
  await finished(running(), pauseMs);
  assert.not.ok(story.includes("keys"));
});

for (const [isBusy, expectedMs] of [
  [false, 10],
  [true, 30],
] as const) {
  test(`commits have ${expectedMs} ms after a step of 10 ms when ${isBusy ? "some" : "none"} wait`, async () => {
    const { running, pauseMs } = setup({ rows: 2000, isBusy });
    const over = running(RETENTION_TABLES.filter(({ kind }) => kind === "measurements"));
    for (let pause = 0; pause < 3; pause += 1) assert.is(await pauseMs(), expectedMs);
    await finished(over, pauseMs);
  });
}

test("a signal ends a cleanup after its step, in the middle of a pause too", async () => {
  const { story, stop, running, pauseMs } = setup({ rows: 100_000 });
  const over = running();
  // Between the two steps of bringing rollups up to date.
  await pauseMs();
  await turn(20);
  stop.abort();
  const results = await over;
  assert.equal(story, ["flush", "flush", "measurements"]);
  assert.ok(results.every(({ error }) => error instanceof CleanupStoppedError));
  assert.is(results.find(({ table }) => table === "auth_metrics")?.deleted, 500);
});

test("a table that fails does not stop the others, and what was deleted counts", async () => {
  const { failures, running, pauseMs, counted, story } = setup({ rows: 10 });
  failures.set("metrics_hourly", new ServiceError("storage_unavailable", "disk full"));
  const results = await finished(running(), pauseMs);
  const errors = results.flatMap(({ table, error }) =>
    error === undefined ? [] : [`${table}: ${error.message}`],
  );
  assert.equal(errors, ["metrics_hourly: disk full"]);
  assert.ok(story.includes("api_key_usage_log"));
  assert.is(counted(), 10);
});

test("nothing is deleted while rollups cannot be written", async () => {
  const { failures, running, pauseMs, story } = setup({ rows: 10 });
  failures.set("flush", new ServiceError("storage_unavailable", "disk full"));
  const results = await finished(running(), pauseMs);
  assert.not.ok(story.includes("measurements"));
  assert.is(results.find(({ table }) => table === "auth_metrics")?.error?.message, "disk full");
});

test.run();
