import { askerOf, type Call } from "../../access/call.ts";
import type { QueryDeps } from "./deps.ts";
import { readSelection, type SelectionRequest } from "./selection.ts";
import { readStatistics } from "./statistics.ts";
import { type RowsAnswer, toRow, valuesByName } from "./top-values.ts";
import { QueryViolations } from "./violations.ts";

/** Which statistics, of which metrics, a row for each service or type. */
export interface SummaryRequest extends SelectionRequest {
  /** What a row stands for; undefined: nothing we know. */
  readonly group: "service" | "type" | undefined;
  /** None: those of `BY_DEFAULT`. */
  readonly statistics: readonly string[];
}

/** A row for each service or type, and one for all. */
export interface SummaryAnswer extends RowsAnswer {
  /** Over all rows; empty without any. */
  readonly totals: Readonly<Record<string, number>>;
}

/** Statistics of services or of types, side by side. */
export type Summary = (call: Call, request: SummaryRequest, signal: AbortSignal) => Promise<SummaryAnswer>;

/** Statistics where the request names none. */
const BY_DEFAULT = ["count", "rate", "error_rate", "duration_avg", "p50", "p95", "p99"];
/** Rows of an answer; more are rejected by the store. */
const ROWS_MAX = 1_000;

/** A row a service or type. @throws {ServiceError} `validation_failed`, and what `QueryStore` throws. */
export function createSummary({ store, clock }: QueryDeps): Summary {
  return async (call, request, signal) => {
    const violations = new QueryViolations();
    const { selection } = readSelection(request, call.principal, clock.wallMs(), violations);
    const names = request.statistics.length === 0 ? BY_DEFAULT : request.statistics;
    const statistics = readStatistics(names, "statistics", violations);
    const { group = "service" } = request;
    if (request.group === undefined) violations.add("group", "unknown", "must be a service or a type");
    violations.throwIfAny();
    const query = { ...selection, stepMs: undefined, groupBy: [group], statistics, groupsMax: ROWS_MAX };
    const { range, groups, totals, sources } = await store.aggregate(
      { ...query, withTotals: true },
      askerOf(call, signal),
    );
    return {
      range,
      rows: groups.map(({ labels, values }) => toRow(labels, values, statistics)),
      totals: totals === undefined ? {} : valuesByName(totals, statistics),
      sources,
    };
  };
}
