/** Percentiles are the nearest rank: exact where few values are read, within 1 % where sketches are. */
import fc from "fast-check";
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { DAY_MS, HOUR_MS } from "../../src/lib/time.ts";
import { EXACT_VALUES_MAX } from "../../src/store/plan/nearest-rank.ts";
import { RELATIVE_ERROR } from "../../src/store/plan/sketch.ts";
import { plainQuantile } from "../support/plain-quantile.ts";
import { NOW_MS } from "../support/time.ts";
import { DAILY, openOwnServer, point } from "./directory-entries.ts";
import type { Engine } from "./engines.ts";
import { createAsker, flush, tool } from "./executions.ts";
import { askOf, ownName, sharedStore } from "./store-tests.ts";

const SHARES = [0, 0.01, 0.07, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1];
const STATISTICS = SHARES.map((share) => `p${Number((share * 100).toFixed(1))}`);
/** The first `length` numbers, each half as much again as one of them: no bin of a sketch has it as its middle. */
const firstOf = (length: number) => Array.from({ length }, (_, index) => 1.5 * (index + 1));
/** Two samples that a rank too low or too high tells from each other, the smallest ones, and the largest exact one. */
const EXAMPLES = [[20, 30_000], [20], [0], [1, 2, 3], firstOf(100), firstOf(EXACT_VALUES_MAX)];

const duration = fc.oneof(fc.nat(60_000), fc.double({ min: 0.001, max: 86_400_000, noNaN: true }));
const sample = (one: fc.Arbitrary<number>) => fc.array(one, { minLength: 1, maxLength: 200, size: "max" });

/** Compares each percentile of `SHARES` with the plain sort's; `error` is a share of it. */
export function assertPercentiles(found: Iterable<unknown>, values: readonly number[], error: number): void {
  const all = [...found].map(Number);
  assert.is(all.length, SHARES.length);
  for (const [index, share] of SHARES.entries()) {
    const wanted = plainQuantile(values, share);
    const isClose = Math.abs((all[index] ?? Number.NaN) - wanted) <= Math.abs(wanted) * error;
    assert.ok(isClose, `P${share * 100} of ${values.length} values is ${all[index]}, not ${wanted}`);
  }
}

export function percentilesContract(test: Test, engine: Engine): void {
  const shared = sharedStore(test, engine);
  const { sender } = createAsker(shared);

  test("of metrics: from raw rows, from what waits, from hours and from days", async () => {
    const range = { startMs: NOW_MS - DAY_MS, endMs: NOW_MS };
    const check = async (durations: readonly number[]) => {
      const [store, { submit }] = [await shared(), await sender()];
      const service = ownName();
      await submit({ service, metrics: durations.map((duration_ms) => tool("a", { duration_ms })) });
      for (let look = 0; look < 2; look += 1) {
        for (const [stepMs, isRaw] of [
          [HOUR_MS / 2, true],
          [HOUR_MS, false],
          [DAY_MS, false],
          [undefined, false],
        ] as const) {
          const found = await askOf(store, service, {
            range,
            stepMs,
            types: ["tool_execution"],
            statistics: STATISTICS,
          });
          const shown = (found[0] ?? []).filter((value) => !Number.isNaN(value));
          assertPercentiles(shown, durations, isRaw ? 0 : RELATIVE_ERROR + 1e-9);
        }
        await flush(store);
      }
    };
    for (const durations of EXAMPLES) await check(durations);
    await fc.assert(fc.asyncProperty(sample(duration), check), { numRuns: 15 });
  });

  test("of a server's values: from points, and from the days they add up to", async () => {
    const value = fc.oneof(
      fc.integer({ min: -1000, max: 1000 }),
      fc.double({ min: 1e-3, max: 1e9, noNaN: true }),
    );
    const check = async (values: readonly number[]) => {
      const { send, chart } = await openOwnServer(await shared());
      await send({ points: values.map((each) => point(each)) });
      for (const [asked, error] of [
        [{ stepMs: HOUR_MS }, 0],
        [DAILY, RELATIVE_ERROR + 1e-9],
      ] as const) {
        const { lines } = await chart({ ...asked, quantiles: SHARES });
        assertPercentiles(lines[0]?.points[0]?.quantiles ?? [], values, error);
      }
    };
    for (const values of [...EXAMPLES, [-3, -2, 5]]) await check(values);
    await fc.assert(fc.asyncProperty(sample(value), check), { numRuns: 15 });
  });
}
