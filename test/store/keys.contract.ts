/** API keys, what they have used, and the trail of what administrators do. */
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { DAY_MS, MINUTE_MS } from "../../src/lib/time.ts";
import { type DailyUsage, type NewApiKey, USAGE_DAYS_KEPT, type UsageRow } from "../../src/store/keys.ts";
import type { Store } from "../../src/store/store.ts";
import { NOW_MS } from "../support/time.ts";
import { failureOf } from "../support/wait.ts";
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

const DAY = Math.floor(NOW_MS / DAY_MS);

export const newKey = (changes: Partial<NewApiKey> = {}): NewApiKey => ({
  keyHash: ownName("hash"),
  prefix: "aB3_E-gH",
  service: "auth",
  role: "writer",
  rateLimit: 60,
  allowedServices: ["a*", "b"],
  expiresMs: undefined,
  description: "ü \ud83d\ude80 '\"",
  dailyUsageLimit: 1e12,
  monthlyUsageLimit: undefined,
  ...changes,
});

const create = ({ keys }: Store, changes: Partial<NewApiKey> = {}) =>
  keys.create(newKey(changes), NOW_MS, traceOf());
const read = async ({ keys }: Store, id: number) => (await keys.list()).find((key) => key.id === id);
const daysOf = async ({ keys }: Store, id: number) =>
  (await keys.listDailyUsage()).filter(({ apiKeyId }) => apiKeyId === id).sort((a, b) => a.day - b.day);

const usage = (apiKeyId: number, changes: Partial<UsageRow> = {}): UsageRow => ({
  apiKeyId,
  endpoint: "/metrics",
  statusCode: 200,
  minuteMs: NOW_MS,
  requestCount: 3,
  bytesProcessed: 100,
  durationMs: 0.5,
  lastMs: NOW_MS + 10,
  ...changes,
});

