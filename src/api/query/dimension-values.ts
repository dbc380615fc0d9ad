import { askerOf, type Call } from "../../access/call.ts";
import { LIMITS } from "../../catalogue/limits.ts";
import { codePoints } from "../../ingest/text.ts";
import type { AggregateAnswer } from "../../store/queries.ts";
import type { QueryDeps } from "./deps.ts";
import { readPageSize, readPageToken, writePageToken } from "./page-token.ts";
import { checkDimension, readSelection, type SelectionRequest } from "./selection.ts";
import { QueryViolations } from "./violations.ts";

/** Which values of a dimension to list. */
export interface DimensionValuesRequest extends SelectionRequest {
  /** By its name, such as `tool`. */
  readonly dimension: string;
  /** What values must begin with; "" for all. */
  readonly prefix: string;
  /** 0: a hundred. */
  readonly pageSize: number;
  /** Of the page before; "" for the first. */
  readonly pageToken: string;
}

/** A page of the values that were seen in the range. */
export interface DimensionValuesAnswer extends Pick<AggregateAnswer, "range" | "sources"> {
  /** In the order of their code units, each with how many metrics had it. */
  readonly values: readonly { readonly value: string; readonly count: number }[];
  /** Empty at the end. */
  readonly nextPageToken: string;
}

/** The values that a dimension had, a page at a time. */
export type ListDimensionValues = (
  call: Call,
  request: DimensionValuesRequest,
  signal: AbortSignal,
) => Promise<DimensionValuesAnswer>;

/** Values that are read at most; with more, the query must be filtered further. */
const VALUES_MAX = 50_000;
/** The position of a page is the last value of the page before. */
const isText = (value: unknown): value is string => typeof value === "string";

/** The values of a dimension. @throws {ServiceError} `validation_failed`, and what `QueryStore` throws. */
export function createListDimensionValues({ store, clock }: QueryDeps): ListDimensionValues {
  return async (call, request, signal) => {
    const violations = new QueryViolations();
    const { dimension, prefix, pageToken, pageSize: _, ...rest } = request;
    const same = { dimension, prefix, ...rest };
    const page = readPageToken(pageToken, same, call.principal, isText, violations);
    const asked = page === undefined ? request : { ...request, range: page.range };
    const { selection, dimensions } = readSelection(asked, call.principal, clock.wallMs(), violations);
    checkDimension("dimension", dimension, dimensions, violations);
    const pageSize = readPageSize(request.pageSize, violations);
    if (codePoints(prefix) > LIMITS.DIMENSION_VALUE_LENGTH_MAX) {
      violations.add("prefix", "too_long", `longer than ${LIMITS.DIMENSION_VALUE_LENGTH_MAX} code points`);
    }
    violations.throwIfAny();
    const { range, groups, sources } = await store.aggregate(
      {
        ...selection,
        filters: [...selection.filters, { dimension, values: [""], isNegated: true }],
        stepMs: undefined,
        groupBy: [dimension],
        statistics: ["count"],
        groupsMax: VALUES_MAX,
      },
      askerOf(call, signal),
    );
    const left = groups
      .map(({ labels, values }) => ({ value: labels[0] ?? "", count: values[0] ?? 0 }))
      .filter(({ value }) => value.startsWith(prefix) && (page === undefined || value > page.position));
    const values = left.slice(0, pageSize);
    const last = values.at(-1);
    const hasMore = last !== undefined && values.length < left.length;
    const next = { range: selection.range, position: last?.value };
    const nextPageToken = hasMore ? writePageToken(same, call.principal, next) : "";
    return { values, nextPageToken, range, sources };
  };
}
