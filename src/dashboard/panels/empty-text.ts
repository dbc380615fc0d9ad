import { hasDimension, type MetricTypes } from "../query/metric-types.ts";
import type { QueryScope } from "../query/scope.ts";

/**
 * Why a panel has nothing to show: because nothing happened, or because a filter is set on a dimension that
 * this metric type does not have.
 *
 * @param what the metrics in the plural, `authentications`
 * @param type the metric type that the panel shows
 */
export function emptyText(
  what: string,
  type: string,
  metricTypes: MetricTypes,
): (scope: QueryScope) => string {
  return ({ conditions }) => {
    const unknown = conditions.find(({ dimension }) => !hasDimension(metricTypes, type, dimension));
    return unknown === undefined
      ? `No ${what} in this time.`
      : `No ${what}: they are not told apart by ${unknown.dimension}.`;
  };
}
