/** Executions of tools, and bringing rollups up to date. */
import * as assert from "uvu/assert";
import type { Distribution } from "../../src/catalogue/measurement.ts";
import { DAY_MS, HOUR_MS } from "../../src/lib/time.ts";
import { RELATIVE_ERROR } from "../../src/store/plan/sketch.ts";
import { WITHOUT_PAUSE } from "../../src/store/plan/steps.ts";
import type { AggregateAnswer, AggregateQuery } from "../../src/store/queries.ts";
import type { Store } from "../../src/store/store.ts";
import { NOW_MS } from "../support/time.ts";
import type { ModelAnswer } from "./aggregate-model.ts";
import { isOver, ofService, stopAfter } from "./store-tests.ts";
import { createSender } from "./submissions.ts";

export type Sender = ReturnType<typeof createSender>;

/** Sends to a store, and asks it for the executions of one service: those of the last day, unless told otherwise. */
export function createAsker(shared: () => Promise<Store>) {
  let made: Promise<Sender> | undefined;
  const sender = () => {
    made ??= shared().then(createSender);
    return made;
  };
  const aggregate = async (service: string, changes: Partial<AggregateQuery> = {}) =>
    (await shared()).queries.aggregate({
      types: ["tool_execution"],
      range: { startMs: NOW_MS - DAY_MS, endMs: NOW_MS },
      stepMs: undefined,
      groupBy: [],
      statistics: ["count"],
      groupsMax: 1000,
      ...changes,
      filters: [ofService(service), ...(changes.filters ?? [])],
    });
  const countOf = async (service: string, changes: Partial<AggregateQuery> = {}) =>
    (await aggregate(service, changes)).groups.map(({ labels, values }) => [...labels, values[0]]);
  return { sender, aggregate, countOf };
}

export const flush = ({ metrics }: Store) => metrics.flushRollups(NOW_MS, WITHOUT_PAUSE);
/** Bring some rollups up to date and leave the others. */
export const flushPartly = ({ metrics }: Store, steps: number) =>
  isOver(metrics.flushRollups(NOW_MS, stopAfter(steps)));

export function toModel({ groups }: AggregateAnswer, { statistics }: AggregateQuery): ModelAnswer {
  return Object.fromEntries(
    groups.map(({ labels, values }) => {
      const points = values.length / statistics.length;
      const columns = statistics.map((name, column) => [
        name,
        [...values.subarray(column * points, (column + 1) * points)],
      ]);
      return [labels.join(" | "), Object.fromEntries(columns)];
    }),
  );
}

/** Sums depend on their order; percentiles may be off by the error of a sketch; all else is exact. */
export function toleranceOf(name: string): number {
  if (name.startsWith("p")) return RELATIVE_ERROR + 1e-9;
  return ["sum", "avg", "duration_avg"].includes(name) ? 1e-9 : 0;
}

export function assertAlike(found: ModelAnswer, wanted: ModelAnswer): void {
  const problems: string[] = [];
  const groups = [found, wanted].map((answer) => Object.keys(answer).sort().join(", "));
  if (groups[0] !== groups[1]) problems.push(`groups ${groups[0]} instead of ${groups[1]}`);
  for (const [labels, columns] of Object.entries(wanted)) {
    for (const [name, points] of Object.entries(columns)) {
      const tolerance = toleranceOf(name);
      for (const [index, value] of points.entries()) {
        const other = found[labels]?.[name]?.[index] ?? Number.POSITIVE_INFINITY;
        const isClose = Math.abs(other - value) <= Math.abs(value) * tolerance + (tolerance && 1e-6);
        if (!isClose && !Object.is(other, value) && other !== value)
          problems.push(`${labels}: ${name}[${index}] is ${other}, not ${value}`);
      }
    }
  }
  // Not by a difference of objects: fast-check shows the message only.
  assert.ok(problems.length === 0, problems.join("; "));
}

export const tool = (name: string, changes: object = {}) => ({
  type: "tool_execution",
  value: 1,
  timestamp: NOW_MS - HOUR_MS,
  dimensions: { tool_name: name, success: true },
  ...changes,
});

export const distributionOf = (numbers: readonly number[]): Distribution => {
  const values = [...new Set(numbers)].sort((a, b) => a - b);
  const counts = values.map((value) => numbers.filter((each) => each === value).length);
  return { count: numbers.length, min: Math.min(...numbers), max: Math.max(...numbers), values, counts };
};
