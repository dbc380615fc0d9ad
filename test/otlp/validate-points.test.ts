import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { DataPoint, PointData } from "../../src/otlp/data-point.ts";
import { dataPoint, explicit, explicitOf } from "./points.ts";
import { NOW_NS, Store } from "./store.ts";

type Step =
  | { readonly do: "record"; readonly values: readonly number[] }
  | { readonly do: "restart" }
  /** Another process under the same name takes over, and back. */
  | { readonly do: "switch" }
  /** Points exported so far, by their number from the newest; a lost commit is one that failed. */
  | { readonly do: "deliver"; readonly points: readonly number[]; readonly isLost: boolean };

const steps = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constant("record" as const),
      values: fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 5 }),
    }),
    fc.record({ do: fc.constantFrom("restart" as const, "switch" as const) }),
    fc.record({
      do: fc.constant("deliver" as const),
      points: fc.array(fc.nat(12), { minLength: 1, maxLength: 6 }),
      isLost: fc.boolean(),
    }),
  ),
  { maxLength: 40 },
);

interface Life {
  readonly startNs: bigint;
  readonly values: number[];
  newest: DataPoint | undefined;
}

/** Runs the steps; every life's newest point arrives in the end, as an SDK that lives goes on exporting. */
async function play(all: readonly Step[], read: (values: readonly number[]) => PointData) {
  const store = new Store();
  let time = NOW_NS;
  const begin = (): Life => ({ startNs: ++time, values: [], newest: undefined });
  const lives = [begin(), begin()];
  let current = 0;
  const exported: DataPoint[] = [];
  for (const step of all) {
    const life = lives[current] as Life;
    if (step.do === "record") {
      life.values.push(...step.values);
      life.newest = dataPoint(read(life.values), { startNs: life.startNs, timeNs: ++time });
      exported.unshift(life.newest);
    } else if (step.do === "restart") current = lives.push(begin()) - 1;
    else if (step.do === "switch") current = (current + 1) % lives.length;
    else {
      const validated = await store.validate(
        step.points.flatMap((index) => exported[index] ?? []),
        100,
      );
      assert.equal(validated.rejected, []);
      if (!step.isLost) store.commit(validated);
    }
  }
  for (const { newest } of lives) if (newest !== undefined) store.commit(await store.validate([newest], 100));
  return { store, values: lives.flatMap(({ values }) => values) };
}

const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

test("a counter's total is right whatever is lost, late, repeated or restarted on the way", async () => {
  const read = (values: readonly number[]): PointData => {
    return { kind: "sum", temporality: "cumulative", isMonotonic: true, value: total(values) };
  };
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const { store, values } = await play(all, read);
      assert.is(store.sum, total(values));
    }),
    { numRuns: 300 },
  );
});

test("a histogram's count and sum are too", async () => {
  const read = (values: readonly number[]): PointData => {
    return { ...explicitOf(values, [10, 100]), temporality: "cumulative" };
  };
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const { store, values } = await play(all, read);
      assert.equal([store.count, store.sum], [values.length, total(values)]);
    }),
    { numRuns: 300 },
  );
});

const counter = (value: number, changes: Partial<DataPoint> = {}) =>
  dataPoint(
    { kind: "sum", temporality: "cumulative", isMonotonic: true, value },
    { timeNs: NOW_NS, ...changes },
  );

test("a series that began before it was first looked at counts from its first point on", async () => {
  for (const startNs of [0n, NOW_NS]) {
    const store = new Store();
    store.commit(await store.validate([counter(40, { startNs })]));
    assert.is(store.sum, 0);
    store.commit(await store.validate([counter(42, { startNs, timeNs: NOW_NS + 1n })]));
    assert.is(store.sum, 2);
  }
});

test("a value that is rejected is not made up for by the next one", async () => {
  const store = new Store();
  const first = await store.validate([counter(3e12)]);
  assert.is(first.rejected[0]?.violations[0]?.reason, "out_of_range");
  store.commit(first);
  store.commit(await store.validate([counter(3e12 + 5, { timeNs: NOW_NS + 1n })]));
  assert.is(store.sum, 5);
});

