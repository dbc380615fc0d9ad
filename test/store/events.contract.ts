/** Lists of metrics as they were submitted, and what is the case now. */
import * as fc from "fast-check";
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { LATEST_VALUES_MAX, type LatestQuery, type LatestValue } from "../../src/store/queries.ts";
import { NOW_MS } from "../support/time.ts";
import { type ModelMetric, select } from "./aggregate-model.ts";
import { metric, query } from "./arbitraries.ts";
import type { Engine } from "./engines.ts";
import {
  ALL_EVENTS,
  allPages,
  assertRejected,
  eventsOf,
  ofService,
  ownName,
  sharedStore,
  withOpened,
  withStore,
} from "./store-tests.ts";
import { createSender, type Request } from "./submissions.ts";

type Sender = ReturnType<typeof createSender>;

/** The metrics of a model as a request of one service. */
export function requestOf(service: string, metrics: readonly ModelMetric[]): Request {
  return {
    service,
    metrics: metrics.map(({ type, value, timestampMs, durationMs, dimensions }) => ({
      type,
      value,
      timestamp: timestampMs,
      ...(durationMs !== undefined && { duration_ms: durationMs }),
      // Without those that are undefined.
      dimensions: JSON.parse(JSON.stringify(dimensions)),
    })),
  };
}

const count = (state: string, value: number, ageMs = 0) => ({
  type: "server_count",
  value,
  timestamp: NOW_MS - ageMs,
  dimensions: { state },
});
const ALL: LatestQuery = { service: undefined, sinceMs: 0, beyond: "fail" };
const short = (values: readonly LatestValue[]) =>
  values.map(({ dimensions, value }) => `${dimensions.state} ${value}`);

