/** Lists of metrics as they were submitted, and what is the case now. */
import * as fc from "fast-check";
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { NOW_MS } from "../support/time.ts";
import { type ModelMetric, requestOf, select } from "./aggregate-model.ts";
import { metric, query } from "./arbitraries.ts";
import type { Engine } from "./engines.ts";
import {
  ALL_EVENTS,
  allPages,
  eventsOf,
  ofService,
  ownName,
  sharedStore,
  withOpened,
  withStore,
} from "./store-tests.ts";
import { createSender } from "./submissions.ts";

type Sender = ReturnType<typeof createSender>;

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
    const limits = fc.record(
      { limit: fc.integer({ min: 1, max: 7 }), bytesMax: fc.integer({ min: 1, max: 3_000 }) },
      { requiredKeys: ["limit"] },
    );
    const property = fc.asyncProperty(
      metrics,
      metrics,
      query,
      order,
      limits,
      async (first, later, drawn, order, limits) => {
        const service = ownName();
        const own = (all: readonly ModelMetric[]) => all.map((each) => ({ ...each, service }));
        if (first.length > 0) await submit(requestOf(service, first));
        const filters = [
          ofService(service),
          ...drawn.filters.filter(({ dimension }) => dimension !== "service"),
        ];
        const asked = { ...ALL_EVENTS, types: drawn.types, filters, range: drawn.range, order, ...limits };
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
}
