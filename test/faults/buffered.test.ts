import Libsql from "libsql";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { temporaryPath } from "../sqlite/databases.ts";
import { startTestService, type TestService } from "../support/service.ts";
import { createServices, KEYS } from "../support/service-process.ts";
import { until } from "../support/wait.ts";
import { flush, get, submit, valuesIn } from "./requests.ts";

const { start, killAll } = createServices();
test.after.each(killAll);

/** Answers before the disk has them; nothing is flushed by time unless a test says so. */
const BUFFERED = {
  METRICS_ACK: "buffered",
  FLUSH_INTERVAL_SECONDS: "3600",
  METRICS_API_KEY_GATEWAY: KEYS.gateway,
};

async function within(env: Readonly<Record<string, string>>, work: (service: TestService) => Promise<void>) {
  const service = await startTestService({ ...BUFFERED, ...env });
  try {
    await work(service);
  } finally {
    await service.close();
  }
}

/** Another connection in the middle of a write: storage can accept nothing, as with a full disk. */
function blockStorage(databasePath: string): () => void {
  const connection = new Libsql(databasePath);
  connection.exec("BEGIN IMMEDIATE");
  return () => {
    connection.exec("ROLLBACK");
    connection.close();
  };
}

test("a buffered Submit is answered before the disk has it, and Flush puts it there", () =>
  within({}, async ({ service, databasePath }) => {
    assert.is((await submit(service.port, [1, 2])).status, 200);
    assert.equal(valuesIn(databasePath), []);
    assert.is((await flush(service.port)).status, 200);
    assert.equal(valuesIn(databasePath), [1, 2]);
  }));

test("a buffered Submit with an idempotency key is on disk when it is answered, and what came before it too", () =>
  within({}, async ({ service, databasePath }) => {
    assert.is((await submit(service.port, [1])).status, 200);
    assert.is((await submit(service.port, [2], "key")).status, 200);
    assert.equal(valuesIn(databasePath), [1, 2]);
  }));

test("BATCH_SIZE metrics are flushed without being asked", () =>
  within({ BATCH_SIZE: "5" }, async ({ service, databasePath }) => {
    for (const value of [1, 2, 3, 4]) assert.is((await submit(service.port, [value])).status, 200);
    assert.equal(valuesIn(databasePath), []);
    assert.is((await submit(service.port, [5])).status, 200);
    await until("the flush", () => valuesIn(databasePath).length === 5);
  }));

test("FLUSH_INTERVAL_SECONDS after the first metric the buffer is flushed", () =>
  within({ FLUSH_INTERVAL_SECONDS: "1" }, async ({ service, databasePath }) => {
    const sentMs = performance.now();
    assert.is((await submit(service.port, [1])).status, 200);
    await until("the flush", () => valuesIn(databasePath).length === 1);
    assert.ok(performance.now() - sentMs > 900);
  }));

test("while storage is blocked Flush is 503 and nothing is lost; it is stored by itself afterwards", () =>
  within({}, async ({ service, databasePath }) => {
    const unblock = blockStorage(databasePath);
    assert.is((await submit(service.port, [1, 2])).status, 200);
    const failed = await flush(service.port);
    assert.is(failed.status, 503);
    assert.ok(Number(failed.headers["retry-after"]) >= 1);
    assert.is((await get(service.port, "/health/ready")).status, 503);
    assert.is((await submit(service.port, [3])).status, 200);
    unblock();
    await until("the retry", () => valuesIn(databasePath).length === 3);
    assert.equal(valuesIn(databasePath), [1, 2, 3]);
  }));

test("while storage is blocked a durable Submit is 503, and a retry with its key stores it once", () =>
  within({ METRICS_ACK: "durable" }, async ({ service, databasePath }) => {
    const unblock = blockStorage(databasePath);
    const refused = await submit(service.port, [1], "key");
    assert.equal([refused.status, refused.body.error], [503, "storage_unavailable"]);
    assert.is((await submit(service.port, [2])).status, 503);
    unblock();
    assert.is((await submit(service.port, [1], "key")).body.duplicate, undefined);
    assert.is((await submit(service.port, [1], "key")).body.duplicate, true);
    assert.equal(valuesIn(databasePath), [1]);
  }));

test("the buffer is bounded: what does not fit is 503 queue_full", () =>
  within(
    { MAX_QUEUED_METRICS: "3", MAX_METRICS_PER_REQUEST: "3", BATCH_SIZE: "100" },
    async ({ service, databasePath }) => {
      assert.is((await submit(service.port, [1, 2, 3])).status, 200);
      const refused = await submit(service.port, [4]);
      assert.equal([refused.status, refused.body.error], [503, "queue_full"]);
      assert.ok(Number(refused.headers["retry-after"]) >= 1);
      assert.is((await flush(service.port)).status, 200);
      assert.equal(valuesIn(databasePath), [1, 2, 3]);
    },
  ));

test("SIGTERM drains the buffer to disk", async () => {
  const databasePath = temporaryPath();
  const service = await start(databasePath, BUFFERED);
  for (const value of [1, 2, 3]) assert.is((await submit(service.port, [value])).status, 200);
  assert.equal(valuesIn(databasePath), []);
  assert.is((await service.stop("SIGTERM")).code, 0);
  assert.equal(valuesIn(databasePath), [1, 2, 3]);
});

test.run();
