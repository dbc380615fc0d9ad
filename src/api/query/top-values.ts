import { askerOf, type Call } from "../../access/call.ts";
import type { AggregateAnswer } from "../../store/queries.ts";
import type { QueryDeps } from "./deps.ts";
import { checkDimension, readSelection, type SelectionRequest } from "./selection.ts";
import { readStatistics } from "./statistics.ts";
import { QueryViolations } from "./violations.ts";

/** Which values of a dimension to rank, and by what. */
export interface TopValuesRequest extends SelectionRequest {
  /** By its name; metrics without a value of it are left out. */
  readonly dimension: string;
  /** The statistic that ranks; empty: count. */
  readonly by: string;
  /** 0: ten. */
  readonly limit: number;
  /** Further statistics to show. */
  readonly statistics: readonly string[];
}

/** Rows of statistics, by name. */
export interface RowsAnswer extends Pick<AggregateAnswer, "range" | "sources"> {
  /** Of the highest rank first; statistics that have no value are NaN. */
  readonly rows: readonly { readonly name: string; readonly statistics: Readonly<Record<string, number>> }[];
}

/** The values of a dimension that have most of something. */
export type TopValues = (call: Call, request: TopValuesRequest, signal: AbortSignal) => Promise<RowsAnswer>;

/** Rows where the request does not say how many. */
const LIMIT = 10;
/** Rows that a request may ask for. */
const LIMIT_MAX = 100;
/** Values that are ranked; more are rejected by the store, for a ranking of some would be wrong. */
const RANKED_MAX = 5_000;

/**
 * The values with the most of a statistic.
 *
 * @throws {ServiceError} `validation_failed`, and what `QueryStore` throws.
 */
export function createTopValues({ store, clock }: QueryDeps): TopValues {
  return async (call, request, signal) => {
    const violations = new QueryViolations();
    const { selection, dimensions } = readSelection(request, call.principal, clock.wallMs(), violations);
    const { dimension, limit } = request;
    checkDimension("dimension", dimension, dimensions, violations);
    const [by = "count"] = readStatistics([request.by || "count"], "by", violations);
    const shown = readStatistics(request.statistics, "statistics", violations);
    if (!(Number.isInteger(limit) && limit >= 0 && limit <= LIMIT_MAX)) {
      violations.add("limit", "out_of_range", `must be a whole number from 0 to ${LIMIT_MAX}, not ${limit}`);
    }
    violations.throwIfAny();
    const statistics = [...new Set([by, ...shown])];
    const { range, groups, sources } = await store.aggregate(
      {
        ...selection,
        filters: [...selection.filters, { dimension, values: [""], isNegated: true }],
        stepMs: undefined,
        groupBy: [dimension],
        statistics,
        groupsMax: RANKED_MAX,
        top: limit || LIMIT,
      },
      askerOf(call, signal),
    );
    return { range, rows: groups.map(({ labels, values }) => toRow(labels, values, statistics)), sources };
  };
}

/** A group of an aggregate as a row. */
export function toRow(labels: readonly string[], values: Float64Array, statistics: readonly string[]) {
  return { name: labels[0] ?? "", statistics: valuesByName(values, statistics) };
}

/** The values of a group, by the names of its statistics. */
export function valuesByName(values: Float64Array, statistics: readonly string[]): Record<string, number> {
  return Object.fromEntries(statistics.map((name, index) => [name, values[index] ?? Number.NaN]));
}
