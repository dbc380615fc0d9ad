import { test } from "uvu";
import * as assert from "uvu/assert";
import type { ServiceError } from "../../src/errors.ts";
import { turn } from "../support/time.ts";
import { setup, submission, watch } from "./group-commit-setup.ts";

const LINGER = { metrics: 100, ms: 5000 };

test("a flush of an empty queue answers at once, without a transaction", async () => {
  const { queue, transactions, commits } = setup();
  await queue.flush();
  assert.equal([transactions.length, commits.length], [0, 0]);
});

test("a flush waits for what is on its way and what waits, and for nothing later", async () => {
  const { queue, transactions } = setup();
  watch(queue.add(submission(1)));
  await turn();
  watch(queue.add(submission(2)));
  const flush = watch(queue.flush());
  transactions[0]?.succeed();
  await turn();
  assert.is(flush.outcome, "waits");
  watch(queue.add(submission(3)));
  transactions[1]?.succeed();
  await turn();
  assert.is(flush.outcome, "resolved");
  assert.equal(transactions[2]?.requests, [3]);
});

test("a flush and a close wait for a submission that has no rows, waiting or on its way", async () => {
  for (const turns of [0, 6]) {
    for (const end of ["flush", "close"] as const) {
      const { queue, transactions } = setup();
      const added = watch(queue.add(submission(1, 0, "series alone")));
      await turn(turns);
      assert.is(transactions.length, turns === 0 ? 0 : 1);
      const ended = watch(queue[end]());
      await turn();
      assert.is(ended.outcome, "waits", `${end} after ${turns} turns`);
      transactions[0]?.succeed();
      await turn();
      assert.equal([added.outcome, ended.outcome], ["resolved", "resolved"]);
    }
  }
});

for (const failing of [0, 1]) {
  test(`a flush fails when transaction ${failing + 1} of the two it waits for fails`, async () => {
    const { queue, transactions } = setup();
    watch(queue.add(submission(1)));
    await turn();
    watch(queue.add(submission(2)));
    const flush = watch(queue.flush());
    for (const at of [0, 1]) {
      if (at === failing) transactions[at]?.fail();
      else transactions[at]?.succeed();
      await turn();
    }
    assert.is((flush.error as ServiceError).reason, "storage_unavailable");
  });
}

test("a flush over several transactions fails when any of them does, full ones too", async () => {
  for (const metrics of [4000, 3000]) {
    for (const failing of [0, 1, 2]) {
      const { queue, transactions } = setup({ queuedMetricsMax: 100_000 });
      for (let at = 0; at < 3; at += 1) watch(queue.add(submission(at, 4000)));
      watch(queue.add(submission(9, metrics)));
      const flush = watch(queue.flush());
      for (let at = 0; at < 4; at += 1) {
        await turn();
        if (at === failing) transactions[at]?.fail();
        else transactions[at]?.succeed();
      }
      await turn(6);
      assert.is(flush.outcome, "rejected", `${metrics} ${failing}`);
    }
  }
});

test("a flush that comes after a failed transaction does not fail for it", async () => {
  const { queue, transactions } = setup();
  watch(queue.add(submission(1)));
  await turn();
  transactions[0]?.fail();
  await turn();
  watch(queue.add(submission(2)));
  const flush = watch(queue.flush());
  await turn();
  transactions[1]?.succeed();
  await turn();
  assert.is(flush.outcome, "resolved");
});

test("a flush waits neither for a buffer's size nor for its interval", async () => {
  const { queue, transactions, latest } = setup({ linger: LINGER });
  watch(queue.add(submission(1)));
  const first = watch(queue.flush());
  await turn();
  watch(queue.add(submission(2)));
  const second = watch(queue.flush());
  latest().succeed();
  await turn();
  assert.equal([first.outcome, second.outcome], ["resolved", "waits"]);
  assert.equal(
    transactions.map(({ requests }) => requests),
    [[1], [2]],
  );
  latest().succeed();
  await turn();
  assert.is(second.outcome, "resolved");
});

test("a flush of a buffer says when storage does not take it, and the buffer keeps its metrics", async () => {
  const { queue, latest, clock, stored } = setup({ linger: LINGER });
  const buffered = watch(queue.add(submission(1)));
  const flush = watch(queue.flush());
  await turn();
  latest().fail();
  await turn();
  assert.equal([flush.outcome, buffered.outcome, queue.depth], ["rejected", "waits", 1]);
  clock.advance(1000);
  await turn();
  latest().succeed();
  await turn();
  assert.equal([buffered.outcome, stored], ["resolved", [1]]);
});

test("many flushes at once are answered together by one transaction", async () => {
  const { queue, transactions, latest } = setup({ linger: LINGER });
  watch(queue.add(submission(1)));
  const flushes = Array.from({ length: 50 }, () => watch(queue.flush()));
  await turn();
  latest().succeed();
  await turn();
  assert.ok(flushes.every(({ outcome }) => outcome === "resolved"));
  assert.is(transactions.length, 1);
});

test.run();