test("a point that is rejected for anything else is made up for", async () => {
  const store = new Store();
  const ahead = counter(7, { timeNs: NOW_NS + 3_600_000_000_000n });
  const validated = await store.validate([ahead]);
  assert.is(validated.rejected[0]?.violations[0]?.reason, "too_far_in_the_future");
  store.commit(validated);
  store.commit(await store.validate([counter(8)]));
  assert.is(store.sum, 8);
});

test("of two points at one instant the one that says more is counted, and no other again", async () => {
  const store = new Store();
  for (const value of [3, 5, 4, 5, 3]) store.commit(await store.validate([counter(value)]));
  assert.is(store.sum, 5);
});

test("series beyond the limit are rejected, and those that are known go on", async () => {
  const store = new Store();
  const [one, other] = ["one", "other"].map((name) => counter(1, { attributes: new Map([["name", name]]) }));
  assert.ok(one && other);
  const validated = await store.validate([one, other], 1);
  assert.equal(
    validated.rejected.map(({ violations }) => violations[0]?.reason),
    ["too_many_series"],
  );
  store.commit(validated);
  const grown = { ...one, timeNs: NOW_NS + 1n, data: { ...one.data, value: 4 } as PointData };
  store.commit(await store.validate([grown], 0));
  assert.is(store.sum, 4);
});

test("the end of a series is neither stored nor rejected, and what it counted goes on", async () => {
  const store = new Store();
  store.commit(await store.validate([counter(5)]));
  const ends = [
    dataPoint({ kind: "no recorded value" }, { timeNs: NOW_NS + 1n }),
    dataPoint({ kind: "no recorded value" }, { timeNs: 0n, instrument: { name: "", unit: "", scope: "" } }),
  ];
  const { measurements, rejected, leftOut, counted } = await store.validate(ends);
  assert.equal([measurements, rejected, leftOut, counted.size], [[], [], [], 0]);
  store.commit(await store.validate([counter(7, { timeNs: NOW_NS + 2n })]));
  assert.is(store.sum, 7);
});

test("a late point is no reset, and an early one that fell is", async () => {
  const store = new Store();
  const histogram = (values: readonly number[]): PointData => {
    return { ...explicitOf(values, [10, 100]), temporality: "cumulative" };
  };
  const at = (values: readonly number[], after: bigint) =>
    dataPoint(histogram(values), { timeNs: NOW_NS + after });
  store.commit(await store.validate([at([5, 50], 10n)]));
  store.commit(await store.validate([at([5], 5n), at([3, 3, 3, 3], 7n)]));
  assert.equal([store.count, store.sum], [2, 55]);
  store.commit(await store.validate([at([7, 7], 11n), at([7, 7, 7], 12n)]));
  assert.equal([store.count, store.sum], [5, 76]);
});

test("durations whose sum fell have begun anew, and no value of another kind has", async () => {
  for (const [unit, name, wanted] of [
    ["ms", "calls", [1, 4]],
    ["", "mcp.server.operation.duration", [1, 4]],
    ["By", "calls", [1, 3]],
  ] as const) {
    const store = new Store();
    const instrument = { name, unit, scope: "" };
    const counts: number[] = [];
    for (const [count, sum] of [
      [1, 100],
      [4, 20],
    ] as const) {
      const data: PointData = { ...explicit({ count, sum }), temporality: "cumulative" };
      const validated = await store.validate([
        dataPoint(data, { instrument, timeNs: NOW_NS + BigInt(count) }),
      ]);
      counts.push(...validated.measurements.map(({ distribution }) => distribution?.count ?? 1));
      store.commit(validated);
    }
    assert.equal(counts, wanted, `${name} ${unit}`);
  }
});

test("a level is stored as it is, and nothing new makes no row", async () => {
  const store = new Store();
  const level: PointData = { kind: "sum", temporality: "cumulative", isMonotonic: false, value: 0 };
  const points = [dataPoint(level, { timeNs: NOW_NS }), dataPoint({ kind: "gauge", value: 0 }), counter(0)];
  const none = dataPoint(explicit(), { timeNs: NOW_NS });
  const nothing = [true, false].map((isMonotonic) =>
    dataPoint({ kind: "sum", temporality: "delta", isMonotonic, value: 0 }),
  );
  const { measurements, rejected } = await store.validate([...points, none, ...nothing]);
  assert.equal(
    measurements.map(({ value }) => value),
    [0, 0],
  );
  assert.equal(rejected, []);
});

test.run();
