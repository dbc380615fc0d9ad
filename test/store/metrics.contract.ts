/** Commits: exactly once, all or nothing, in order, whatever becomes of the process. */
import * as fc from "fast-check";
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { LIMITS } from "../../src/catalogue/limits.ts";
import { WITHOUT_PAUSE } from "../../src/store/plan/steps.ts";
import type { Store } from "../../src/store/store.ts";
import { NOW_MS } from "../support/time.ts";
import type { Engine } from "./engines.ts";
import {
  askOf,
  eventsOf,
  isOver,
  ownName,
  sharedStore,
  stopAfter,
  valuesOf,
  withOpened,
  withStore,
} from "./store-tests.ts";
import { createSender, FIRST_REQUEST, type Request } from "./submissions.ts";

/** Around the numbers of rows that engines may write at a time. */
const SIZES = [1, 2, 15, 16, 17, 127, 128, 129, 300] as const;

interface Planned {
  readonly apiKeyId: number;
  readonly idempotencyKey: string | undefined;
  readonly size: number;
}

const planned: fc.Arbitrary<Planned> = fc.record({
  apiKeyId: fc.constantFrom(1, 2),
  idempotencyKey: fc.constantFrom("a", "b", "c", undefined),
  size: fc.oneof({ weight: 3, arbitrary: fc.constantFrom(1, 2, 3) }, fc.constantFrom(...SIZES)),
});

function toRequest(
  service: string,
  { apiKeyId, idempotencyKey }: Planned,
  values: readonly number[],
): Request {
  const metrics = values.map((value) => ({
    type: "custom",
    value,
    dimensions: { metric_name: `m${value % 5}` },
  }));
  const key = idempotencyKey === undefined ? {} : { idempotencyKey: `${service} ${idempotencyKey}` };
  return { service, apiKeyId, metrics, ...key };
}

const plain = (service: string, ...values: readonly number[]): Request =>
  toRequest(service, { apiKeyId: 1, idempotencyKey: undefined, size: values.length }, values);

type Sender = ReturnType<typeof createSender>;

/** Sends batches of requests as `plan` says; expects each key to store once. */
async function sendPlan(
  plan: readonly (readonly Planned[])[],
  service: string,
  senderOf: () => Promise<Sender>,
) {
  const used = new Set<string>();
  const stored: number[] = [];
  let nextValue = 0;
  for (const requests of plan) {
    const expectedDuplicates: number[] = [];
    let keyed = 0;
    const sent = requests.map((each) => {
      const values = Array.from({ length: each.size }, () => nextValue++);
      const name = `${each.apiKeyId} ${each.idempotencyKey}`;
      if (each.idempotencyKey !== undefined && used.has(name)) expectedDuplicates.push(keyed);
      else stored.push(...values);
      if (each.idempotencyKey !== undefined) {
        used.add(name);
        keyed += 1;
      }
      return toRequest(service, each, values);
    });
    const { duplicates } = await (await senderOf()).submit(...sent);
    assert.equal(
      duplicates.map(({ index }) => index),
      expectedDuplicates,
    );
  }
  return stored;
}

