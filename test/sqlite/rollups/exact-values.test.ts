/** Few values are kept as they are, so that their quantiles are exact; one more, and a sketch has them all. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DurationBins } from "../../../src/store/plan/duration-bins.ts";
import { EXACT_VALUES_MAX } from "../../../src/store/plan/nearest-rank.ts";
import { binOf, durationOfBin } from "../../../src/store/plan/sketch.ts";
import { ValueSample } from "../../../src/store/plan/value-sketch.ts";
import { plainQuantile } from "../../support/plain-quantile.ts";

const RANKS = [0, 0.25, 0.5, 0.99, 1];
const valuesOf = (length: number) => Array.from({ length }, (_, index) => 1.5 * (index + 1));

/** Every way in which values come to where they are kept. */
const KEEPERS: readonly {
  readonly name: string;
  readonly keep: (values: readonly number[]) => (rank: number) => number | undefined;
}[] = [
  {
    name: "durations one by one",
    keep(values) {
      const bins = new DurationBins();
      for (const value of values) bins.add(value);
      return (rank) => bins.quantile(rank);
    },
  },
  {
    name: "durations of a group that is used again",
    keep(values) {
      const bins = new DurationBins();
      for (const value of valuesOf(EXACT_VALUES_MAX + 1)) bins.add(value * 7);
      bins.clear();
      for (const value of values) bins.add(value);
      return (rank) => bins.quantile(rank);
    },
  },
  {
    name: "durations of two groups",
    keep(values) {
      const [bins, other] = [new DurationBins(), new DurationBins()];
      for (const [index, value] of values.entries()) (index % 3 === 0 ? bins : other).add(value);
      bins.addAll(other);
      return (rank) => bins.quantile(rank);
    },
  },
  {
    name: "values of a server",
    keep(values) {
      const sample = new ValueSample();
      for (const value of values) sample.add(value);
      return (rank) => sample.quantiles([rank])[0];
    },
  },
];

for (const { name, keep } of KEEPERS) {
  for (const length of [1, 2, EXACT_VALUES_MAX - 1, EXACT_VALUES_MAX, EXACT_VALUES_MAX + 1]) {
    const isExact = length <= EXACT_VALUES_MAX;
    test(`${name}: ${length} are ${isExact ? "as they were" : "bins of a sketch"}`, () => {
      const quantile = keep(valuesOf(length));
      for (const rank of RANKS) {
        const value = plainQuantile(valuesOf(length), rank);
        assert.is(quantile(rank), isExact ? value : durationOfBin(binOf(value)), `rank ${rank}`);
      }
    });
  }
}

for (const count of [1, EXACT_VALUES_MAX - 1, EXACT_VALUES_MAX, EXACT_VALUES_MAX + 1, 2 ** 40]) {
  for (const before of [0, 1]) {
    const isExact = before + count <= EXACT_VALUES_MAX;
    test(`${count} at once beside ${before} are ${isExact ? "as they were" : "bins of a sketch"}`, () => {
      const bins = new DurationBins();
      for (let added = 0; added < before; added += 1) bins.add(1.5);
      bins.add(1001.5, count);
      assert.is(bins.quantile(1), isExact ? 1001.5 : durationOfBin(binOf(1001.5)));
      assert.is(
        bins.quantile(0),
        before === 0 ? bins.quantile(1) : isExact ? 1.5 : durationOfBin(binOf(1.5)),
      );
    });
  }
}

test.run();
