import { test } from "uvu";
import * as assert from "uvu/assert";
import { KNOWN_SEEDS } from "./known-seeds.ts";
import { simulate } from "./simulation.ts";

const SEEDS = 500;

async function expectKept(seed: number): Promise<void> {
  const { problems } = await simulate(seed);
  assert.equal(problems, [], `replay it: npm run simulate -- --seed ${seed}`);
}

test("seeds that have found something find nothing now", async () => {
  for (const { seed } of KNOWN_SEEDS) await expectKept(seed);
});

test("ingest keeps its promises under faults, crashes and clocks that jump", async () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) await expectKept(seed);
});

test("one seed is one run", async () => {
  for (const seed of [1, 2, 3]) {
    const { trace } = await simulate(seed);
    assert.ok(trace.length > 10, `${trace.length} events`);
    assert.equal((await simulate(seed)).trace, trace);
  }
});

test("a store that does not store what it says is noticed", async () => {
  let noticed = 0;
  for (let seed = 1; seed <= 40; seed += 1)
    noticed += (await simulate(seed, 0.2)).problems.length > 0 ? 1 : 0;
  assert.ok(noticed >= 20, `in ${noticed} of 40 runs`);
});

test("the runs hold what they are for", async () => {
  const expected = {
    "a duplicate": / is answered as /,
    "a conflict": /fails: idempotency_conflict/,
    "a full queue": /fails: queue_full/,
    "a call while closing": /fails: shutting_down/,
    "a full disk": /fails: storage_unavailable/,
    "a fatal error": /fails: defect fatal/,
    "a loss after a buffered answer": / is lost$/,
    "an export that is rejected in part or whole": /is answered but for/,
    "a flush that fails": /a flush ends in vain/,
    "a close that fails": /close of group commit/,
  };
  const seen = new Set<string>();
  for (let seed = 1; seed <= 200; seed += 1) {
    const trace = (await simulate(seed)).trace.join("\n");
    for (const [name, line] of Object.entries(expected))
      if (new RegExp(line, "m").test(trace)) seen.add(name);
  }
  assert.equal([...seen].sort(), Object.keys(expected).sort());
});

test.run();
