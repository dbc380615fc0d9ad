import {
  type QuerySeriesResponse,
  SummaryGroup,
  type SummaryResponse,
  type TopValuesResponse,
} from "../../../gen/mcp/metrics/v1/query_service_pb.js";
import type { Api } from "../api/api.ts";
import { coveredSeconds } from "../query/coverage.ts";
import { type QueryScope, toSelection, toStep } from "../query/scope.ts";

/** What a chart asks; time and filters are the page's. */
interface ChartQuery {
  /** Metric types; undefined: that of the page. */
  readonly types: readonly string[] | undefined;
  /** Dimensions; a series comes back for each combination of their values. Absent: one series. */
  readonly groupBy?: readonly string[];
  /** Names as in `query_service.proto`. */
  readonly statistics: readonly string[];
  /** The dimension whose values have a line each. Absent: the lines are of all values together. */
  readonly lineFor?: string;
}

/**
 * The steps of a chart, and the same over the page's whole time, for its legend. That is asked for and not added up:
 * steps reach beyond the ends of the time, and no percentile follows from those of its parts. So a legend says what
 * the tiles say.
 */
export interface Charted {
  readonly steps: QuerySeriesResponse;
  readonly whole: SummaryResponse;
  /** Of each value, most frequent first; undefined where lines are of all together. */
  readonly values: TopValuesResponse | undefined;
}

/** Values of which the whole time is asked for: as many as the service ranks at once. */
const VALUES_MAX = 100;

/** A panel's query: asks for the page's time, whole, and in steps that suit a chart's width. */
export function queryCharted({ types, groupBy = [], statistics, lineFor }: ChartQuery) {
  return async ({ query }: Api, scope: QueryScope, signal: AbortSignal): Promise<Charted> => {
    const asked = { ...toSelection(scope, types), statistics: [...statistics] };
    const ranking = { ...asked, dimension: lineFor ?? "", by: "count", limit: VALUES_MAX };
    const [steps, whole, values] = await Promise.all([
      query.querySeries({ ...asked, step: toStep(scope.stepMs), groupBy: [...groupBy] }, { signal }),
      query.summary({ ...asked, group: SummaryGroup.TYPE }, { signal }),
      lineFor === undefined ? undefined : query.topValues(ranking, { signal }),
    ]);
    return { steps, whole, values };
  };
}

/** A statistic of all metrics of the whole time; NaN where there is none. */
export const wholeOf = ({ whole }: Pick<Charted, "whole">, statistic: string): number =>
  whole.totals[statistic] ?? Number.NaN;

/** A statistic of the metrics with a value, over the whole time; NaN where it is not known. */
export function wholeOfValue({ values }: Pick<Charted, "values">, value: string, statistic: string): number {
  return values?.rows.find((row) => row.value === value)?.statistics[statistic] ?? Number.NaN;
}

/**
 * How many metrics of the whole time each line stands for: those named after a value, "" being metrics without one,
 * and the one for the rest. NaN where too many values were sent to know.
 */
export function wholeCounts(
  charted: Pick<Charted, "whole" | "values">,
  lines: readonly (string | undefined)[],
) {
  const rows = charted.values?.rows ?? [];
  const all = wholeOf(charted, "count");
  const ranked = rows.reduce((sum, { statistics }) => sum + (statistics.count ?? 0), 0);
  const isComplete = rows.length < VALUES_MAX;
  const named = (value: string) => {
    if (value === "") return isComplete ? all - ranked : Number.NaN;
    const count = wholeOfValue(charted, value, "count");
    // A value that the steps have and the time has not is from just before its beginning, or after its end.
    return Number.isNaN(count) && isComplete ? 0 : count;
  };
  const rest = lines.reduce((left, value) => (value === undefined ? left : left - named(value)), all);
  return lines.map((value) => (value === undefined ? rest : named(value)));
}

/** Of the whole time, as much as has passed. */
export const wholeSeconds = ({ whole }: Pick<Charted, "whole">, nowMs: number): number =>
  coveredSeconds(whole.range, nowMs);
