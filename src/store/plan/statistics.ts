import type { OpenGroup } from "./open-group.ts";

/** A number that a group of measurements has. NaN where it has none, as the average of nothing. */
export interface Statistic {
  readonly name: string;
  /** What of a rollup's row it needs besides the count. */
  readonly needs: "count" | "outcomes" | "values" | "durations" | "quantiles";
  readonly of: (group: OpenGroup, seconds: number) => number;
}

const FIXED: readonly Statistic[] = [
  { name: "count", needs: "count", of: (group) => group.count },
  { name: "rate", needs: "count", of: (group, seconds) => group.count / seconds },
  { name: "sum", needs: "values", of: (group) => group.sumValue },
  { name: "avg", needs: "values", of: (group) => group.sumValue / group.count },
  { name: "min", needs: "values", of: (group) => (group.count === 0 ? Number.NaN : group.minValue) },
  { name: "max", needs: "values", of: (group) => (group.count === 0 ? Number.NaN : group.maxValue) },
  { name: "successes", needs: "outcomes", of: (group) => group.successCount },
  { name: "errors", needs: "outcomes", of: (group) => group.failureCount },
  {
    name: "error_rate",
    needs: "outcomes",
    of: ({ failureCount, successCount }) => failureCount / (failureCount + successCount),
  },
  { name: "duration_avg", needs: "durations", of: (group) => group.sumDurationMs / group.durationCount },
  { name: "duration_count", needs: "durations", of: (group) => group.durationCount },
];

const BY_NAME: ReadonlyMap<string, Statistic> = new Map(
  FIXED.map((statistic) => [statistic.name, statistic]),
);

/** For error messages. */
export const STATISTIC_NAMES = `${[...BY_NAME.keys()].join(", ")} or p0 to p100`;

/** The statistic of that name; undefined when there is none. */
export function parseStatistic(name: string): Statistic | undefined {
  const fixed = BY_NAME.get(name);
  if (fixed !== undefined) return fixed;
  const percent = /^p(\d{1,3}(?:\.\d{1,6})?)$/.exec(name)?.[1];
  const rank = Number(percent ?? Number.NaN) / 100;
  if (!(rank <= 1)) return undefined;
  return { name, needs: "quantiles", of: (group) => group.durations?.quantile(rank) ?? Number.NaN };
}
