import { test } from "uvu";
import * as assert from "uvu/assert";
import type { ServiceError } from "../../src/errors.ts";
import { turn } from "../support/time.ts";
import { setup, submission, watch } from "./group-commit-setup.ts";

const LINGER = { metrics: 10, ms: 5000 };

test("a buffer is committed when its first metric has waited the interval", async () => {
  const { queue, transactions, clock } = setup({ linger: LINGER });
  watch(queue.add(submission(1)));
  clock.advance(4000);
  watch(queue.add(submission(2)));
  clock.advance(999);
  await turn();
  assert.is(transactions.length, 0);
  clock.advance(1);
  await turn();
  assert.equal(
    transactions.map(({ requests }) => requests),
    [[1, 2]],
  );
});

test("a buffer is committed at once when it has its size", async () => {
  const { queue, transactions, clock } = setup({ linger: LINGER });
  watch(queue.add(submission(1, 9)));
  await turn();
  assert.is(transactions.length, 0);
  watch(queue.add(submission(2, 1)));
  await turn();
  assert.is(transactions[0]?.requests.length, 10);
  assert.is(clock.pendingTimers, 0, "the interval begins anew with the next metric");
});

test("what comes during a commit waits one interval from then, and no second one", async () => {
  for (const commitMs of [1000, 5000, 9000]) {
    const { queue, transactions, clock } = setup({ linger: LINGER });
    watch(queue.add(submission(1, 10)));
    await turn();
    watch(queue.add(submission(2)));
    clock.advance(commitMs);
    transactions[0]?.succeed();
    await turn();
    clock.advance(Math.max(0, 5000 - commitMs));
    await turn();
    assert.equal(transactions[1]?.requests, [2], `${commitMs}`);
  }
});

test("somebody who waits for an answer, because of a key, does not wait for the interval", async () => {
  const { queue, transactions, latest } = setup({ linger: LINGER });
  watch(queue.add(submission(1)));
  const keyed = watch(queue.add(submission(2, 1, "key")));
  await turn();
  assert.equal(latest().requests, [1, 2]);
  const next = watch(queue.add(submission(3, 1, "other")));
  latest().succeed();
  await turn();
  assert.equal([keyed.outcome, transactions.length], ["resolved", 2]);
  latest().succeed();
  await turn();
  assert.is(next.outcome, "resolved");
});

test("what was answered is kept while storage fails, tried once a second, and stored once", async () => {
  const { queue, transactions, latest, clock, stored } = setup({ linger: LINGER });
  const buffered = [watch(queue.add(submission(1, 10)))];
  await turn();
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    latest().fail();
    // A full buffer must not be a reason to try again and again.
    buffered.push(watch(queue.add(submission(1 + attempt, 10))));
    await turn(10);
    clock.advance(999);
    await turn(10);
    assert.is(transactions.length, attempt);
    clock.advance(1);
    await turn();
    assert.is(transactions.length, attempt + 1);
  }
  latest().succeed();
  await turn();
  assert.ok(buffered.every(({ outcome }) => outcome === "resolved"));
  assert.equal([...new Set(stored)], [1, 2, 3, 4, 5, 6]);
  assert.equal([stored.length, queue.depth], [60, 0]);
});

test("while storage fails the bound holds, and counts what is kept", async () => {
  const { queue, latest } = setup({ linger: LINGER, queuedMetricsMax: 25 });
  watch(queue.add(submission(1, 10)));
  await turn();
  latest().fail();
  await turn();
  watch(queue.add(submission(2, 15)));
  assert.throws(() => queue.add(submission(3)), /25 metrics wait/);
});

test("what is kept is bounded by bytes too, and one submission alone is always taken", async () => {
  const { queue, latest, clock } = setup({ linger: { ...LINGER, metrics: 1 }, queuedBytesMax: 500 });
  // Two hundred bytes each, without any text.
  watch(queue.add(submission(1, 4)));
  assert.throws(() => queue.add(submission(2, 1)), /800 bytes wait/);
  await turn();
  latest().fail();
  await turn();
  assert.throws(() => queue.add(submission(2, 1)), /800 bytes wait/);
  const closing = queue.close();
  clock.advance(1000);
  await turn();
  latest().succeed();
  await closing;
  assert.is(queue.depth, 0);
});

test("the bytes of what is stored are free again", async () => {
  const { queue, latest } = setup({ linger: { ...LINGER, metrics: 1 }, queuedBytesMax: 500 });
  for (let round = 1; round <= 3; round += 1) {
    watch(queue.add(submission(round, 2)));
    assert.throws(() => queue.add(submission(round, 1)), /400 bytes wait/);
    await turn();
    latest().succeed();
    await turn();
  }
});

test("who waits for an answer learns that storage failed, and is not stored later", async () => {
  const { queue, latest, clock, stored } = setup({ linger: LINGER });
  const buffered = watch(queue.add(submission(1)));
  const keyed = watch(queue.add(submission(2, 1, "key")));
  await turn();
  latest().fail();
  await turn();
  assert.equal([buffered.outcome, keyed.outcome, queue.depth], ["waits", "rejected", 1]);
  clock.advance(1000);
  await turn();
  latest().succeed();
  await turn();
  assert.equal([buffered.outcome, stored], ["resolved", [1]]);
});

test("what storage will never take is dropped, and reported", async () => {
  const { queue, transactions, latest, clock } = setup({ linger: LINGER });
  const buffered = watch(queue.add(submission(1, 10)));
  await turn();
  latest().fail(new TypeError("defect"));
  await turn();
  assert.equal([buffered.outcome, queue.depth], ["rejected", 0]);
  clock.advance(60_000);
  await turn();
  assert.is(transactions.length, 1);
});

test("closing stores the buffer without waiting for its interval", async () => {
  const { queue, latest, stored } = setup({ linger: LINGER });
  watch(queue.add(submission(1)));
  const closing = watch(queue.close());
  await turn();
  latest().succeed();
  await turn();
  assert.equal([closing.outcome, stored], ["resolved", [1]]);
});

test("closing while storage fails gives up after one more try and says so", async () => {
  const { queue, transactions, latest, clock } = setup({ linger: LINGER });
  const buffered = watch(queue.add(submission(1, 10)));
  await turn();
  latest().fail();
  await turn();
  const closing = watch(queue.close());
  clock.advance(1000);
  await turn();
  assert.is(transactions.length, 2);
  latest().fail();
  await turn();
  assert.equal([buffered.outcome, closing.outcome], ["rejected", "rejected"]);
  assert.is((closing.error as ServiceError).reason, "storage_unavailable");
  assert.equal([queue.depth, clock.pendingTimers], [0, 0]);
});

test.run();
