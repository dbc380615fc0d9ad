import { askerOf, type Call } from "../../access/call.ts";
import { DAY_MS, MINUTE_MS } from "../../lib/time.ts";
import type { SourceUse, TimeRange } from "../../store/queries.ts";
import type { QueryDeps } from "./deps.ts";
import { checkDimension, readSelection, type SelectionRequest } from "./selection.ts";
import { readStatistics } from "./statistics.ts";
import { QueryViolations } from "./violations.ts";

/** Which statistics, of which metrics, in which steps. */
export interface QuerySeriesRequest extends SelectionRequest {
  /** Undefined: chosen by the length of the range. */
  readonly stepMs: number | undefined;
  /** Dimensions; each combination of their values is a series. None: one series of all. */
  readonly groupBy: readonly string[];
  /** Such as `count`, `error_rate` and `p95`; at least one. */
  readonly statistics: readonly string[];
}

/** Series with one value a step and statistic. */
export interface SeriesAnswer {
  /** Widened to whole steps. */
  readonly range: TimeRange;
  /** As asked for or chosen. */
  readonly stepMs: number;
  /** Steps of the range. */
  readonly points: number;
  /** By what tells them apart; a step without metrics is NaN where a statistic has no value of nothing. */
  readonly series: readonly {
    readonly labels: readonly (readonly [dimension: string, value: string])[];
    readonly columns: readonly { readonly statistic: string; readonly values: Float64Array }[];
  }[];
  /** Which tables answered which part of the range. */
  readonly sources: readonly SourceUse[];
}

/** Statistics over time. */
export type QuerySeries = (
  call: Call,
  request: QuerySeriesRequest,
  signal: AbortSignal,
) => Promise<SeriesAnswer>;

/** Dimensions that series may be told apart by. */
const GROUP_BY_MAX = 5;
/** Series of an answer; more are rejected by the store. */
const SERIES_MAX = 1_000;
/** Steps of a series, as Prometheus bounds its range queries. */
const POINTS_MAX = 11_000;
/** What a chart can show; the step is chosen to give no more. */
const POINTS_BY_DEFAULT = 200;
/** Steps that are chosen where the request names none; beyond a week, whole days. */
const DEFAULT_STEPS_MS = [1, 5, 15, 60, 360, 1440, 10_080].map((minutes) => minutes * MINUTE_MS);

/** Statistics over time. @throws {ServiceError} `validation_failed`, and what `QueryStore` throws. */
export function createQuerySeries({ store, clock }: QueryDeps): QuerySeries {
  return async (call, request, signal) => {
    const violations = new QueryViolations();
    const { selection, dimensions } = readSelection(request, call.principal, clock.wallMs(), violations);
    const groupBy = readGroupBy(request.groupBy, dimensions, violations);
    const statistics = readStatistics(request.statistics, "statistics", violations);
    if (request.statistics.length === 0) violations.add("statistics", "missing", "at least 1 is required");
    const stepMs = request.stepMs ?? defaultStep(selection.range);
    checkStep(stepMs, selection.range, violations);
    violations.throwIfAny();
    const query = { ...selection, stepMs, groupBy, statistics, groupsMax: SERIES_MAX };
    const { range, groups, sources } = await store.aggregate(query, askerOf(call, signal));
    const points = Math.round((range.endMs - range.startMs) / stepMs);
    const series = groups.map(({ labels, values }) => ({
      labels: groupBy.map((dimension, index) => [dimension, labels[index] ?? ""] as const),
      columns: statistics.map((statistic, column) => ({
        statistic,
        values: values.subarray(column * points, (column + 1) * points),
      })),
    }));
    return { range, stepMs, points, series, sources };
  };
}

/** Dimensions, each once; those that no type of the query has are noted. */
function readGroupBy(names: readonly string[], dimensions: readonly string[], violations: QueryViolations) {
  if (names.length > GROUP_BY_MAX) {
    violations.add("group_by", "too_many", `${names.length} dimensions, at most ${GROUP_BY_MAX}`);
  } else for (const name of names) checkDimension("group_by", name, dimensions, violations);
  return [...new Set(names)];
}

/** The finest of the steps that a chart can show. */
function defaultStep({ startMs, endMs }: TimeRange): number {
  const found = DEFAULT_STEPS_MS.find((stepMs) => (endMs - startMs) / stepMs <= POINTS_BY_DEFAULT);
  return found ?? Math.ceil((endMs - startMs) / POINTS_BY_DEFAULT / DAY_MS) * DAY_MS;
}

/** A step must be whole seconds, and the range hold no more of them than an answer may have points. */
function checkStep(stepMs: number, { startMs, endMs }: TimeRange, violations: QueryViolations): void {
  if (!(stepMs >= 1000 && Number.isInteger(stepMs / 1000))) {
    violations.add("step", "out_of_range", `must be whole seconds, at least 1, not ${stepMs / 1000}`);
    return;
  }
  const points = Math.ceil(endMs / stepMs) - Math.floor(startMs / stepMs);
  if (points <= POINTS_MAX) return;
  const shortest = Math.ceil((endMs - startMs) / (POINTS_MAX - 1) / 1000);
  const message = `makes ${points} points a series, at most ${POINTS_MAX}: use a step of at least ${shortest} s`;
  violations.add("step", "too_many", message);
}
