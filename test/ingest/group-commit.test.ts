import { test } from "uvu";
import * as assert from "uvu/assert";
import { ServiceError } from "../../src/errors.ts";
import { turn } from "../support/time.ts";
import { setup, submission, watch } from "./group-commit-setup.ts";

test("an idle queue commits at once: no timer is involved", async () => {
  const { queue, latest, clock, stored, commits } = setup();
  const first = watch(queue.add(submission(1, 2)));
  await turn();
  assert.equal(latest().requests, [1, 1]);
  assert.is(first.outcome, "waits", "accepted means stored");
  clock.advance(5);
  latest().succeed();
  await turn();
  assert.equal([first.outcome, first.value, stored], ["resolved", undefined, [1, 1]]);
  assert.equal(commits, [{ metrics: 2, seconds: 0.005 }]);
  assert.equal([clock.pendingTimers, queue.depth], [0, 0]);
});

test("what arrives in one round of input shares a transaction", async () => {
  const { queue, transactions } = setup();
  for (let at = 1; at <= 3; at += 1) watch(queue.add(submission(at)));
  await turn();
  assert.equal(
    transactions.map(({ requests }) => requests),
    [[1, 2, 3]],
  );
});

test("while one transaction is on its way the next one gathers, and follows at once", async () => {
  const { queue, transactions } = setup();
  watch(queue.add(submission(1)));
  await turn();
  for (let at = 2; at <= 4; at += 1) {
    watch(queue.add(submission(at)));
    await turn();
  }
  assert.is(transactions.length, 1);
  transactions[0]?.succeed();
  await turn();
  assert.equal(
    transactions.map(({ requests }) => requests),
    [[1], [2, 3, 4]],
  );
});

test("the queue takes exactly its bound, and of what is too much nothing", async () => {
  const { queue, transactions } = setup({ queuedMetricsMax: 10 });
  watch(queue.add(submission(1, 4)));
  await turn();
  watch(queue.add(submission(2, 5)));
  assert.throws(
    () => queue.add(submission(3, 2)),
    (error: unknown) =>
      error instanceof ServiceError && error.reason === "queue_full" && error.retryAfterSeconds === 1,
  );
  assert.is(queue.depth, 9);
  watch(queue.add(submission(4, 1)));
  assert.is(queue.depth, 10);
  assert.throws(() => queue.add(submission(5, 1)), /wait for storage already/);
  transactions[0]?.succeed();
  await turn();
  assert.equal([transactions[1]?.requests, queue.depth], [[2, 2, 2, 2, 2, 4], 6]);
  watch(queue.add(submission(6, 4)));
  transactions[1]?.succeed();
  await turn();
  assert.equal([transactions[2]?.requests, queue.depth], [[6, 6, 6, 6], 4]);
});

test("a failed transaction rejects every submission in it and keeps none", async () => {
  const { queue, transactions, stored, commits, clock } = setup();
  const [first, second] = [watch(queue.add(submission(1))), watch(queue.add(submission(2, 1, "key")))];
  await turn();
  const third = watch(queue.add(submission(3)));
  transactions[0]?.fail();
  await turn();
  assert.equal([first.outcome, second.outcome, third.outcome], ["rejected", "rejected", "waits"]);
  assert.is((first.error as ServiceError).reason, "storage_unavailable");
  transactions[1]?.succeed();
  await turn();
  assert.equal([third.outcome, stored, queue.depth], ["resolved", [3], 0]);
  assert.is(commits.length, 2, "failed ones took their time too");
  clock.advance(60_000);
  await turn();
  assert.is(transactions.length, 2, "what was rejected is the caller's again");
});

test("an unexpected error of a commit reaches the submissions and does not stop the queue", async () => {
  const { queue, transactions } = setup();
  const first = watch(queue.add(submission(1)));
  await turn();
  transactions[0]?.fail(new TypeError("defect"));
  await turn();
  assert.instance(first.error, TypeError);
  const second = watch(queue.add(submission(2)));
  await turn();
  transactions[1]?.succeed();
  await turn();
  assert.is(second.outcome, "resolved");
});

