import { durationFromMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { FilterOperator } from "../../../gen/mcp/metrics/v1/query_service_pb.js";
import { FILTER_DIMENSIONS, isSubjectList, SUBJECTS } from "../state/page-state.ts";
import { resolveRange, stepOf } from "../state/time-range.ts";
export function scopeOf(state, nowMs) {
  const range = resolveRange(state.range, nowMs);
  const conditions = conditionsOf(state);
  const { eventType, outcome, order } = state;
  const key = JSON.stringify([state.range, conditions, eventType, outcome, order]);
  return { range, stepMs: stepOf(range), nowMs, conditions, key };
}
/** The filters, and on a subject's own page the subject. */
function conditionsOf({ view, subject, filters }) {
  const conditions = FILTER_DIMENSIONS.flatMap((dimension) => {
    const value = filters[dimension];
    return value === undefined ? [] : [{ dimension, value }];
  });
  if (subject === undefined || !isSubjectList(view)) return conditions;
  const { dimension } = SUBJECTS[view];
  return [...conditions.filter((one) => one.dimension !== dimension), { dimension, value: subject }];
}
/** What every query says of its metrics. */
export function toSelection(scope, types = []) {
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
export const toTimeRange = ({ startMs, endMs }) => ({
  start: timestampFromMs(startMs),
  end: timestampFromMs(endMs),
});
export const toStep = durationFromMs;
