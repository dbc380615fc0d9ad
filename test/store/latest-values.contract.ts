/** What is the case now: what instances said last. */
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { LATEST_VALUES_MAX, type LatestQuery, type LatestValue } from "../../src/store/queries.ts";
import { NOW_MS } from "../support/time.ts";
import type { Engine } from "./engines.ts";
import { assertRejected, ownName, sharedStore, withStore } from "./store-tests.ts";
import { createSender, FIRST_REQUEST, type Request } from "./submissions.ts";

type Sender = ReturnType<typeof createSender>;

const count = (state: string, value: number, ageMs = 0) => ({
  type: "server_count",
  value,
  timestamp: NOW_MS - ageMs,
  dimensions: { state },
});
const ALL: LatestQuery = { service: undefined, sinceMs: 0, beyond: "fail" };
const short = (values: readonly LatestValue[]) =>
  values.map(({ dimensions, value }) => `${dimensions.state} ${value}`);

export function latestValuesContract(test: Test, engine: Engine): void {
  const shared = sharedStore(test, engine);
  let made: Promise<Sender> | undefined;
  const sender = () => {
    made ??= shared().then(createSender);
    return made;
  };

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

  /** A request that arrived so many seconds before now. */
  const arrived = (seconds: number) => ({ requestNumber: FIRST_REQUEST - seconds * 2 ** 19 });
  const CALL = { type: "tool_invocation", value: 1, dimensions: { tool_id: "a", status: "success" } };

  test("who was not heard of since is left out with everything; a metric of no instance is no sign of one", async () => {
    const { queries } = await shared();
    const custom = { type: "custom", value: 1 };
    const gone = await latest([{ ...arrived(9), metrics: [count("total", 1)] }], [{ metrics: [custom] }]);
    const here = await latest(
      [{ ...arrived(9), metrics: [count("total", 2, 2000), count("running", 3, 1000)] }],
      [{ ...arrived(5), version: "2.0.0", apiKeyId: 2, metrics: [custom, CALL] }],
      [{ ...arrived(7), metrics: [CALL] }],
    );
    assert.equal(short(gone.values), ["total 1"]);
    const since = (service: string, sinceMs: number) =>
      queries.latestValues({ ...ALL, service, sinceMs }).then(short);
    assert.equal(await since(here.service, NOW_MS - 5000), ["total 2", "running 3"]);
    assert.equal(await since(here.service, NOW_MS - 4999), []);
    assert.equal(await since(gone.service, NOW_MS - 9000), ["total 1"]);
    assert.equal(await since(gone.service, NOW_MS - 5000), []);
    const all = (await queries.latestValues({ ...ALL, sinceMs: NOW_MS - 5000 })).map(
      ({ service }) => service,
    );
    assert.ok(all.includes(here.service) && !all.includes(gone.service));
  });

  test("of an instance that signed off nothing is left from before, whatever its version; another's stays", async () => {
    const end = (ageMs: number) => ({ type: "composer_shutdown", value: 1, timestamp: NOW_MS - ageMs });
    const { values } = await latest(
      [{ instanceId: "i", version: "1.0.0", metrics: [count("total", 1, 20), count("failed", 9, 10)] }],
      [{ instanceId: "other", metrics: [count("total", 2, 20)] }],
      [{ instanceId: "i", version: "2.0.0", metrics: [end(30), end(10), count("running", 3, 9)] }],
      [{ instanceId: "i", version: "1.0.0", metrics: [count("stopped", 4, 15)] }],
    );
    assert.equal(short(values), ["total 2", "undefined 1", "running 3"]);
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
