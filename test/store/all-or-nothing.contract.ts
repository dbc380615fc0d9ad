/** A commit that fails leaves nothing, and nothing in the way of the next one. */
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import type { Batch } from "../../src/store/batch.ts";
import { WITHOUT_PAUSE } from "../../src/store/plan/steps.ts";
import type { Store } from "../../src/store/store.ts";
import { NOW_MS } from "../support/time.ts";
import { failureOf } from "../support/wait.ts";
import type { Engine } from "./engines.ts";
import { askOf, assertRejected, ownName, sharedStore, valuesOf, withStore } from "./store-tests.ts";
import { createSender, type Request } from "./submissions.ts";

const plain = (service: string, value: number): Request => ({
  service,
  metrics: [{ type: "custom", value }],
});

type Sender = ReturnType<typeof createSender>;

export function allOrNothingContract(test: Test, engine: Engine): void {
  const shared = sharedStore(test, engine);
  let sender: Promise<Sender> | undefined;
  const sharedSender = () => {
    sender ??= shared().then(createSender);
    return sender;
  };

  /** A batch of which the last row has a sender that no batch has defined. */
  function broken({ builder, toSubmission }: Sender, requests: readonly Request[]): Batch {
    for (const request of requests) builder.add(toSubmission(request));
    const batch = builder.take();
    batch.numbers[(batch.rowCount - 1) * 7 + 1] = 1e6;
    return batch;
  }

  const everything = (service: string): Request => ({
    service,
    idempotencyKey: service,
    metrics: [
      { type: "server_count", value: 3, dimensions: { state: "total" } },
      { type: "auth_request", value: 1, dimensions: { success: true, method: "m" } },
    ],
    series: [{ key: service, owner: service, lastPoint: "one", isNew: true }],
  });

  /** What of a request is there: metrics, in queries and rollups, states, series. */
  async function foundOf(store: Store, service: string) {
    const { series } = await store.metrics.findSeries(
      { owner: service, keys: [service], apiKeyId: 1, idempotencyKey: "none" },
      NOW_MS,
    );
    const latest = await store.queries.latestValues({ service, sinceMs: 0, beyond: "fail" });
    const events = await valuesOf(store, service);
    return { events, counted: await askOf(store, service), latest: latest.length, series: series.size };
  }
  const NOTHING = { events: [], counted: [], latest: 0, series: 0 };
  const ALL = { events: [3, 1], counted: [[2]], latest: 1, series: 1 };

  test("of a batch that is rejected nothing is stored, and what it defined is known to the next one", async () => {
    const store = await shared();
    const own = await sharedSender();
    const service = ownName();
    await failureOf(store.metrics.commit(broken(own, [everything(service), plain(service, 1)]), NOW_MS));
    assert.equal(await foundOf(store, service), NOTHING);
    // Of others first: they take whatever the rejected batch would have had.
    await own.submit(plain(ownName(), 1));
    assert.equal((await own.submit(everything(service))).duplicates, []);
    assert.equal(await foundOf(store, service), ALL);
  });

  test("while the database cannot be written nothing is stored, and the same requests are stored later", async () => {
    await withStore(engine, async (store, installation) => {
      const own = createSender(store);
      const stopFailing = installation.failWrites();
      try {
        await assertRejected(own.submit(everything("a")), "storage_unavailable");
      } finally {
        stopFailing();
      }
      assert.equal(await foundOf(store, "a"), NOTHING);
      assert.equal((await own.submit(everything("a"))).duplicates, []);
      assert.equal(await foundOf(store, "a"), ALL);
      assert.is((await own.submit(everything("a"))).duplicates.length, 1);
      await store.metrics.flushRollups(NOW_MS, WITHOUT_PAUSE);
      assert.equal(await foundOf(store, "a"), ALL);
    });
  });
}
