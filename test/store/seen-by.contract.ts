/** What a writer sees: its own service, and of others exactly what its service's keys wrote. */
import * as fc from "fast-check";
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { DAY_MS, HOUR_MS } from "../../src/lib/time.ts";
import { WITHOUT_PAUSE } from "../../src/store/plan/steps.ts";
import type { AggregateQuery, Filter } from "../../src/store/queries.ts";
import { NOW_MS } from "../support/time.ts";
import type { Engine } from "./engines.ts";
import { flush, flushPartly, tool } from "./executions.ts";
import { newKey } from "./keys.contract.ts";
import { ALL_EVENTS, allPages, ofService, ownName, sharedStore, traceOf } from "./store-tests.ts";
import { createSender } from "./submissions.ts";

type Sender = ReturnType<typeof createSender>;

export function seenByContract(test: Test, engine: Engine): void {
  const shared = sharedStore(test, engine);
  let made: Promise<Sender> | undefined;
  const sender = () => {
    made ??= shared().then(createSender);
    return made;
  };

  /** Services of their own, each with keys; the third has an administrator's key that says its name. */
  async function openServices() {
    const store = await shared();
    const [auth, authServer, other] = [ownName("auth"), ownName("auth"), ownName("other")];
    const keyOf = async (service: string, role: "writer" | "admin" = "writer") =>
      (await store.keys.create(newKey({ service, role }), NOW_MS, traceOf())).id;
    const keys = {
      old: await keyOf(auth),
      auth: await keyOf(auth),
      admin: await keyOf(auth, "admin"),
      authServer: await keyOf(authServer),
      other: await keyOf(other),
    };
    await store.keys.revoke(keys.old, traceOf());
    return { store, services: { auth, authServer, other }, keys, ...(await sender()) };
  }
  type Services = Awaited<ReturnType<typeof openServices>>;

  const aggregate = async (seenBy: string | undefined, changes: Partial<AggregateQuery>) =>
    (await shared()).queries.aggregate({
      types: ["tool_execution"],
      range: { startMs: NOW_MS - DAY_MS, endMs: NOW_MS + 1 },
      stepMs: undefined,
      filters: [],
      groupBy: ["service", "tool"],
      statistics: ["count"],
      groupsMax: 10_000,
      seenBy,
      ...changes,
    });
  const countsOf = async (seenBy: string | undefined, changes: Partial<AggregateQuery> = {}) =>
    (await aggregate(seenBy, changes)).groups.map(({ labels, values }) => [
      ...labels,
      values.reduce((sum, each) => sum + each, 0),
    ]);
  const namesOf = async (seenBy: string | undefined, filters: readonly Filter[] = []) =>
    (await allPages(await shared(), { ...ALL_EVENTS, filters, seenBy, limit: 2 })).map(
      ({ service, dimensions }) => [service, JSON.parse(dimensions).tool_name],
    );

  async function fill({ submit, services, keys }: Services) {
    const send = (service: string, apiKeyId: number, name: string) =>
      submit({ service, apiKeyId, metrics: [tool(name)] });
    await send(services.auth, keys.auth, "own");
    await send(services.auth, keys.other, "by another under our name");
    await send(services.authServer, keys.auth, "under another name");
    await send(services.authServer, keys.old, "by a key that is revoked");
    await send(services.authServer, keys.authServer, "theirs");
    await send(services.authServer, keys.admin, "by an administrator");
    await send(services.other, keys.other, "others'");
    await send(services.other, keys.auth, "under a third name");
  }

  /** Label and count of everything that a writer of `auth` sees. */
  const seen = ({ auth, authServer, other }: Services["services"]) =>
    [
      [auth, "by another under our name", 1],
      [auth, "own", 1],
      [authServer, "by a key that is revoked", 1],
      [authServer, "under another name", 1],
      [other, "under a third name", 1],
    ].sort() as [string, string, number][];

  test("its service's rows and those that its keys wrote, rolled up, waiting or half written", async () => {
    const opened = await openServices();
    const { store, services } = opened;
    await fill(opened);
    const wanted = seen(services);
    for (const settle of [async () => {}, () => flushPartly(store, 2), () => flush(store)]) {
      await settle();
      for (const stepMs of [undefined, 60_000, HOUR_MS, DAY_MS]) {
        for (const groupBy of [
          ["service", "tool"],
          ["service", "tool", "server_path"],
        ]) {
          const found = await countsOf(services.auth, { stepMs, groupBy });
          const short = found.map((row) => [row[0], row[1], row.at(-1)]);
          assert.equal(short, wanted, `${stepMs} ${groupBy}`);
        }
      }
      const events = await namesOf(services.auth);
      assert.equal(events.sort(), wanted.map(([service, name]) => [service, name]).sort());
    }
  });

  test("the other service sees nothing of what the first wrote elsewhere, and all of its own name", async () => {
    const opened = await openServices();
    const { services } = opened;
    await fill(opened);
    const ofOthers = (await countsOf(services.authServer)).filter(
      ([service]) => service !== services.authServer,
    );
    assert.equal(ofOthers, []);
    assert.is((await namesOf(services.authServer)).length, 4);
    assert.equal(await countsOf(ownName("nobody")), []);
    assert.equal(await namesOf(ownName("nobody")), []);
  });

  test("filters of the request narrow what is seen, and never widen it", async () => {
    const opened = await openServices();
    const { services } = opened;
    await fill(opened);
    const { auth, authServer, other } = services;
    const wanted = seen(services);
    const cases: readonly (readonly [Filter, (service: string) => boolean])[] = [
      [ofService(authServer), (service) => service === authServer],
      [{ ...ofService(auth), isNegated: true }, (service) => service !== auth],
      [{ ...ofService(auth), values: [auth, other] }, (service) => service !== authServer],
      [ofService(ownName("nobody")), () => false],
    ];
    for (const [filter, isLeft] of cases) {
      const left = wanted.filter(([service]) => isLeft(service));
      assert.equal(await countsOf(auth, { filters: [filter] }), left);
      const events = (await namesOf(auth, [filter])).sort();
      assert.equal(events, left.map(([service, name]) => [service, name]).sort());
    }
    const tools = { dimension: "tool", values: ["under a third name", "theirs"], isNegated: false };
    assert.equal(await countsOf(auth, { filters: [tools] }), [[other, "under a third name", 1]]);
  });

  test("sources say that others' are read from single metrics; without any, everything is as before", async () => {
    const opened = await openServices();
    const { services, keys, submit, store } = opened;
    const range = { startMs: NOW_MS - 2 * HOUR_MS, endMs: NOW_MS };
    const asked = { range, groupBy: [], stepMs: HOUR_MS };
    const used = async (stepMs = HOUR_MS) =>
      (await aggregate(services.auth, { ...asked, stepMs })).sources.map(({ types, source }) => [
        types,
        source,
      ]);
    await submit({ service: services.auth, apiKeyId: keys.auth, metrics: [tool("a")] });
    await flush(store);
    assert.equal(await used(), [[["tool_execution"], "hourly"]]);
    await submit({ service: services.authServer, apiKeyId: keys.auth, metrics: [tool("b")] });
    assert.equal((await used()).sort(), [
      [["tool_execution"], "hourly"],
      [["tool_execution"], "raw"],
    ]);
    assert.equal(await used(HOUR_MS / 2), [[["tool_execution"], "raw"]], "each type once");
  });

  test("percentiles, rankings and totals are over both parts together", async () => {
    const opened = await openServices();
    const { services, keys, submit } = opened;
    const timed = (service: string, apiKeyId: number, duration_ms: number) =>
      submit({ service, apiKeyId, metrics: [tool("a", { duration_ms })] });
    await timed(services.auth, keys.auth, 10);
    await timed(services.authServer, keys.auth, 1000);
    await timed(services.authServer, keys.authServer, 5000);
    const asked = { groupBy: ["tool"], statistics: ["count", "p99"], withTotals: true, top: 5 };
    const { groups, totals } = await aggregate(services.auth, asked);
    for (const values of [groups[0]?.values ?? [], totals ?? []])
      assert.ok(values[0] === 2 && Math.abs((values[1] ?? 0) - 1000) <= 10, `${values}`);
  });

  test("whoever writes what, a writer sees what a plain list says", async () => {
    const rows = fc.array(
      fc.record({ service: fc.nat(2), key: fc.nat(4), tool: fc.constantFrom("a", "b") }),
      {
        maxLength: 25,
      },
    );
    const property = fc.asyncProperty(rows, fc.boolean(), async (drawn, isFlushed) => {
      const { store, services, keys, submit } = await openServices();
      const names = Object.values(services);
      const ids = Object.values(keys);
      const owners = [services.auth, services.auth, undefined, services.authServer, services.other];
      for (const row of drawn)
        await submit({
          service: names[row.service] ?? "",
          apiKeyId: ids[row.key] ?? 0,
          metrics: [tool(row.tool)],
        });
      if (isFlushed) await store.metrics.flushRollups(NOW_MS, WITHOUT_PAUSE);
      for (const name of names) {
        const wanted = drawn.filter((row) => names[row.service] === name || owners[row.key] === name).length;
        const found = await countsOf(name, { groupBy: [] });
        assert.is(found[0]?.[0] ?? 0, wanted);
        assert.is((await namesOf(name)).length, wanted);
      }
    });
    await fc.assert(property, { numRuns: 15 });
  });
}
