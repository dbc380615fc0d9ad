/** Queries of several callers at once: an order is asserted, never a time. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ServiceError } from "../../../src/errors.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { HOUR_MS } from "../../../src/lib/time.ts";
import { openReaders, type Readers } from "../../../src/sqlite/threads/readers.ts";
import type { AggregateQuery, EventsQuery } from "../../../src/store/queries.ts";
import { fillDatabase } from "../../support/fill-database.ts";
import { NOW_MS } from "../../support/time.ts";
import { openMigrated, temporaryPath } from "../databases.ts";

/** Reads every row, and sorts their durations: several times what a query may run on the short lane. */
const LONG: AggregateQuery = {
  types: ["tool_execution"],
  range: { startMs: NOW_MS - HOUR_MS, endMs: NOW_MS },
  stepMs: 1000,
  filters: [],
  groupBy: ["tool"],
  statistics: ["p95", "avg", "error_rate"],
  groupsMax: 1000,
};
const SHORT: EventsQuery = {
  types: ["tool_execution"],
  range: LONG.range,
  filters: [],
  order: "newest first",
  cursor: undefined,
  moment: undefined,
  limit: 5,
};

const test = suite<{ path: string }>("fairness", { path: "" });

test.before((context) => {
  context.path = temporaryPath();
  fillDatabase(context.path, { rows: 500_000, startMs: NOW_MS - HOUR_MS, spanMs: HOUR_MS });
  openMigrated(context.path).close();
});

async function withReaders(
  path: string,
  timeoutMs: number,
  work: (queries: Readers["calls"]["queries"]) => Promise<void>,
  clock = systemClock,
): Promise<void> {
  const readers = openReaders({ path, timeoutMs, clock, onCall() {}, onBroken() {} });
  try {
    await work(readers.calls.queries);
  } finally {
    await readers.close();
  }
}

const outcomeOf = (answer: Promise<unknown>): Promise<string> =>
  answer.then(
    () => "answered",
    ({ reason }: ServiceError) => reason,
  );

test("short queries of one caller do not wait for the many long ones of another", ({ path }) =>
  withReaders(path, 600_000, async (queries) => {
    let longAnswered = 0;
    const end = new AbortController();
    // Both threads are started.
    await Promise.all([1, 2].map(() => queries.events(SHORT)));
    const long = Array.from({ length: 24 }, () =>
      queries.aggregate(LONG, { caller: "busy", signal: end.signal }).then(
        () => {
          longAnswered += 1;
        },
        () => {},
      ),
    );
    for (let round = 1; round <= 10; round += 1) {
      assert.is((await queries.events(SHORT, { caller: "quiet" })).events.length, 5);
      if (round === 1) assert.is(longAnswered, 0, "not even one long one was waited for");
      // Ten short ones take less than the long ones that one after the other would take their place.
      assert.ok(longAnswered <= round, `${longAnswered} long ones were answered before ${round} short ones`);
    }
    assert.ok(longAnswered < 12, `${longAnswered} of 24 long ones were answered first`);
    end.abort();
    await Promise.all(long);
  }));

test("two callers with equally long queries are answered in turns", ({ path }) =>
  withReaders(path, 600_000, async (queries) => {
    const order: string[] = [];
    const ask = (caller: string) => queries.aggregate(LONG, { caller }).then(() => void order.push(caller));
    await Promise.all([...Array.from({ length: 8 }, () => ask("first")), ask("second"), ask("second")]);
    const lastOfSecond = order.lastIndexOf("second");
    assert.is(order.length, 10);
    assert.ok(lastOfSecond <= 5, order.join(" "));
  }));

test("one caller takes a quarter of the places, and the others have theirs", ({ path }) =>
  withReaders(path, 600_000, async (queries) => {
    const end = new AbortController();
    const busy = Array.from({ length: 40 }, () =>
      outcomeOf(queries.aggregate(LONG, { caller: "busy", signal: end.signal })),
    );
    const others = ["a", "b", "c"].flatMap((caller) =>
      Array.from({ length: 32 }, () => outcomeOf(queries.events(SHORT, { caller }))),
    );
    const beyond = await outcomeOf(queries.events(SHORT, { caller: "d" }));
    assert.is(beyond, "queue_full", "128 are under way");
    assert.equal(await Promise.all(others), Array(96).fill("answered"));
    end.abort();
    const outcomes = await Promise.all(busy);
    assert.equal(outcomes.slice(32), Array(8).fill("queue_full"));
    assert.not(outcomes.slice(0, 32).includes("queue_full"));
    assert.is(await outcomeOf(queries.events(SHORT, { caller: "d" })), "answered");
  }));

test("the time limit counts the wait", ({ path }) =>
  withReaders(path, 150, async (queries) => {
    const failures = await Promise.all(
      Array.from({ length: 16 }, () =>
        queries.aggregate(LONG, { caller: "busy" }).then(
          () => "answered",
          (error: ServiceError) => error.message,
        ),
      ),
    );
    const waited = failures.filter((message) => message.startsWith("the query waited 0.15 s for its turn"));
    assert.ok(waited.length >= 10, failures.join("\n"));
    assert.is(await outcomeOf(queries.events(SHORT, { caller: "busy" })), "answered");
  }));

test("a query whose time is over after a short try does not wait for the long one", ({ path }) => {
  let aheadMs = 0;
  const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + aheadMs };
  return withReaders(
    path,
    600_000,
    async (queries) => {
      const order: string[] = [];
      const long = outcomeOf(queries.aggregate(LONG)).then((outcome) => order.push(`long ${outcome}`));
      const tried = outcomeOf(queries.aggregate(LONG)).then((outcome) => order.push(`tried ${outcome}`));
      aheadMs = 600_001;
      await Promise.all([long, tried]);
      assert.equal(order, ["tried deadline_exceeded", "long answered"]);
    },
    clock,
  );
});

test("a query whose caller leaves while it waits is given up at once", ({ path }) =>
  withReaders(path, 600_000, async (queries) => {
    const end = new AbortController();
    let longAnswered = 0;
    const long = Array.from({ length: 6 }, () =>
      queries.aggregate(LONG, { caller: "busy", signal: end.signal }).then(
        () => {
          longAnswered += 1;
        },
        () => {},
      ),
    );
    const leaving = new AbortController();
    const left = outcomeOf(queries.aggregate(LONG, { caller: "busy", signal: leaving.signal }));
    leaving.abort();
    assert.is(await left, "deadline_exceeded");
    assert.is(longAnswered, 0);
    end.abort();
    await Promise.all(long);
  }));

test.run();
