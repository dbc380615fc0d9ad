/** Cumulative series: stored with the rows that they count, and bounded by owner. */
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/lib/time.ts";
import { SERIES_PER_OWNER_MAX } from "../../src/store/metrics.ts";
import { WITHOUT_PAUSE } from "../../src/store/plan/steps.ts";
import type { Store } from "../../src/store/store.ts";
import { NOW_MS } from "../support/time.ts";
import type { Engine } from "./engines.ts";
import { isOver, ownName, sharedStore, stopAfter, valuesOf, withOpened, withStore } from "./store-tests.ts";
import { createSender, type Request } from "./submissions.ts";

const metric = { type: "custom", value: 1 };

/** One metric, and series as they stand after it. */
function continuing(
  owner: string,
  keys: readonly string[],
  lastPoint: string,
  idempotencyKey: string,
): Request {
  const series = keys.map((key) => ({ key, owner, lastPoint, isNew: true }));
  return { service: owner, metrics: [metric], idempotencyKey, series };
}

const find = (
  { metrics }: Store,
  owner: string,
  keys: readonly string[],
  nowMs = NOW_MS,
  idempotencyKey = "none",
) => metrics.findSeries({ owner, keys, apiKeyId: 1, idempotencyKey }, nowMs);

const named = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => `series ${from + index}`);

export function seriesContract(test: Test, engine: Engine): void {
  const shared = sharedStore(test, engine);
  const sender = (() => {
    let made: Promise<ReturnType<typeof createSender>> | undefined;
    return () => {
      made ??= shared().then(createSender);
      return made;
    };
  })();

  test("a series is where its rows left it, since the time of the caller", async () => {
    const owner = ownName();
    const store = await shared();
    const { submitAt } = await sender();
    assert.equal(await find(store, owner, [owner]), { earlier: undefined, series: new Map(), room: 1 });
    await submitAt(NOW_MS, continuing(owner, [owner], "one", `${owner} 1`));
    assert.equal(
      (await find(store, owner, [owner])).series,
      new Map([[owner, { lastPoint: "one", seenMs: NOW_MS }]]),
    );
    await submitAt(NOW_MS + 5, continuing(owner, [owner], "two", `${owner} 2`));
    const { series, room } = await find(store, owner, [owner, `${owner} new`]);
    assert.equal([series.get(owner), series.size, room], [{ lastPoint: "two", seenMs: NOW_MS + 5 }, 1, 1]);
  });

  test("what was answered before moves no series, and is found before anything is computed", async () => {
    const owner = ownName();
    const store = await shared();
    const { submit } = await sender();
    assert.is((await find(store, owner, [owner], NOW_MS, owner)).earlier, undefined);
    await submit({ ...continuing(owner, [owner], "one", owner), answer: '{"n":1}' });
    assert.is((await submit(continuing(owner, [owner], "two", owner))).duplicates.length, 1);
    const { earlier, series } = await find(store, owner, [owner], NOW_MS, owner);
    assert.equal([earlier, series.get(owner)?.lastPoint], [{ fingerprint: "f", answer: '{"n":1}' }, "one"]);
    assert.equal(await valuesOf(store, owner), [1]);
    assert.is(
      (await find(store, owner, [], NOW_MS + DAY_MS, owner)).earlier,
      undefined,
      "an expired answer is none",
    );
  });

  test("a series without rows is stored too", async () => {
    const owner = ownName();
    await (await sender()).submit({ ...continuing(owner, [owner], "one", owner), change: () => [] });
    assert.is((await find(await shared(), owner, [owner])).series.get(owner)?.lastPoint, "one");
    assert.equal(await valuesOf(await shared(), owner), []);
  });

  test("room is given once, comes back unused, and ends where as many series are continued every day", async () => {
    await withStore(engine, async (store, installation) => {
      const { submitAt } = createSender(store);
      const [eldest, ...others] = named(SERIES_PER_OWNER_MAX - 3);
      await submitAt(NOW_MS - 1, continuing("a", [eldest ?? ""], "one", "k1"));
      await submitAt(NOW_MS, continuing("a", others, "one", "k2"));
      const ask = async (keys: readonly string[], nowMs = NOW_MS, owner = "a") =>
        (await find(store, owner, keys, nowMs)).room;
      const asked = [await ask(["a", "b"]), await ask(["c", "d"]), await ask(["series 0"]), await ask(["e"])];
      assert.equal(asked, [2, 1, 0, 0]);
      assert.is(await ask(["a", "b", "c", "d"], NOW_MS + MINUTE_MS), 3, "unused room comes back");
      await submitAt(NOW_MS, continuing("a", ["x", "y", "z"], "one", "k3"));
      assert.is(await ask(["b"], NOW_MS + 2 * MINUTE_MS), 0);
      assert.is(await ask(["b"], NOW_MS + 2 * MINUTE_MS, "other"), 1, "others are not concerned");
      assert.is(await ask(["b"], NOW_MS + 24 * HOUR_MS), 1, "there are such as were not continued for a day");
      await submitAt(NOW_MS + 25 * HOUR_MS, continuing("a", ["b"], "one", "k4"));
      const known = [...named(SERIES_PER_OWNER_MAX - 3), "x", "y", "z", "b"];
      await store.close();
      await withOpened(installation, async (again) => {
        const { series } = await find(again, "a", known, NOW_MS + 25 * HOUR_MS);
        assert.is(series.size, SERIES_PER_OWNER_MAX);
        assert.is(series.has(eldest ?? ""), false, "the one not continued for longest has made room");
        assert.is(series.get("b")?.lastPoint, "one");
      });
    });
  });

  test("series that nobody has continued for thirty days are forgotten, others are not, whenever it is ended", async () => {
    await withStore(engine, async (store) => {
      const { submitAt } = createSender(store);
      const end = NOW_MS + 30 * DAY_MS;
      await submitAt(NOW_MS, continuing("a", named(1200), "one", "k1"));
      await submitAt(NOW_MS + 1, continuing("a", ["kept"], "one", "k2"));
      const left = async () => (await find(store, "a", [...named(1200), "kept"], end)).series;
      await store.metrics.deleteEndedSeries(end - 1, WITHOUT_PAUSE);
      assert.is((await left()).size, 1201);
      assert.not.ok(await isOver(store.metrics.deleteEndedSeries(end, stopAfter(1))));
      const { size } = await left();
      assert.ok(size > 1 && size < 1201, `${size} are left`);
      await store.metrics.deleteEndedSeries(end, WITHOUT_PAUSE);
      assert.equal([...(await left()).keys()], ["kept"]);
    });
  });
}
