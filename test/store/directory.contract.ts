/** The MCP directory: servers, their metrics by time, events and uses. */
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { DAY_MS } from "../../src/lib/time.ts";
import type { Store } from "../../src/store/store.ts";
import { NOW_MS } from "../support/time.ts";
import { failureOf } from "../support/wait.ts";
import {
  createDirectorySender,
  DAILY,
  entry,
  eventOf,
  newServer,
  openOwnServer,
  point,
  serverKey,
  useOf,
  valuesIn,
} from "./directory-entries.ts";
import type { Engine } from "./engines.ts";
import {
  assertRejected,
  entriesOf,
  ownName,
  sharedStore,
  traceOf,
  unwritableTrace,
  withOpened,
  withStore,
} from "./store-tests.ts";

export function directoryContract(test: Test, engine: Engine): void {
  const shared = sharedStore(test, engine);

  const openServer = async () => openOwnServer(await shared());

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
    assert.equal([(await chart()).lines, (await chart(DAILY)).lines], [[], []]);
    assert.equal((await send({ ...fresh, idempotency })).duplicates, []);
    assert.equal(await directory.listMetricNames(number), ["fresh"]);
    assert.equal(valuesIn(await chart(DAILY)), [["fresh", 1]]);
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
}
