/** Opening, closing, failing and coming back; and the care of the database itself. */
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import type { Measurement } from "../../src/catalogue/measurement.ts";
import { StoreError } from "../../src/store/errors.ts";
import { WITHOUT_PAUSE } from "../../src/store/plan/steps.ts";
import type { StoreCall } from "../../src/store/store.ts";
import { BackupError } from "../../src/store/upkeep.ts";
import { NOW_MS } from "../support/time.ts";
import { failureOf } from "../support/wait.ts";
import { createDirectorySender } from "./directory-entries.ts";
import type { Engine, Installation } from "./engines.ts";
import {
  ALL_EVENTS,
  askOf,
  assertRejected,
  isOver,
  ownName,
  stopAfter,
  traceOf,
  valuesOf,
  withOpened,
  withStore,
} from "./store-tests.ts";
import { createSender } from "./submissions.ts";

const metrics = [{ type: "custom", value: 1 }];
const LATEST = { service: undefined, sinceMs: 0, beyond: "fail" } as const;

export function lifecycleContract(test: Test, engine: Engine): void {
  test("a database is made where none is, is usable at once, and is there when it is opened again", async () => {
    const installation = engine.create();
    await withOpened(installation, async (store) => {
      assert.ok(store.isUsable());
      await store.probe();
      await createSender(store).submit({ service: "a", metrics });
    });
    await withOpened(installation, async (store) => assert.equal(await valuesOf(store, "a"), [1]));
  });

  test("a database is held by one store at a time, and by the next once that is closed", async () => {
    await withStore(engine, async (store, installation) => {
      assert.instance(await failureOf(installation.open()), StoreError);
      await createSender(store).submit({ service: "a", metrics });
      await store.close();
      await withOpened(installation, async (next) => assert.equal(await valuesOf(next, "a"), [1]));
    });
  });

  test("what was called is finished before it is closed, and what is called later is rejected", async () => {
    const installation = engine.createPrepared();
    const store = await installation.open();
    const { submit } = createSender(store);
    const committed = Array.from({ length: 20 }, () => submit({ service: "a", metrics }));
    const listed = store.keys.list();
    const asked = [
      store.queries.events(ALL_EVENTS),
      store.queries.latestValues(LATEST),
      valuesOf(store, "none"),
    ];
    await store.close();
    await Promise.all([...committed, listed, ...asked]);
    await failureOf(submit({ service: "a", metrics }));
    await failureOf(store.keys.list());
    await failureOf(store.audit.record(traceOf(), "ok"));
    await failureOf(valuesOf(store, "a"));
    await failureOf(store.retention.survey({ table: "metrics", cutoffMs: undefined, totalsOnly: false }));
    await failureOf(store.metrics.flushRollups(NOW_MS, WITHOUT_PAUSE));
    await failureOf(store.probe());
    await store.close();
    await withOpened(installation, async (again) => assert.is((await valuesOf(again, "a")).length, 20));
  });

  test("a failing database is not usable until it is proved that it works again, and whoever listens is told", async () => {
    const installation = engine.createPrepared();
    const calls: StoreCall[] = [];
    const store = await installation.open({ onCall: (call) => void calls.push(call) });
    const seen: boolean[] = [];
    const stop = store.onUsableChange(() => seen.push(store.isUsable()));
    const stopFailing = installation.failWrites();
    try {
      await assertRejected(createSender(store).submit({ service: "a", metrics }), "storage_unavailable");
      assert.not.ok(store.isUsable());
      await assertRejected(store.probe(), "storage_unavailable");
      for (const { run } of store.upkeep.jobs) await run();
      assert.not.ok(store.isUsable());
      assert.equal(await valuesOf(store, "a"), [], "queries are answered all the same");
    } finally {
      stopFailing();
    }
    await store.keys.list();
    assert.not.ok(store.isUsable(), "what only reads proves nothing");
    // Unasked: a service that is not ready gets no metrics to find out with.
    for (const { run } of store.upkeep.jobs) await run();
    assert.ok(store.isUsable());
    assert.equal(seen, [false, true]);
    stop();
    assert.ok(calls.some(({ failed, table }) => failed && table === "metrics"));
    assert.ok(calls.every(({ seconds, operation }) => seconds >= 0 && operation !== ""));
    await store.close();
    assert.equal(seen, [false, true], "who has stopped listening is told no more");
  });

  test("a call that is rejected for its input is no failure of the database", async () => {
    const calls: StoreCall[] = [];
    const store = await engine.createPrepared().open({ onCall: (call) => void calls.push(call) });
    await assertRejected(store.keys.revoke(1e6, traceOf()), "not_found");
    const last = calls.at(-1);
    assert.equal(
      [last?.operation, last?.table, last?.failed, store.isUsable()],
      ["update", "api_keys", false, true],
    );
    await store.close();
  });

  test("the secret of an installation is its own, 32 bytes, and the same for as long as its database lives", async () => {
    const installation = engine.createPrepared();
    const read = () => withOpened(installation, ({ upkeep }) => upkeep.installationSecret());
    const secret = await read();
    assert.is(secret.length, 32);
    assert.equal(Buffer.from(await read()), Buffer.from(secret));
    await withStore(engine, async ({ upkeep }) => {
      const [one, other] = [await upkeep.installationSecret(), await upkeep.installationSecret()];
      assert.equal(Buffer.from(one), Buffer.from(other));
      assert.not.equal(Buffer.from(one), Buffer.from(secret));
    });
  });

  test("an installation has an instance id of its own, the same for as long as its database lives", async () => {
    const installation = engine.createPrepared();
    const read = () => withOpened(installation, ({ upkeep }) => upkeep.instanceId());
    const id = await read();
    assert.match(id, /^[A-Za-z0-9_.-]{1,100}$/);
    assert.is(await read(), id);
    await withStore(engine, async ({ upkeep }) => {
      assert.is(await upkeep.instanceId(), await upkeep.instanceId());
      assert.is.not(await upkeep.instanceId(), id);
    });
  });

  test("the size grows with what is stored, and space is given back after much was deleted", async () => {
    await withStore(engine, async (store) => {
      const { submit } = createSender(store);
      const before = store.upkeep.bytes();
      assert.ok(before > 0);
      const old = NOW_MS - 200 * 86_400_000;
      const change = ([one]: readonly Measurement[]) =>
        one === undefined
          ? []
          : Array.from({ length: 60_000 }, (_, index) => ({ ...one, timestampMs: old + index }));
      await submit({ service: "a", metrics: [{ type: "auth_request", value: 1 }], change });
      const full = store.upkeep.bytes();
      assert.ok(full > before + 1_000_000, `${full} after ${before}`);
      await store.metrics.flushRollups(NOW_MS, WITHOUT_PAUSE);
      const { mainBytes, pageCount = 0, pageSize = 0 } = await store.upkeep.size();
      assert.ok(mainBytes > 0 && pageCount * pageSize >= 0);
      await store.retention.deleteExpired(
        { tables: ["auth_metrics"], nowMs: NOW_MS },
        WITHOUT_PAUSE,
        () => {},
      );
      assert.is(await isOver(store.upkeep.giveBackSpace(stopAfter(1))), false);
      await store.upkeep.giveBackSpace(WITHOUT_PAUSE);
      const after = await store.upkeep.size();
      assert.ok((after.pageCount ?? 0) < pageCount * 0.7, `${after.pageCount} of ${pageCount} pages`);
      assert.equal(await askOf(store, "a", { range: { startMs: old, endMs: NOW_MS } }), [[60_000]]);
    });
  });

  test("tables without a policy are counted", async () => {
    await withStore(engine, async (store) => {
      const count = async (name: string) =>
        (await store.upkeep.countUngoverned()).find(({ table }) => table === name);
      assert.equal(await count("api_keys"), {
        table: "api_keys",
        total: 0,
        oldestMs: undefined,
        newestMs: undefined,
      });
      await createDirectorySender(store, ["one", "two"]);
      for (const table of ["api_keys", "servers", "admin_audit_log"]) {
        assert.equal(await count(table), { table, total: 2, oldestMs: NOW_MS, newestMs: NOW_MS });
      }
    });
  });

  test("where the service is can be announced and withdrawn, however often", async () => {
    await withStore(engine, async ({ upkeep }) => {
      const service = { pid: process.pid, url: "http://127.0.0.1:1", adminKey: ownName("key") };
      for (let round = 0; round < 2; round += 1) {
        upkeep.announce(service);
        upkeep.announce({ ...service, adminKey: ownName("key") });
        upkeep.withdraw();
      }
      upkeep.withdraw();
    });
  });

  type Backups = NonNullable<Installation["backups"]>;
  type Open = Parameters<Parameters<typeof withStore>[1]>[0];
  /** With a store that can be backed up, and holds some things. */
  const withBackups = (
    work: (
      store: Open,
      backups: Backups,
      start: (target: string) => ReturnType<NonNullable<Open["upkeep"]["startBackup"]>>,
    ) => Promise<void>,
  ) =>
    withStore(engine, async (store, { backups }) => {
      const { startBackup } = store.upkeep;
      assert.is(startBackup === undefined, backups === undefined);
      if (startBackup === undefined || backups === undefined) return;
      await work(store, backups, startBackup);
    });

  test("a backup is a store of its own that holds all that was committed before it, and not the secret", async () => {
    await withBackups(async (store, backups, start) => {
      const { submit } = createSender(store);
      const request = {
        service: "a",
        idempotencyKey: "k",
        metrics: [{ type: "custom", value: 1, timestamp: NOW_MS - 1 }],
      };
      await submit(request, { service: "b", metrics });
      await store.metrics.flushRollups(NOW_MS, WITHOUT_PAUSE);
      await submit({ service: "b", metrics });
      await createDirectorySender(store, ["one"]);
      const secret = await store.upkeep.installationSecret();
      const target = backups.newTarget();
      const run = start(target);
      const { bytes, bytesMax } = run.log();
      assert.ok(bytes >= 0 && bytesMax > bytes);
      await submit({ service: "b", metrics });
      assert.ok((await run.result).bytes > 0);
      await submit({ service: "b", metrics });
      await withOpened(backups.restore(target), async (restored) => {
        assert.equal(await valuesOf(restored, "a"), [1]);
        const found = (await valuesOf(restored, "b")).length;
        assert.ok(found === 2 || found === 3, `${found}: what comes meanwhile may be in it`);
        assert.equal(await askOf(restored, "b"), [[found]]);
        assert.is((await createSender(restored).submit(request)).duplicates.length, 1);
        assert.equal(await restored.keys.list(), await store.keys.list());
        assert.equal(await restored.directory.list(), await store.directory.list());
        assert.not.equal(Buffer.from(await restored.upkeep.installationSecret()), Buffer.from(secret));
        assert.is.not(await restored.upkeep.instanceId(), await store.upkeep.instanceId());
      });
      assert.is((await valuesOf(store, "b")).length, 4);
    });
  });

  test("a backup that cannot be written says so, and replaces nothing that is there", async () => {
    await withBackups(async (_, backups, start) => {
      const bad = await failureOf(start(backups.badTarget).result);
      assert.instance(bad, BackupError);
      assert.is((bad as BackupError).kind, "path");
      const target = backups.newTarget();
      await start(target).result;
      const again = await failureOf(start(target).result);
      assert.instance(again, BackupError);
      assert.is((again as BackupError).kind, "failed");
      await withOpened(backups.restore(target), async (restored) => assert.ok(restored.isUsable()));
    });
  });

  test("a backup that is given up leaves nothing, and the next one is written", async () => {
    await withBackups(async (_, backups, start) => {
      const target = backups.newTarget();
      const run = start(target);
      const failure = failureOf(run.result);
      await run.cancel();
      await failure;
      assert.not.ok(backups.isThere(target));
      await start(target).result;
      assert.ok(backups.isThere(target));
    });
  });
}
