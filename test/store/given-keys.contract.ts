/** Keys that nobody made here: the operator's environment gives them, or a predecessor's database. */
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import type { KeyStore } from "../../src/store/keys.ts";
import { NOW_MS } from "../support/time.ts";
import type { Engine } from "./engines.ts";
import { newKey } from "./keys.contract.ts";
import { ownName, sharedStore, traceOf, withStore } from "./store-tests.ts";

const read = async (keys: KeyStore, id: number) => (await keys.list()).find((key) => key.id === id);

export function givenKeysContract(test: Test, engine: Engine): void {
  const shared = sharedStore(test, engine);

  test("the environment's keys are those that it gives now; keys made otherwise may write its services", async () => {
    await withStore(engine, async (store) => {
      const made = await store.keys.create(newKey({ keyHash: "made" }), NOW_MS, traceOf());
      const env = (
        keyHash: string,
        service: string,
        role: "writer" | "admin" = "writer",
        ...allowedServices: readonly string[]
      ) => ({ keyHash, service, role, allowedServices });
      const sync = (keys: readonly ReturnType<typeof env>[], rateLimit = 10) =>
        store.keys.syncEnvironment(keys, rateLimit, NOW_MS);
      const shown = async () =>
        (await store.keys.list()).map(({ keyHash, service, role, isActive, rateLimit, allowedServices }) =>
          [keyHash, service, role, isActive, rateLimit, ...allowedServices].join(" "),
        );
      await sync([env("made", "anyone", "admin"), env("made", "auth")]);
      assert.equal(
        await read(store.keys, made.id),
        made,
        "its own service needs no word, an admin's key no other",
      );
      await sync([
        env("one", "a"),
        env("two", "b", "admin"),
        env("made", "other", "writer", "auth", "third"),
      ]);
      const kept = "made auth writer true 60 a* b other third";
      assert.equal(await shown(), [kept, "one a writer true 10", "two b admin true 10"]);
      await sync([env("two", "c", "writer", "d", "e"), env("made", "third")], 20);
      assert.equal(await shown(), [kept, "one a writer false 10", "two c writer true 20 d e"]);
      await sync([env("one", "a"), env("two", "c")], 30);
      assert.equal(await shown(), [kept, "one a writer true 30", "two c writer true 30"]);
      await sync([]);
      assert.equal(await shown(), [kept, "one a writer false 30", "two c writer false 30"]);
      assert.equal(await read(store.keys, made.id), {
        ...made,
        allowedServices: ["a*", "b", "other", "third"],
      });
    });
  });

  test("what an administrator has set of an environment's key no start changes; all else follows it", async () => {
    const store = await shared();
    const { keys } = store;
    const keyHash = ownName("hash");
    const given = { keyHash, prefix: "aB3_E-gH", service: "a", role: "writer" as const };
    const sync = (rateLimit: number, ...allowedServices: string[]) =>
      keys.syncEnvironment([{ ...given, allowedServices }], rateLimit, NOW_MS);
    await sync(10, "b");
    const { id } = (await keys.list()).find((key) => key.keyHash === keyHash) ?? { id: 0 };
    const shown = async () => {
      const key = await read(keys, id);
      return [key?.prefix, key?.rateLimit, key?.allowedServices, key?.dailyUsageLimit, key?.description];
    };
    await keys.update(id, { dailyUsageLimit: 5, description: "mine" }, traceOf());
    await sync(20, "c");
    assert.equal(await shown(), ["aB3_E-gH", 20, ["c"], 5, "mine"]);
    await keys.update(id, { rateLimit: 7 }, traceOf());
    await sync(30, "c", "d");
    assert.equal(await shown(), ["aB3_E-gH", 7, ["c", "d"], 5, "mine"]);
    await keys.update(id, { allowedServices: ["x*"] }, traceOf());
    await sync(40, "e");
    assert.equal(
      await shown(),
      ["aB3_E-gH", 7, ["x*", "e"], 5, "mine"],
      "what the environment shares is added",
    );
    await keys.syncEnvironment([], 10, NOW_MS);
  });

  test("a prefix is learnt once, and stays", async () => {
    const { keys } = await shared();
    const { id } = await keys.create(newKey({ prefix: undefined }), NOW_MS, traceOf());
    const known = await keys.create(newKey(), NOW_MS, traceOf());
    for (const prefix of ["firstone", "othernew"]) {
      await keys.learn(id, { prefix });
      await keys.learn(known.id, { prefix });
      await keys.learn(1e9, { prefix });
    }
    assert.is((await read(keys, id))?.prefix, "firstone");
    assert.equal(await read(keys, known.id), known);
  });

  test("a key that ended and comes back with the environment does not end", async () => {
    const { keys } = await shared();
    const keyHash = ownName("hash");
    const given = [{ keyHash, service: "a", role: "writer" as const, allowedServices: [] }];
    await keys.syncEnvironment(given, 10, NOW_MS);
    const id = (await keys.list()).find((key) => key.keyHash === keyHash)?.id ?? 0;
    await keys.rotate({ id, keyHash: ownName("hash"), oldExpiresMs: NOW_MS, nowMs: NOW_MS }, traceOf());
    await keys.syncEnvironment(given, 10, NOW_MS);
    assert.is((await read(keys, id))?.expiresMs, undefined);
    await keys.syncEnvironment([], 10, NOW_MS);
  });

  test("the hash of an imported key is upgraded once, and never to one that another key has", async () => {
    const { keys } = await shared();
    const [key, other] = [newKey(), newKey()];
    const { id } = await keys.create(key, NOW_MS, traceOf());
    const { id: otherId } = await keys.create(other, NOW_MS, traceOf());
    const upgraded = ownName("upgraded");
    const hashOf = async (which: number) => (await read(keys, which))?.keyHash;
    await keys.learn(id, { keyHash: key.keyHash });
    await keys.learn(id, { keyHash: other.keyHash });
    assert.is(await hashOf(id), key.keyHash);
    await keys.learn(id, { keyHash: upgraded });
    await keys.learn(id, { keyHash: ownName("again") });
    assert.is(await hashOf(id), upgraded);
    await keys.learn(otherId, { keyHash: upgraded });
    await keys.learn(1e9, { keyHash: ownName("of nobody") });
    assert.is(await hashOf(otherId), other.keyHash);
  });
}
