import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { ServiceError } from "../../src/errors.ts";
import { turn } from "../support/time.ts";
import { setup, submission, watch } from "./group-commit-setup.ts";

type Step =
  | { readonly do: "add"; readonly metrics: number; readonly key: string | undefined }
  | { readonly do: "flush" | "turn" | "succeed" | "fail" }
  | { readonly do: "advance"; readonly ms: number };

const QUEUED_MAX = 12_000;

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("add" as const),
      metrics: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 5000 })),
      key: fc.option(fc.constantFrom("a", "b", "c"), { nil: undefined, freq: 3 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constantFrom("flush", "turn", "turn", "succeed", "succeed", "fail") }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.integer({ min: 1, max: 3000 }) }),
  },
);

interface Added {
  readonly number: number;
  readonly metrics: number;
  readonly state: ReturnType<typeof watch<unknown>>;
}

interface Flushed {
  readonly state: ReturnType<typeof watch<void>>;
  /** What had been added, and was not settled, when it was called. */
  readonly before: readonly Added[];
}

/** Carry out the steps, then close with storage in order. */
async function run(steps: readonly Step[], linger: { metrics: number; ms: number } | undefined) {
  const { queue, transactions, stored, clock } = setup({ linger, queuedMetricsMax: QUEUED_MAX });
  const added: Added[] = [];
  const flushes: Flushed[] = [];
  let settledTransactions = 0;
  const settle = (how: "succeed" | "fail") => {
    if (settledTransactions < transactions.length) transactions[settledTransactions++]?.[how]();
  };
  for (const [number, one] of steps.entries()) {
    if (one.do === "turn") await turn(1);
    else if (one.do === "advance") clock.advance(one.ms);
    else if (one.do === "flush") {
      const before = added.filter(({ state }) => state.outcome === "waits");
      flushes.push({ state: watch(queue.flush()), before });
    } else if (one.do === "add") {
      const depth = queue.depth;
      try {
        const state = watch<unknown>(queue.add(submission(number, one.metrics, one.key)));
        added.push({ number, metrics: one.metrics, state });
      } catch (error) {
        assert.is((error as ServiceError).reason, "queue_full");
        assert.ok(
          depth + one.metrics > QUEUED_MAX && queue.depth === depth,
          "refused for a reason, and untouched",
        );
      }
    } else settle(one.do);
    assert.ok(queue.depth >= 0 && queue.depth <= QUEUED_MAX, `depth ${queue.depth}`);
    assert.ok(transactions.length - settledTransactions <= 1, "one transaction at a time");
  }
  const closing = watch(queue.close());
  for (let round = 0; closing.outcome === "waits"; round += 1) {
    assert.ok(round < 200, "close ends");
    settle("succeed");
    clock.advance(1000);
    await turn();
  }
  return { added, flushes, stored, transactions, queue };
}

for (const linger of [undefined, { metrics: 50, ms: 2000 }]) {
  const kind = linger === undefined ? "durable" : "buffered";
  test(`whatever the order of events, ${kind} submissions settle once, as they were stored`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { added, flushes, stored, transactions, queue } = await run(steps, linger);
        const acknowledged = added.flatMap(({ number, metrics, state }) => {
          assert.is.not(state.outcome, "waits");
          const isStored = state.outcome === "resolved" && state.value === undefined;
          return isStored ? new Array<number>(metrics).fill(number) : [];
        });
        assert.equal(
          stored.toSorted((left, right) => left - right),
          acknowledged,
        );
        assert.is(queue.depth, 0);
        for (const { requests } of transactions) assert.ok(requests.length > 0 && requests.length < 9000);
        for (const { state, before } of flushes) {
          assert.is.not(state.outcome, "waits");
          const failed = before.some((one) => one.state.outcome === "rejected");
          // In a buffer a failed commit is repeated: its flush fails though nothing is lost.
          if (failed) assert.is(state.outcome, "rejected");
          else if (linger === undefined) assert.is(state.outcome, "resolved");
        }
      }),
      { numRuns: 300 },
    );
  });
}

test.run();
