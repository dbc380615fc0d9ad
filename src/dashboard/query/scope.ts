import { durationFromMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { FilterOperator } from "../../../gen/mcp/metrics/v1/query_service_pb.js";
import { FILTER_DIMENSIONS, isSubjectList, type PageState, SUBJECTS } from "../state/page-state.ts";
import { DIRECTORY_PERIODS, type ResolvedRange, resolveRange, stepOf } from "../state/time-range.ts";

/**
 * The time and the filters of a page at the moment it loads. All its panels ask with the same one, so that
 * their numbers are about the same metrics.
 */
export interface QueryScope {
  /** Resolved to points in time, also where the page shows "the last hour". */
  readonly range: ResolvedRange;
  /** Milliseconds between two points of a series; chosen to suit the length of the range. */
  readonly stepMs: number;
  /** When the load began, in milliseconds since 1970: the step that this falls into is not over yet. */
  readonly nowMs: number;
  /** All of them must hold. */
  readonly conditions: readonly FilterCondition[];
  /** The metric types of what has none of its own; none means all. */
  readonly types: readonly string[];
  /**
   * The same for two scopes that ask the same question, however much time passed between them: two loads of
   * "the last hour" have one key. Panels decide by it whether what they show answers what is asked.
   */
  readonly key: string;
}

/** A dimension has a value. The page sets no other kinds of filters. */
export interface FilterCondition {
  readonly dimension: string;
  readonly value: string;
}

/** @param nowMs the end of ranges that end now, in milliseconds since 1970 */
export function scopeOf(state: PageState, nowMs: number): QueryScope {
  const range = rangeOf(state, nowMs);
  const conditions = conditionsOf(state);
  const { metricType, outcome, order, period, zone } = state;
  // The zone asks for nothing else, and yet everything that shows a time is to be drawn again in another one.
  const key = JSON.stringify([state.range, conditions, metricType, outcome, order, period, zone]);
  const types = metricType === undefined ? [] : [metricType];
  return { range, stepMs: stepOf(range), nowMs, conditions, types, key };
}

/** The directory has periods of its own, which end now; all other views have the range of the address. */
function rangeOf({ view, range, period }: PageState, nowMs: number): ResolvedRange {
  if (view !== "directory") return resolveRange(range, nowMs);
  return { startMs: nowMs - DIRECTORY_PERIODS[period].lengthMs, endMs: nowMs };
}

/**
 * The filters; on the page of a tool, service, server or client, that one takes the place of a filter on the
 * same dimension.
 */
function conditionsOf({ view, subject, filters }: PageState): readonly FilterCondition[] {
  const conditions: FilterCondition[] = FILTER_DIMENSIONS.flatMap((dimension) => {
    const value = filters[dimension];
    return value === undefined ? [] : [{ dimension, value }];
  });
  if (subject === undefined || !isSubjectList(view)) return conditions;
  const { dimension } = SUBJECTS[view];
  return [...conditions.filter((one) => one.dimension !== dimension), { dimension, value: subject }];
}

/**
 * The part that all requests of QueryService have in common.
 *
 * @param types metric types; none means all. By default those of the page
 */
export function toSelection(scope: QueryScope, types: readonly string[] = scope.types) {
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

/** The protobuf message: from `startMs`, before `endMs`. */
const toTimeRange = ({ startMs, endMs }: ResolvedRange) => ({
  start: timestampFromMs(startMs),
  end: timestampFromMs(endMs),
});

/** The protobuf message for a step in milliseconds. */
export const toStep = durationFromMs;
