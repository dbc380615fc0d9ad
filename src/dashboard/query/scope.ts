import { durationFromMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { FilterOperator } from "../../../gen/mcp/metrics/v1/query_service_pb.js";
import { FILTER_DIMENSIONS, isSubjectList, type PageState, SUBJECTS } from "../state/page-state.ts";
import { DIRECTORY_PERIODS, type ResolvedRange, resolveRange, stepOf } from "../state/time-range.ts";

/** What a page's panels ask for: when, and of what. */
export interface QueryScope {
  readonly range: ResolvedRange;
  readonly stepMs: number;
  /** When it was asked: the step this falls into is not over yet. */
  readonly nowMs: number;
  readonly conditions: readonly FilterCondition[];
  /** The same for two scopes that ask the same, however time went on between them. */
  readonly key: string;
}

export interface FilterCondition {
  readonly dimension: string;
  readonly value: string;
}

export function scopeOf(state: PageState, nowMs: number): QueryScope {
  const range = rangeOf(state, nowMs);
  const conditions = conditionsOf(state);
  const { eventType, outcome, order, period } = state;
  const key = JSON.stringify([state.range, conditions, eventType, outcome, order, period]);
  return { range, stepMs: stepOf(range), nowMs, conditions, key };
}

/** The directory has periods of its own. */
function rangeOf({ view, range, period }: PageState, nowMs: number): ResolvedRange {
  if (view !== "directory") return resolveRange(range, nowMs);
  return { startMs: nowMs - DIRECTORY_PERIODS[period].lengthMs, endMs: nowMs };
}

/** The filters, and on a subject's own page the subject. */
function conditionsOf({ view, subject, filters }: PageState): readonly FilterCondition[] {
  const conditions: FilterCondition[] = FILTER_DIMENSIONS.flatMap((dimension) => {
    const value = filters[dimension];
    return value === undefined ? [] : [{ dimension, value }];
  });
  if (subject === undefined || !isSubjectList(view)) return conditions;
  const { dimension } = SUBJECTS[view];
  return [...conditions.filter((one) => one.dimension !== dimension), { dimension, value: subject }];
}

/** What every query says of its metrics. */
export function toSelection(scope: QueryScope, types: readonly string[] = []) {
  return {
    types: [...types],
    range: toTimeRange(scope.range),
    filters: scope.conditions.map(({ dimension, value }) => ({
      dimension,
      operator: FilterOperator.EQUALS,
      values: [value],
    })),
  };
}

export const toTimeRange = ({ startMs, endMs }: ResolvedRange) => ({
  start: timestampFromMs(startMs),
  end: timestampFromMs(endMs),
});

export const toStep = durationFromMs;