test("earlier answers go to the submissions they belong to, whatever shares the batch", async () => {
  const { queue, latest, stored } = setup();
  const before = watch(queue.add(submission(1, 1, "a")));
  await turn();
  latest().succeed();
  await turn();
  assert.is(before.value, undefined);
  const batch = [
    submission(2),
    submission(3, 2, "b"),
    submission(4, 3, "a"),
    submission(5),
    submission(6, 1, "b"),
    submission(7, 1, "c"),
    submission(8, 2, "a"),
  ].map((one) => watch(queue.add(one)));
  const flush = watch(queue.flush());
  await turn();
  latest().succeed();
  await turn();
  const answers = batch.map(({ outcome, value }) => [outcome, value?.answer]);
  assert.equal(answers, [
    ["resolved", undefined],
    ["resolved", undefined],
    ["resolved", "answer of 1"],
    ["resolved", undefined],
    ["resolved", "answer of 3"],
    ["resolved", undefined],
    ["resolved", "answer of 1"],
  ]);
  assert.equal(stored, [1, 2, 3, 3, 5, 7]);
  assert.is(flush.outcome, "resolved");
});

test("a transaction is bounded, and what does not fit follows in order", async () => {
  const { queue, transactions, stored } = setup({ queuedMetricsMax: 100_000 });
  for (let at = 1; at <= 90; at += 1) watch(queue.add(submission(at, 100)));
  for (let transaction = 0; transaction < 3; transaction += 1) {
    await turn();
    assert.is(transactions.length, transaction + 1);
    transactions[transaction]?.succeed();
  }
  await turn();
  assert.equal(
    transactions.map(({ requests }) => requests.length),
    [4000, 4000, 1000],
  );
  assert.equal(
    stored,
    stored.toSorted((left, right) => left - right),
  );
});

test("a submission is never divided, even one that is larger than a batch", async () => {
  const { queue, transactions } = setup({ queuedMetricsMax: 100_000 });
  watch(queue.add(submission(1, 3999)));
  watch(queue.add(submission(2, 9000)));
  await turn();
  assert.equal(
    transactions.map(({ requests }) => requests.length),
    [12_999],
  );
});

test("after close nothing is taken, and what was taken is on disk when close resolves", async () => {
  const { queue, transactions, stored } = setup();
  const taken = [watch(queue.add(submission(1)))];
  await turn();
  taken.push(watch(queue.add(submission(2))));
  const closing = watch(queue.close());
  assert.throws(
    () => queue.add(submission(3)),
    (error: unknown) => error instanceof ServiceError && error.reason === "shutting_down",
  );
  transactions[0]?.succeed();
  await turn();
  assert.is(closing.outcome, "waits");
  transactions[1]?.succeed();
  await turn();
  assert.equal(
    [closing.outcome, stored, taken.map(({ outcome }) => outcome)],
    ["resolved", [1, 2], ["resolved", "resolved"]],
  );
});

test("closing while storage fails tries everything once, settles it, and says so", async () => {
  const { queue, transactions, latest } = setup({ queuedMetricsMax: 100_000 });
  const taken = Array.from({ length: 3 }, (_, at) => watch(queue.add(submission(at, 4000))));
  const closing = watch(queue.close());
  for (let transaction = 0; transaction < 3; transaction += 1) {
    await turn();
    assert.is(closing.outcome, "waits");
    latest().fail();
  }
  await turn();
  assert.is(transactions.length, 3);
  assert.equal(
    taken.map(({ outcome }) => outcome),
    ["rejected", "rejected", "rejected"],
  );
  assert.is((closing.error as ServiceError).reason, "storage_unavailable");
  assert.is(queue.depth, 0);
});

test("closing an idle queue is done at once", async () => {
  const { queue, transactions } = setup();
  await queue.close();
  assert.is(transactions.length, 0);
});

test.run();