export function metricsContract(test: Test, engine: Engine): void {
  const shared = sharedStore(test, engine);
  let sender: Promise<Sender> | undefined;
  const sharedSender = () => {
    sender ??= shared().then(createSender);
    return sender;
  };

  const plans = fc.array(fc.array(planned, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 5 });

  test("each idempotency key stores once, in any arrangement of keys, sizes and batches", async () => {
    const property = fc.asyncProperty(plans, async (plan) => {
      const service = ownName();
      const stored = await sendPlan(plan, service, sharedSender);
      assert.equal(await valuesOf(await shared(), service), stored);
    });
    await fc.assert(property, { numRuns: 40, includeErrorInReport: true });
  });

  test("each idempotency key stores once over restarts and kills, and nothing acknowledged is lost", async () => {
    let installation = engine.createPrepared();
    let store = await installation.open();
    const property = fc.asyncProperty(
      plans,
      fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
      async (plan, kills) => {
        const service = ownName();
        let batch = 0;
        const stored = await sendPlan(plan, service, async () => {
          if (kills[batch]) installation = installation.crashed();
          await store.close();
          store = await installation.open();
          batch += 1;
          return createSender(store);
        });
        assert.equal(await valuesOf(store, service), stored);
        const count = stored.length === 0 ? [] : [[stored.length]];
        assert.equal(await askOf(store, service), count);
      },
    );
    await fc.assert(property, { numRuns: 3, includeErrorInReport: true });
    await store.close();
  });

  for (const size of SIZES) {
    test(`${size} rows are stored in their order`, async () => {
      const values = Array.from({ length: size }, (_, index) => index);
      const service = ownName();
      await (await sharedSender()).submit(plain(service, ...values));
      assert.equal(await valuesOf(await shared(), service), values);
    });
  }

  test("batches that do not wait for each other are stored in the order of their calls", async () => {
    const service = ownName();
    const { submit } = await sharedSender();
    await Promise.all(Array.from({ length: 50 }, (_, value) => submit(plain(service, value, value + 0.5))));
    const wanted = Array.from({ length: 100 }, (_, index) => index / 2);
    assert.equal(await valuesOf(await shared(), service), wanted);
    await assertNewestRequest(await shared(), service);
  });

  async function assertNewestRequest(store: Store, service: string): Promise<void> {
    const newest = (await eventsOf(store, service)).at(-1)?.request ?? "";
    assert.is(await store.metrics.lastRequestNumber(), Number.parseInt(newest, 16));
  }

  test("the newest request is known by its number, and an empty database has none", async () => {
    await withStore(engine, async (store, installation) => {
      assert.is(await store.metrics.lastRequestNumber(), 0);
      const { submit } = createSender(store);
      const requestNumber = FIRST_REQUEST + 2 ** 19 + 7;
      await submit(plain("a", 1), { ...plain("a", 2), requestNumber });
      assert.is(await store.metrics.lastRequestNumber(), requestNumber);
      await store.close();
      await withOpened(installation, async (again) => {
        assert.is(await again.metrics.lastRequestNumber(), requestNumber);
      });
    });
  });

  test("a repeated key gets what was answered first, and whose request that was", async () => {
    const { submit } = await sharedSender();
    const service = ownName();
    const keyed = (fingerprint: string, answer: string) =>
      submit({ ...plain(service, 1), idempotencyKey: service, fingerprint, answer });
    assert.equal((await keyed("one", '{"first":1}')).duplicates, []);
    assert.equal((await keyed("two", '{"second":2}')).duplicates, [
      { index: 0, stored: { fingerprint: "one", answer: '{"first":1}' } },
    ]);
  });

  test("within a batch a key stores once too, and what stands around it is stored", async () => {
    const { submit } = await sharedSender();
    const service = ownName();
    const keyed = (apiKeyId: number, ...values: readonly number[]) => ({
      ...plain(service, ...values),
      apiKeyId,
      idempotencyKey: service,
      answer: `${values[0]}`,
    });
    const batch = [keyed(1, 1, 2), plain(service, 3), keyed(1, 4, 5), keyed(2, 6), plain(service, 7)];
    const { duplicates } = await submit(...batch, keyed(1, 8));
    assert.equal(
      duplicates.map(({ index, stored }) => [index, stored.answer]),
      [
        [1, "1"],
        [3, "1"],
      ],
    );
    assert.equal(await valuesOf(await shared(), service), [1, 2, 3, 6, 7]);
  });

  test("a request of no metrics is remembered by its key", async () => {
    const { submit } = await sharedSender();
    const service = ownName();
    const empty = { ...plain(service, 1), idempotencyKey: service, change: () => [] };
    assert.is((await submit(empty)).duplicates.length, 0);
    assert.is((await submit(empty)).duplicates.length, 1);
  });

  test("a key is forgotten after 24 hours of the caller's time, not a millisecond earlier, cleaned up or not", async () => {
    const { metrics } = await shared();
    const { submitAt } = await sharedSender();
    const service = ownName();
    const store = async (nowMs: number) =>
      (await submitAt(nowMs, { ...plain(service, 1), idempotencyKey: service })).duplicates.length;
    const end = NOW_MS + LIMITS.IDEMPOTENCY_MS;
    assert.is(await store(NOW_MS), 0);
    await metrics.deleteExpiredIdempotencyKeys(end - 1, WITHOUT_PAUSE);
    assert.is(await store(end - 1), 1);
    assert.is(await store(end), 0);
    assert.is(await store(end + 1), 1, "it is remembered anew");
    await metrics.deleteExpiredIdempotencyKeys(end + LIMITS.IDEMPOTENCY_MS, WITHOUT_PAUSE);
    assert.is(await store(end + 1), 0, "a clean-up has forgotten it");
    assert.equal(await valuesOf(await shared(), service), [1, 1, 1]);
  });

  test("a clean-up of keys that is ended by its pace goes on later, and commits get their turn meanwhile", async () => {
    await withStore(engine, async (store) => {
      const { submitAt } = createSender(store);
      const keys = Array.from({ length: 2100 }, (_, index) => `k${index}`);
      const requests = keys.map((idempotencyKey) => ({ ...plain("a", 1), idempotencyKey }));
      await submitAt(NOW_MS, ...requests);
      const end = NOW_MS + LIMITS.IDEMPOTENCY_MS;
      assert.not.ok(await isOver(store.metrics.deleteExpiredIdempotencyKeys(end, stopAfter(1))));
      // By the time at which they were valid, those that are left still are.
      const left = (await submitAt(NOW_MS, ...requests)).duplicates.length;
      assert.ok(left > 0 && left < keys.length, `${left} of ${keys.length}`);
      let committed = 0;
      await store.metrics.deleteExpiredIdempotencyKeys(end, async () => {
        await submitAt(end, plain("b", committed));
        committed += 1;
      });
      assert.is((await submitAt(NOW_MS, ...requests)).duplicates.length, 0);
      assert.ok(committed >= 2, `${committed} pauses`);
      assert.is((await valuesOf(store, "b")).length, committed);
    });
  });
}