export function keysContract(test: Test, engine: Engine): void {
  const shared = sharedStore(test, engine);

  test("a key is stored as it was made, and its entry in the trail tells its id", async () => {
    const store = await shared();
    for (const changes of [
      {},
      { prefix: undefined, role: "admin", expiresMs: NOW_MS + 1, allowedServices: [], monthlyUsageLimit: 5 },
    ] as const) {
      const [key, trace] = [newKey(changes), traceOf()];
      const made = await store.keys.create(key, NOW_MS, trace);
      const { id, serverId, ...rest } = made;
      assert.is(serverId, undefined);
      const fresh = { isActive: true, createdMs: NOW_MS, usageCount: 0, lastUsedMs: undefined };
      assert.equal(rest, { ...key, ...fresh });
      assert.equal(await read(store, id), made);
      const [entry] = await entriesOf(store, trace);
      const told = { id, ...(key.prefix !== undefined && { prefix: key.prefix }) };
      assert.equal(entry, { ...trace, id: entry?.id, details: { ...trace.details, ...told }, outcome: "ok" });
    }
  });

  test("keys are listed by id, those too that are in force no more", async () => {
    const store = await shared();
    const first = await create(store, { expiresMs: NOW_MS - 1 });
    const second = await create(store);
    await store.keys.revoke(first.id, traceOf());
    const ids = (await store.keys.list()).map(({ id }) => id);
    assert.equal(
      ids,
      [...ids].sort((a, b) => a - b),
    );
    assert.ok(ids.includes(first.id) && first.id < second.id);
  });

  test("a key's hash is unique, also once the key is revoked; what is rejected leaves no entry", async () => {
    const store = await shared();
    const { id, keyHash } = await create(store);
    await store.keys.revoke(id, traceOf());
    const trace = traceOf();
    await failureOf(store.keys.create(newKey({ keyHash }), NOW_MS, trace));
    assert.is((await store.keys.list()).filter((key) => key.keyHash === keyHash).length, 1);
    assert.equal(await entriesOf(store, trace), []);
  });

  test("revoking makes a key inactive, however often; of one that is not there it is rejected", async () => {
    const store = await shared();
    const key = await create(store);
    for (const trace of [traceOf(), traceOf()]) {
      assert.equal(await store.keys.revoke(key.id, trace), { ...key, isActive: false });
      assert.is((await entriesOf(store, trace)).length, 1);
    }
    assert.equal(await read(store, key.id), { ...key, isActive: false });
    const trace = traceOf();
    await assertRejected(store.keys.revoke(1e6, trace), "not_found");
    assert.equal(await entriesOf(store, trace), []);
  });

  for (const change of [
    { rateLimit: 7 },
    { dailyUsageLimit: 8 },
    { dailyUsageLimit: null },
    { monthlyUsageLimit: 1e12, description: "" },
    { description: "ü \ud83d\ude80" },
    { allowedServices: [] },
    {
      rateLimit: 1,
      dailyUsageLimit: null,
      monthlyUsageLimit: null,
      description: "x",
      allowedServices: ["z"],
    },
  ] as const) {
    test(`an update changes what it names and nothing else: ${JSON.stringify(change)}`, async () => {
      const store = await shared();
      const key = await create(store);
      await store.keys.revoke(key.id, traceOf());
      const trace = traceOf();
      const values = Object.entries(change).map(([name, value]) => [name, value ?? undefined]);
      const expected = { ...key, isActive: false, ...Object.fromEntries(values) };
      assert.equal(await store.keys.update(key.id, change, trace), expected);
      assert.equal(await read(store, key.id), expected);
      const names = { service: "auth", role: "writer", prefix: "aB3_E-gH" };
      assert.equal((await entriesOf(store, trace))[0]?.details, { ...trace.details, ...names });
      await assertRejected(store.keys.update(1e6, change, traceOf()), "not_found");
    });
  }

  test("what cannot be written down in the trail is not done", async () => {
    const store = await shared();
    const key = await create(store);
    const { id } = key;
    const before = await store.keys.list();
    const rotation = { id, keyHash: ownName("hash"), oldExpiresMs: NOW_MS, nowMs: NOW_MS };
    await failureOf(store.keys.create(newKey(), NOW_MS, unwritableTrace()));
    await failureOf(store.keys.revoke(id, unwritableTrace()));
    await failureOf(store.keys.update(id, { rateLimit: 3 }, unwritableTrace()));
    await failureOf(store.keys.rotate(rotation, unwritableTrace()));
    assert.equal(await store.keys.list(), before);
  });

  test("rotating gives a new key the same rights, limits and used quotas, and ends the old one", async () => {
    const store = await shared();
    const key = await create(store, { expiresMs: NOW_MS + 10 * DAY_MS, role: "reader" });
    const daily = [DAY, DAY - 1].map((day) => ({ apiKeyId: key.id, day, requestCount: 3 }));
    await store.keys.recordUsage({ log: [usage(key.id)], daily }, NOW_MS);
    const used = await read(store, key.id);
    const [trace, keyHash] = [traceOf(), ownName("hash")];
    const ending = { oldExpiresMs: NOW_MS + DAY_MS, nowMs: NOW_MS + 1 };
    const rotation = { id: key.id, keyHash, prefix: "newnewne", ...ending };
    const { old, replacement } = await store.keys.rotate(rotation, trace);
    assert.equal(old, { ...used, expiresMs: NOW_MS + DAY_MS });
    assert.equal(replacement, {
      ...key,
      id: replacement.id,
      keyHash,
      prefix: "newnewne",
      createdMs: NOW_MS + 1,
    });
    assert.equal([await read(store, key.id), await read(store, replacement.id)], [old, replacement]);
    const days = await daysOf(store, key.id);
    assert.is(days.length, 2);
    assert.equal(
      await daysOf(store, replacement.id),
      days.map((day) => ({ ...day, apiKeyId: replacement.id })),
    );
    const names = { service: "auth", role: "reader", prefix: "aB3_E-gH" };
    const details = { asked: true, ...names, new_id: replacement.id, new_prefix: "newnewne" };
    assert.equal((await entriesOf(store, trace))[0]?.details, details);
  });

  test("a key that would end sooner than its rotation says does so, and one that has ended cannot be rotated", async () => {
    const store = await shared();
    const soon = await create(store, { expiresMs: NOW_MS + 5 });
    const rotate = (id: number, nowMs: number, trace = traceOf()) =>
      store.keys.rotate({ id, keyHash: ownName("hash"), oldExpiresMs: NOW_MS + DAY_MS, nowMs }, trace);
    assert.is((await rotate(soon.id, NOW_MS + 4)).old.expiresMs, NOW_MS + 5);
    const revoked = await create(store);
    await store.keys.revoke(revoked.id, traceOf());
    const count = (await store.keys.list()).length;
    for (const [id, nowMs] of [
      [soon.id, NOW_MS + 5],
      [revoked.id, NOW_MS],
      [1e6, NOW_MS],
    ] as const) {
      const trace = traceOf();
      await assertRejected(rotate(id, nowMs, trace), "not_found");
      assert.equal(await entriesOf(store, trace), []);
    }
    assert.is((await store.keys.list()).length, count);
  });

  test("the count of a key grows by all of its answers, and its last use never goes back", async () => {
    const store = await shared();
    const [key, other] = [await create(store), await create(store)];
    const rows = [
      usage(key.id),
      usage(key.id, { statusCode: 401, lastMs: NOW_MS - 5 }),
      usage(other.id, { requestCount: 1 }),
    ];
    await store.keys.recordUsage({ log: rows, daily: [] }, NOW_MS);
    await store.keys.recordUsage({ log: [usage(key.id, { lastMs: NOW_MS - DAY_MS })], daily: [] }, NOW_MS);
    const used = [await read(store, key.id), await read(store, other.id)];
    assert.equal(
      used.map((each) => [each?.usageCount, each?.lastUsedMs]),
      [
        [9, NOW_MS + 10],
        [1, NOW_MS + 10],
      ],
    );
  });

  test("a row of the log is one key, endpoint, status and minute: what comes later is added to it", async () => {
    await withStore(engine, async (store) => {
      const { id } = await create(store);
      const rows = async () =>
        (await store.retention.survey({ table: "api_key_usage_log", cutoffMs: undefined, totalsOnly: false }))
          .total;
      const others = [{ endpoint: "/flush" }, { statusCode: 429 }, { minuteMs: NOW_MS + MINUTE_MS }];
      await store.keys.recordUsage(
        { log: [{}, ...others].map((each) => usage(id, each)), daily: [] },
        NOW_MS,
      );
      assert.is(await rows(), 4);
      await store.keys.recordUsage({ log: [usage(id)], daily: [] }, NOW_MS);
      assert.is(await rows(), 4);
    });
  });

  test("days are stored as a whole: the same once more changes nothing, and less neither", async () => {
    const store = await shared();
    const { id: apiKeyId } = await create(store);
    const day: DailyUsage = { apiKeyId, day: DAY, requestCount: 7 };
    for (const requestCount of [7, 7, 9, 8]) {
      await store.keys.recordUsage({ log: [], daily: [{ ...day, requestCount }] }, NOW_MS);
    }
    assert.equal(await daysOf(store, apiKeyId), [{ ...day, requestCount: 9 }]);
  });

  test("this month's days and the last month's are kept, older ones are forgotten", async () => {
    const store = await shared();
    const { id: apiKeyId } = await create(store);
    const ages = [0, 30, USAGE_DAYS_KEPT - 1, USAGE_DAYS_KEPT, USAGE_DAYS_KEPT + 1, 400];
    const daily = ages.map((ago) => ({ apiKeyId, day: DAY - ago, requestCount: 1 }));
    await store.keys.recordUsage({ log: [], daily }, NOW_MS);
    const left = (await daysOf(store, apiKeyId)).map(({ day }) => DAY - day);
    assert.equal(left, [USAGE_DAYS_KEPT, USAGE_DAYS_KEPT - 1, 30, 0]);
    await store.keys.recordUsage({ log: [], daily: [] }, NOW_MS + DAY_MS);
    assert.is((await daysOf(store, apiKeyId)).length, 3);
  });

  test("a record of usage that is rejected stores nothing", async () => {
    const store = await shared();
    const { id } = await create(store);
    const daily = [{ apiKeyId: id, day: DAY, requestCount: 3 }];
    const broken = usage(id, { endpoint: "/flush", minuteMs: Number.NaN });
    await failureOf(store.keys.recordUsage({ log: [usage(id), broken], daily }, NOW_MS));
    await failureOf(
      store.keys.recordUsage(
        { log: [usage(id)], daily: [...daily, { ...daily[0], day: 1e12 } as DailyUsage] },
        NOW_MS,
      ),
    );
    assert.equal([(await read(store, id))?.usageCount, await daysOf(store, id)], [0, []]);
  });

  test("keys, what they used and the trail survive a restart", async () => {
    await withStore(engine, async (store, installation) => {
      const { id } = await create(store);
      await store.keys.recordUsage(
        { log: [usage(id)], daily: [{ apiKeyId: id, day: DAY, requestCount: 3 }] },
        NOW_MS,
      );
      const look = async ({ keys, audit }: Store) => [
        await keys.list(),
        await keys.listDailyUsage(),
        await audit.list(undefined, 10),
      ];
      const before = await look(store);
      await store.close();
      await withOpened(installation, async (again) => assert.equal(await look(again), before));
    });
  });
}
