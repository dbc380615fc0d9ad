import type { MetricType } from "../../../gen/mcp/metrics/v1/query_service_pb.js";
import type { Api } from "../api/api.ts";
import { readFailure } from "../api/failure.ts";

/**
 * The metric types that the service accepts, so that the page needs no list of its own: a type that is added
 * to the service's catalogue appears in the page without a change here.
 */
export interface MetricTypes {
  /** In the catalogue's order; none until `load` has succeeded once. */
  readonly known: readonly MetricType[];
  /** Why the last call failed; undefined where there was none, or it succeeded. */
  readonly failure: string | undefined;
  /**
   * Ask the service, unless it has answered before: the catalogue is fixed while the service runs. Never
   * rejects. After a failure `known` stays empty, and the next call asks again.
   */
  load(): Promise<void>;
}

export function createMetricTypes({ query }: Pick<Api, "query">): MetricTypes {
  let known: readonly MetricType[] = [];
  let failure: string | undefined;
  return {
    get known() {
      return known;
    },
    get failure() {
      return failure;
    },
    async load() {
      if (known.length > 0) return;
      try {
        ({ types: known } = await query.listMetricTypes({}));
        failure = undefined;
      } catch (error) {
        // A page without the list still works, and says what is missing where it offers the types.
        failure = readFailure(error).text;
      }
    },
  };
}

/**
 * Whether metrics of a type can be filtered by a dimension. Assumed as long as the type is not known, so
 * that nothing is claimed about it.
 */
export function hasDimension(
  { known }: Pick<MetricTypes, "known">,
  type: string,
  dimension: string,
): boolean {
  const found = known.find(({ name }) => name === type);
  return found === undefined || dimension === "service" || found.dimensions.includes(dimension);
}