export function eventsContract(test: Test, engine: Engine): void {
  const shared = sharedStore(test, engine);
  let made: Promise<Sender> | undefined;
  const sender = () => {
    made ??= shared().then(createSender);
    return made;
  };

  test("pages in both orders hold what was there at the first one, each metric once, while others arrive", async () => {
    const store = await shared();
    const { submit } = await sender();
    const metrics = fc.array(metric, { maxLength: 30 });
    const order = fc.constantFrom("newest first" as const, "oldest first" as const);
    const limits = fc.integer({ min: 1, max: 7 });
    const property = fc.asyncProperty(
      metrics,
      metrics,
      query,
      order,
      limits,
      async (first, later, drawn, order, limit) => {
        const service = ownName();
        const own = (all: readonly ModelMetric[]) => all.map((each) => ({ ...each, service }));
        if (first.length > 0) await submit(requestOf(service, first));
        const filters = [
          ofService(service),
          ...drawn.filters.filter(({ dimension }) => dimension !== "service"),
        ];
        const asked = { ...ALL_EVENTS, types: drawn.types, filters, range: drawn.range, order, limit };
        const waiting = [...later];
        const found = await allPages(store, asked, async () => {
          const next = waiting.splice(0, 2);
          if (next.length > 0) await submit(requestOf(service, next));
        });
        const all = own(first);
        const wanted = select(all, { types: drawn.types, filters }, drawn.range).map((each) => ({
          place: all.indexOf(each),
          ...each,
        }));
        const sign = order === "newest first" ? -1 : 1;
        wanted.sort((a, b) => sign * (a.timestampMs - b.timestampMs || a.place - b.place));
        const look = (each: Omit<ModelMetric, "dimensions">) => [
          each.timestampMs,
          each.service,
          each.type,
          each.value,
          each.durationMs,
        ];
        assert.equal(found.map(look), wanted.map(look));
        assert.is(new Set(found.map(({ id }) => id)).size, found.length);
      },
    );
    await fc.assert(property, { numRuns: 40, includeErrorInReport: true });
  });

  test("thousands of metrics of one instant are paged in the order in which they were stored", async () => {
    const service = ownName();
    const values = Array.from({ length: 5000 }, (_, value) => value);
    await (await sender()).submit({
      service,
      metrics: values.map((value) => ({ type: "custom", value, timestamp: NOW_MS })),
    });
    for (const order of ["newest first", "oldest first"] as const) {
      const asked = { ...ALL_EVENTS, filters: [ofService(service)], order, limit: 999 };
      const found = (await allPages(await shared(), asked)).map(({ value }) => value);
      assert.equal(found, order === "oldest first" ? values : values.toReversed());
    }
  });

  test("pages go on after a restart from where they were", async () => {
    await withStore(engine, async (store, installation) => {
      const metrics = Array.from({ length: 9 }, (_, value) => ({
        type: "custom",
        value,
        timestamp: NOW_MS - (value % 2),
      }));
      await createSender(store).submit({ metrics });
      const asked = { ...ALL_EVENTS, order: "newest first", limit: 4 } as const;
      const first = await store.queries.events(asked);
      await store.close();
      await withOpened(installation, async (again) => {
        await createSender(again).submit({ metrics });
        const rest = await allPages(again, { ...asked, cursor: first.next, moment: first.moment });
        const found = [...first.events, ...rest].map(({ value }) => value);
        assert.equal(found, [8, 6, 4, 2, 0, 7, 5, 3, 1]);
      });
    });
  });

  test("a position that was forged leads nowhere out of the range, and breaks nothing", async () => {
    const service = ownName();
    await (await sender()).submit({
      service,
      metrics: [10, 20, 30].map((ago) => ({ type: "custom", value: ago, timestamp: NOW_MS - ago })),
    });
    const range = { startMs: NOW_MS - 25, endMs: NOW_MS - 5 };
    const forged = [-1e15, -1, 0, NOW_MS - 15, NOW_MS + 5, 1e15].flatMap((timestampMs) =>
      [-1, 0, 2 ** 52].map((id) => ({ timestampMs, id })),
    );
    for (const order of ["newest first", "oldest first"] as const) {
      for (const after of forged) {
        for (const lastId of [undefined, -5, 0, 2 ** 52]) {
          const asked = { ...ALL_EVENTS, filters: [ofService(service)], range, order, after, lastId };
          const { events } = await (await shared()).queries.events(asked);
          assert.ok(events.every(({ value }) => value === 10 || value === 20));
        }
      }
    }
  });

  test("a metric that stands for several tells how many, and the mean of their durations", async () => {
    const service = ownName();
    const distribution = { count: 3, min: 10, max: 30, values: [10, 20, 30], counts: [1, 1, 1] };
    await (await sender()).submit({
      service,
      metrics: [
        { type: "tool_execution", value: 3, duration_ms: 60 },
        { type: "custom", value: 1 },
      ],
      change: ([several, ...rest]) => (several === undefined ? [] : [{ ...several, distribution }, ...rest]),
    });
    const events = await eventsOf(await shared(), service);
    assert.equal(
      events.map((each) => [each.value, each.count, each.durationMs]),
      [
        [3, 3, 20],
        [1, 1, undefined],
      ],
    );
  });

  /** Of a service of its own. */
  async function latest(...batches: readonly (readonly Omit<Request, "service">[])[]) {
    const service = ownName();
    const { submit } = await sender();
    for (const batch of batches) await submit(...batch.map((request) => ({ ...request, service })));
    return { service, values: await (await shared()).queries.latestValues({ ...ALL, service }) };
  }

  test("the newest state by the time it was so stays, in one batch and over many, whatever came last", async () => {
    const first = [{ metrics: [count("total", 1, 20), count("total", 2, 10), count("total", 3, 30)] }];
    const late = [{ metrics: [count("total", 4, 15)] }];
    const newer = [{ metrics: [count("total", 5, 5), count("running", 6)] }];
    assert.equal(short((await latest(first)).values), ["total 2"]);
    assert.equal(short((await latest(first, late)).values), ["total 2"]);
    assert.equal(short((await latest(first, late, newer)).values), ["total 5", "running 6"]);
  });

  test("of two states of one instant the one that came last counts", async () => {
    assert.equal(short((await latest([{ metrics: [count("total", 1), count("total", 2)] }])).values), [
      "total 2",
    ]);
    assert.equal(
      short((await latest([{ metrics: [count("total", 1)] }], [{ metrics: [count("total", 2)] }])).values),
      ["total 2"],
    );
  });

  test("a state is told with its sender, its times and its dimensions", async () => {
    const { service, values } = await latest([
      { instanceId: "i", version: "1.0.0", metrics: [count("total", 3, 7)] },
    ]);
    const times = { timestampMs: NOW_MS - 7, receivedMs: NOW_MS };
    assert.equal(values, [
      { service, instanceId: "i", type: "server_count", dimensions: { state: "total" }, ...times, value: 3 },
    ]);
  });

  test("an update of a program, and another key, go on with what the instance said; another instance does not", async () => {
    const { values } = await latest(
      [{ version: "1.0.0", metrics: [count("total", 1, 10), count("failed", 2, 10)] }],
      [{ version: "1.1.0", apiKeyId: 2, metrics: [count("total", 3, 5)] }],
      [{ instanceId: "other", metrics: [count("total", 4)] }],
    );
    assert.equal(short(values), ["failed 2", "total 3", "total 4"]);
  });

  test("a dimension that is absent, null or empty is one, and a number is its text", async () => {
    const said = [undefined, null, "", 7, "7"].map((server_id, value) => {
      const dimensions = server_id === undefined ? { kind: "tools" } : { kind: "tools", server_id };
      return [{ metrics: [{ type: "capability_count", value, dimensions }] }];
    });
    const { values } = await latest(...said);
    assert.equal(
      values.map(({ dimensions, value }) => [dimensions, value]),
      [
        [{ kind: "tools" }, 2],
        [{ kind: "tools", server_id: "7" }, 4],
      ],
    );
  });

  test("who has reported no state since is left out with everything; types without states are not there", async () => {
    const { queries } = await shared();
    const gone = await latest([{ metrics: [count("total", 1, 2000), { type: "custom", value: 1 }] }]);
    const here = await latest([{ metrics: [count("total", 2, 2000), count("running", 3, 1000)] }]);
    assert.equal(short(gone.values), ["total 1"]);
    const since = (service: string, sinceMs: number) =>
      queries.latestValues({ ...ALL, service, sinceMs }).then(short);
    assert.equal(await since(here.service, NOW_MS - 1000), ["total 2", "running 3"]);
    assert.equal(await since(here.service, NOW_MS - 999), []);
    assert.equal(await since(gone.service, NOW_MS - 1000), []);
    const all = (await queries.latestValues({ ...ALL, sinceMs: NOW_MS - 1000 })).map(
      ({ service }) => service,
    );
    assert.ok(all.includes(here.service) && !all.includes(gone.service));
  });

  test("a duplicate says nothing anew", async () => {
    const idempotencyKey = ownName("key");
    const { values } = await latest(
      [{ idempotencyKey, metrics: [count("total", 1, 10)] }],
      [
        { metrics: [count("running", 2)] },
        { idempotencyKey, metrics: [count("total", 3)] },
        { metrics: [count("failed", 4)] },
      ],
    );
    assert.equal(short(values).sort(), ["failed 4", "running 2", "total 1"]);
  });

  test("too many states fail and say what would work, or the oldest are left out", async () => {
    await withStore(engine, async (store) => {
      const { submit } = createSender(store);
      const offers = Array.from({ length: LATEST_VALUES_MAX }, (_, index) => ({
        type: "capability_count",
        value: index,
        timestamp: NOW_MS - index,
        dimensions: { kind: "tools", server_id: `server-${index}` },
      }));
      await submit({ metrics: offers });
      assert.is((await store.queries.latestValues(ALL)).length, LATEST_VALUES_MAX);
      await submit({ metrics: [count("total", 3, 20_000)] });
      const ask = (changes: Partial<LatestQuery>) => store.queries.latestValues({ ...ALL, ...changes });
      await assertRejected(ask({}), "validation_failed", /more than 10000 states .*: ask for one service/);
      const one = ask({ service: "gateway" });
      const { violations } = await assertRejected(
        one,
        "validation_failed",
        /more than 10000 states .*: ask for a shorter window/,
      );
      assert.equal(
        violations.map(({ field, reason }) => [field, reason]),
        [["window", "too_many"]],
      );
      const found = await ask({ beyond: "leave out" });
      assert.equal(
        [found.length, found[0]?.value, found.at(-1)?.value],
        [LATEST_VALUES_MAX, LATEST_VALUES_MAX - 1, 0],
      );
    });
  });
}
