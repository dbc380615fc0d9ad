/** The MCP directory: servers, their metrics by time, events and uses. */
import fc from "fast-check";
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/lib/time.ts";
import type { ChartAnswer, ChartQuery, DirectoryEntry } from "../../src/store/directory.ts";
import { WITHOUT_PAUSE } from "../../src/store/plan/steps.ts";
import type { Store } from "../../src/store/store.ts";
import { NOW_MS } from "../support/time.ts";
import { failureOf } from "../support/wait.ts";
import {
  createDirectorySender,
  entry,
  eventOf,
  newServer,
  point,
  serverKey,
  useOf,
} from "./directory-entries.ts";
import type { Engine } from "./engines.ts";
import {
  assertRejected,
  entriesOf,
  isOver,
  ownName,
  sharedStore,
  stopAfter,
  traceOf,
  unwritableTrace,
  withOpened,
  withStore,
} from "./store-tests.ts";

const DAY = Math.floor(NOW_MS / DAY_MS);

export function directoryContract(test: Test, engine: Engine): void {
  const shared = sharedStore(test, engine);

  /** A server of the shared store. */
  async function openServer() {
    const store = await shared();
    const { servers, commit } = await createDirectorySender(store, [ownName("server"), ownName("server")]);
    const [server, other] = servers;
    if (server === undefined || other === undefined) throw new Error("no server");
    const send = (...entries: readonly Partial<DirectoryEntry>[]) =>
      commit(...entries.map((each) => entry({ server: server.number, ...each })));
    const chart = (changes: Partial<ChartQuery> = {}) =>
      store.directory.chart({
        server: server.number,
        serverId: server.id,
        startMs: NOW_MS - HOUR_MS,
        endMs: NOW_MS + 1,
        stepMs: MINUTE_MS,
        names: undefined,
        quantiles: [],
        withUptime: false,
        ...changes,
      });
    const { id, number } = server;
    const list = { serverId: id, beforeId: undefined, limit: 1000 };
    const { directory } = store;
    return { store, directory, server, other, id, number, send, chart, list };
  }

  const valuesIn = ({ lines }: ChartAnswer) =>
    lines.map(({ name, points }) => [name, ...points.map(({ value }) => value)]);
  const daily = { startMs: (DAY - 5) * DAY_MS, stepMs: DAY_MS, quantiles: [0, 0.5, 1] };

  test("a server is registered with its key and its entry in the trail, and an id that is taken is not", async () => {
    const store = await shared();
    const id = ownName("server");
    const given = newServer(id, {
      name: "N ü",
      isPublic: true,
      metricsEnabled: false,
      tools: ["a", "b"],
      webhookUrl: "https://x",
      sealedSecret: Uint8Array.of(0, 1, 255),
    });
    const [key, trace] = [serverKey(id), traceOf()];
    const made = await store.directory.register(given, key, NOW_MS, trace);
    const { number, ...rest } = made.server;
    assert.equal(rest, { ...given, lastReceivedMs: undefined, createdMs: NOW_MS });
    assert.equal([made.key.keyHash, made.key.role, made.key.serverId], [key.keyHash, "server", id]);
    assert.equal(
      (await store.directory.list()).find((each) => each.number === number),
      made.server,
    );
    assert.equal(
      (await store.keys.list()).find((each) => each.id === made.key.id),
      made.key,
    );
    assert.equal((await entriesOf(store, trace))[0]?.details, { asked: true, key_id: made.key.id });
    const before = await store.keys.list();
    const again = traceOf();
    const taken = await assertRejected(
      store.directory.register(newServer(id), serverKey(id), NOW_MS, again),
      "validation_failed",
    );
    assert.equal(
      taken.violations.map(({ field, reason }) => [field, reason]),
      [["server_id", "taken"]],
    );
    // One whose key cannot be made is not there either.
    const other = ownName("server");
    await failureOf(
      store.directory.register(
        newServer(other),
        { ...serverKey(other), keyHash: key.keyHash },
        NOW_MS,
        again,
      ),
    );
    assert.equal([await store.keys.list(), await entriesOf(store, again)], [before, []]);
    assert.is(
      (await store.directory.list()).some((each) => each.id === other),
      false,
    );
  });

  test("servers are read a page at a time, in the order of registration", async () => {
    await withStore(engine, async (store, installation) => {
      const { servers } = await createDirectorySender(store, ["c", "a", "b"]);
      const read = async (page?: Parameters<Store["directory"]["list"]>[0]) =>
        (await store.directory.list(page)).map(({ id }) => id);
      assert.equal(await read(), ["c", "a", "b"]);
      assert.equal(await read({ afterNumber: 0, limit: 2 }), ["c", "a"]);
      assert.equal(await read({ afterNumber: servers[1]?.number ?? 0, limit: 2 }), ["b"]);
      await store.close();
      await withOpened(installation, async ({ directory }) => assert.equal(await directory.list(), servers));
    });
  });

  test("a change changes what it names, with its entry or not at all", async () => {
    const { store, directory, server, id } = await openServer();
    assert.equal(await directory.update(id, {}, traceOf()), server);
    const change = {
      name: "new",
      metricsEnabled: false,
      isPublic: true,
      tools: ["t"],
      webhookUrl: "https://y",
    };
    const trace = traceOf();
    assert.equal(await directory.update(id, change, trace), { ...server, ...change });
    assert.is((await entriesOf(store, trace)).length, 1);
    assert.equal(await directory.update(id, { webhookUrl: "", tools: [] }, traceOf()), {
      ...server,
      ...change,
      webhookUrl: undefined,
      tools: [],
    });
    const sealed = Uint8Array.of(7, 0, 9);
    assert.equal((await directory.setSecret(id, sealed, traceOf())).sealedSecret, sealed);
    assert.is((await directory.setSecret(id, undefined, traceOf())).sealedSecret, undefined);
    const before = await directory.list();
    await failureOf(directory.update(id, { name: "x" }, unwritableTrace()));
    await failureOf(directory.setSecret(id, sealed, unwritableTrace()));
    const none = traceOf();
    await assertRejected(directory.update("none", { name: "x" }, none), "not_found");
    await assertRejected(directory.setSecret("none", sealed, none), "not_found");
    await assertRejected(
      directory.rotateKey("none", serverKey("none"), { oldExpiresMs: NOW_MS, nowMs: NOW_MS }, none),
      "not_found",
    );
    assert.equal([await directory.list(), await entriesOf(store, none)], [before, []]);
  });

  test("a server gets another key, and the one it has ends; one in force no more is not ended again", async () => {
    const { store, directory, server, id } = await openServer();
    const rotate = (nowMs: number, trace = traceOf()) => {
      const key = serverKey(id);
      return directory
        .rotateKey(id, key, { oldExpiresMs: nowMs + DAY_MS, nowMs }, trace)
        .then((made) => ({ ...made, key }));
    };
    const trace = traceOf();
    const first = await rotate(NOW_MS, trace);
    assert.equal(first.server, server);
    assert.equal([first.old?.expiresMs, first.replacement.keyHash], [NOW_MS + DAY_MS, first.key.keyHash]);
    assert.equal((await entriesOf(store, trace))[0]?.details.key_id, first.replacement.id);
    assert.is((await rotate(NOW_MS)).old?.id, first.replacement.id, "the newest is the one it has");
    for (const { id: key, serverId } of await store.keys.list())
      if (serverId === id) await store.keys.revoke(key, traceOf());
    const fresh = await rotate(NOW_MS + 1);
    assert.equal([fresh.old, fresh.replacement.serverId, fresh.replacement.isActive], [undefined, id, true]);
  });

  test("an idempotency key stores a request once, and brings the first answer back, for a day", async () => {
    const { directory, send, chart, number } = await openServer();
    const idempotency = { apiKeyId: 0, key: ownName("signature"), fingerprint: "f", answer: "first" };
    const keyed = { points: [point(1)], idempotency };
    const { duplicates } = await send(
      keyed,
      {},
      { ...keyed, idempotency: { ...idempotency, answer: "second" } },
    );
    assert.equal(duplicates, [{ index: 1, stored: { fingerprint: "f", answer: "first" } }]);
    assert.is((await send({ points: [point(2)] }, keyed)).duplicates.length, 1);
    assert.equal((await send({ ...keyed, idempotency: { ...idempotency, apiKeyId: 1 } })).duplicates, []);
    assert.equal(valuesIn(await chart()), [["response_time", 4 / 3]]);
    const later = (ms: number) => directory.commit([entry({ server: number, ...keyed })], NOW_MS + ms);
    assert.is((await later(DAY_MS - 1)).duplicates.length, 1);
    assert.is((await later(DAY_MS)).duplicates.length, 0);
  });

  test("a commit that is rejected leaves nothing, also of what it had made for its rows", async () => {
    const { directory, send, chart, id, number, list } = await openServer();
    const fresh = { points: [point(1, { name: "fresh" })], events: [eventOf(id)] };
    const idempotency = { apiKeyId: 0, key: ownName("key"), fingerprint: "f", answer: "a" };
    await failureOf(send({ ...fresh, idempotency }, { uses: [null as never] }));
    assert.equal([await directory.listMetricNames(number), await directory.listEvents(list)], [[], []]);
    assert.equal([(await chart()).lines, (await chart(daily)).lines], [[], []]);
    assert.equal((await send({ ...fresh, idempotency })).duplicates, []);
    assert.equal(await directory.listMetricNames(number), ["fresh"]);
    assert.equal(valuesIn(await chart(daily)), [["fresh", 1]]);
  });

  test("when a server was heard of last never goes back, and is said by its own requests alone", async () => {
    const { directory, send, id } = await openServer();
    const last = async () => (await directory.list()).find((each) => each.id === id)?.lastReceivedMs;
    await send({ isCollected: false });
    assert.is(await last(), undefined);
    await send({ receivedMs: NOW_MS + 5 }, { receivedMs: NOW_MS });
    assert.is(await last(), NOW_MS + 5);
  });

  test("an event is written where health goes up or down, in the order of the checks' times, and nowhere else", async () => {
    const { directory, send, other, list } = await openServer();
    const check = (value: number, seconds: number) =>
      point(value, { name: "health_check", timestampMs: NOW_MS + seconds * 1000 });
    await send({ points: [check(1, 0), check(1, 1), check(0, 3), check(0.5, 2)] });
    await send({ points: [check(0, 4)] }, { points: [check(1, 6), check(1, 7)] });
    // Too late to tell anything, and of another server.
    await send({ points: [check(0, 5)] }, { server: other.number, points: [check(0, 9)] });
    const found = (await directory.listEvents(list)).map((each) => [
      each.type,
      each.previousValue,
      each.newValue,
      (each.timestampMs - NOW_MS) / 1000,
      each.recordedBy,
    ]);
    assert.equal(found, [
      ["status_change", "down", "up", 6, "service"],
      ["status_change", "up", "down", 3, "service"],
      ["status_change", undefined, "up", 0, "service"],
    ]);
    assert.is((await directory.listEvents({ ...list, serverId: other.id })).length, 1);
  });

  test("events and uses are paged, newest received first, as they were written, while others come", async () => {
    const { directory, send, id, other, list } = await openServer();
    const texts = ["ü 🚀", "'; --", '{"a":1}', "x".repeat(500)];
    const events = texts.map((newValue, index) =>
      eventOf(id, { newValue, details: JSON.stringify({ newValue }), timestampMs: NOW_MS - index }),
    );
    const uses = texts.map((userId, index) =>
      useOf(id, {
        userId,
        toolId: userId,
        clientInfo: JSON.stringify({ userId }),
        timestampMs: NOW_MS + index,
      }),
    );
    await send({ events: [...events, eventOf(other.id)], uses: [...uses, useOf(other.id)] });
    const pages = async <Row extends { readonly id: number }>(
      read: (beforeId: number | undefined) => Promise<readonly Row[]>,
    ) => {
      const found: Omit<Row, "id">[] = [];
      for (let beforeId: number | undefined; ; ) {
        const page = await read(beforeId);
        found.push(...page.map(({ id: _, ...rest }) => rest));
        beforeId = page.at(-1)?.id;
        if (beforeId === undefined) return found;
        await send({ events: [eventOf(id)], uses: [useOf(id)] });
      }
    };
    assert.equal(
      await pages((beforeId) => directory.listEvents({ ...list, beforeId, limit: 3 })),
      events.toReversed(),
    );
    const ofUses = await pages((beforeId) => directory.listUses({ ...list, beforeId, limit: 3 }));
    assert.equal(ofUses.slice(-4), uses.toReversed());
  });

  const value = fc.oneof(
    fc.integer({ min: -1000, max: 1000 }),
    fc.constantFrom(0, -0, 1e-7, -1e-7, 1e12, -1e12),
  );
  const points = fc.array(
    fc.record({
      name: fc.constantFrom("a", "b"),
      type: fc.constantFrom("gauge", "counter"),
      ageMs: fc.oneof(fc.nat(HOUR_MS), fc.nat(4 * DAY_MS)),
      value,
    }),
    { minLength: 1, maxLength: 40 },
  );

  test("sums, averages and percentiles a step are those of the points, however late and in whatever batches they come", async () => {
    const property = fc.asyncProperty(fc.array(points, { minLength: 1, maxLength: 4 }), async (batches) => {
      const { directory, send, chart, other } = await openServer();
      for (const batch of batches) {
        const sent = batch.map(({ ageMs, ...each }) => ({
          points: [point(each.value, { ...each, timestampMs: NOW_MS - ageMs })],
        }));
        await send(...sent, { server: other.number, points: [point(9)] });
      }
      const all = batches.flat();
      const look = async () => {
        for (const stepMs of [MINUTE_MS, HOUR_MS, DAY_MS]) {
          const startMs = stepMs === MINUTE_MS ? NOW_MS - HOUR_MS : (DAY - 5) * DAY_MS;
          const { lines } = await chart({ startMs, stepMs, quantiles: [0, 0.5, 1] });
          const found = lines.flatMap(({ name, isSummed, points }) =>
            points.map((each) => ({ ...each, key: `${name} ${isSummed} ${each.startMs}` })),
          );
          const groups = Map.groupBy(
            all.filter(({ ageMs }) => NOW_MS - ageMs >= startMs),
            (each) =>
              `${each.name} ${each.type === "counter"} ${Math.floor((NOW_MS - each.ageMs) / stepMs) * stepMs}`,
          );
          assert.equal(found.map(({ key }) => key).sort(), [...groups.keys()].sort());
          for (const { key, value: drawn, quantiles } of found) {
            const values = (groups.get(key) ?? []).map((each) => each.value).sort((a, b) => a - b);
            const sum = values.reduce((total, each) => total + each, 0);
            const wanted = key.includes("true") ? sum : sum / values.length;
            assert.ok(Math.abs(drawn - wanted) <= 1e-2, `${key}: ${drawn}, not ${wanted}`);
            for (const [index, rank] of [0, 0.5, 1].entries()) {
              const exact = values[Math.floor(rank * (values.length - 1))] ?? 0;
              assert.ok(
                Math.abs((quantiles[index] ?? Number.NaN) - exact) <= Math.abs(exact) * 0.0101 + 1e-6,
                `${key}: ${quantiles}`,
              );
            }
          }
        }
      };
      await look();
      const before = await chart(daily);
      for (let day = DAY - 4; day <= DAY; day += 1) await directory.recomputeDay(day, NOW_MS, WITHOUT_PAUSE);
      await look();
      assert.equal(
        before.lines.map(({ points }) => points.length),
        (await chart(daily)).lines.map(({ points }) => points.length),
      );
    });
    await fc.assert(property, { numRuns: 12, includeErrorInReport: true, endOnFailure: true });
  });

  test("computing a day anew says how many series it has, in steps, and is rejected once points of it are deleted", async () => {
    await withStore(engine, async (store) => {
      const { commit, servers } = await createDirectorySender(store, ["one"]);
      const server = servers[0]?.number;
      const { directory, retention } = store;
      const names = Array.from({ length: 1200 }, (_, index) => point(1, { name: `m${index}` }));
      await commit(entry({ server, points: [...names, point(5, { timestampMs: NOW_MS - 9 * DAY_MS })] }));
      assert.is(await directory.recomputeDay(DAY, NOW_MS, WITHOUT_PAUSE), 1200);
      assert.is(await isOver(directory.recomputeDay(DAY, NOW_MS, stopAfter(1))), false);
      assert.is(await directory.recomputeDay(DAY - 9, NOW_MS, WITHOUT_PAUSE), 1);
      assert.is(await directory.recomputeDay(DAY - 1, NOW_MS, WITHOUT_PAUSE), 0);
      const chart = (changes: Partial<ChartQuery>) =>
        directory.chart({
          server: server ?? 0,
          serverId: "one",
          startMs: NOW_MS - 10 * DAY_MS,
          endMs: NOW_MS,
          stepMs: HOUR_MS,
          names: ["response_time"],
          quantiles: [],
          withUptime: false,
          ...changes,
        });
      assert.is((await chart({})).stepMs, HOUR_MS);
      await retention.setPolicy(
        { tableName: "server_metrics", retentionDays: 5, isActive: true },
        NOW_MS,
        traceOf(),
      );
      await retention.deleteExpired({ tables: ["server_metrics"], nowMs: NOW_MS }, WITHOUT_PAUSE, () => {});
      await assertRejected(
        directory.recomputeDay(DAY - 9, NOW_MS, WITHOUT_PAUSE),
        "validation_failed",
        /2026-02-20 have been deleted/,
      );
      assert.is(await directory.recomputeDay(DAY, NOW_MS, WITHOUT_PAUSE), 1200);
      // Where points are gone, the days that are kept are drawn.
      const answer = await chart({});
      assert.equal([answer.stepMs, valuesIn(answer)], [DAY_MS, [["response_time", 5]]]);
    });
  });

  test("only the names that are asked for are drawn, and those that uptime is made of", async () => {
    const { send, chart } = await openServer();
    await send({ points: [point(1), point(2, { name: "b" }), point(1, { name: "health_check" })] });
    const names = async (changes: Partial<ChartQuery>) =>
      (await chart(changes)).lines.map(({ name }) => name);
    assert.equal(await names({ names: ["b", "c"] }), ["b"]);
    assert.equal(await names({ names: [], withUptime: true }), ["health_check"]);
    assert.equal(await names({}), ["b", "health_check", "response_time"]);
  });

  test("uptime is the share of good health checks of a step, else of the time that events say the server was up", async () => {
    const { send, chart, id } = await openServer();
    const check = (value: number) =>
      point(value, { name: "health_check", timestampMs: NOW_MS - 30 * MINUTE_MS });
    await send({ points: [check(1), check(0), check(1), check(1)] });
    const event = (type: string, newValue: string, minutes: number) =>
      eventOf(id, { type, newValue, timestampMs: NOW_MS - minutes * MINUTE_MS });
    const events = [
      event("status_change", "down", 300),
      event("status_change", "Running", 55),
      event("deployment", "v2", 54),
      event("outage", "", 50),
      event("restart", "", 47.5),
      event("maintenance", "", 40),
      event("status_change", "no such word", 39),
      event("status_change", "up", 20),
    ];
    await send({ isCollected: false, events });
    const { uptime } = await chart({ stepMs: 5 * MINUTE_MS, withUptime: true });
    const found = uptime.map(({ startMs, value: share }) => [
      (NOW_MS - startMs) / MINUTE_MS,
      Math.round(share * 1000) / 1000,
    ]);
    // Between 40 and 20 minutes ago nobody knows, but for the checks of one step.
    assert.equal(found, [
      [60, 0],
      [55, 1],
      [50, 0.5],
      [45, 1],
      [30, 0.75],
      [20, 1],
      [15, 1],
      [10, 1],
      [5, 1],
      [0, 1],
    ]);
  });

  test("what the service itself wrote down from health checks says nothing once they stop", async () => {
    const { send, chart } = await openServer();
    await send({ points: [point(1, { name: "health_check", timestampMs: NOW_MS - 50 * MINUTE_MS })] });
    assert.is((await chart({ stepMs: 10 * MINUTE_MS, withUptime: true })).uptime.length, 1);
  });
}
