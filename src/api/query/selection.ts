import type { Principal } from "../../access/call.ts";
import { findMetricType, METRIC_TYPES } from "../../catalogue/catalogue.ts";
import type { MetricType } from "../../catalogue/definition.ts";
import { LIMITS } from "../../catalogue/limits.ts";
import { codePoints } from "../../ingest/text.ts";
import { storableText } from "../../lib/storable-text.ts";
import { HOUR_MS } from "../../lib/time.ts";
import { dimensionNames } from "../../store/plan/dimension-names.ts";
import type { Filter, Selection, TimeRange } from "../../store/queries.ts";
import type { QueryViolations } from "./violations.ts";

/** What every query says of the metrics it is about, not yet checked. */
export interface SelectionRequest {
  /** None: all. */
  readonly types: readonly string[];
  /** ms since 1970 UTC; an absent end is now, an absent start an hour before the end. */
  readonly range: { readonly startMs: number | undefined; readonly endMs: number | undefined };
  /** All must hold. */
  readonly filters: readonly FilterRequest[];
}

/** What the value of a dimension must be. */
export interface FilterRequest {
  /** By its name, such as `service`. */
  readonly dimension: string;
  /** Undefined: one that is not known. */
  readonly operator: "equals" | "not_equals" | "in" | "not_in" | undefined;
  /** Exactly one for `equals` and `not_equals`. */
  readonly values: readonly string[];
}

/** Metric types that a query may name. */
const TYPES_MAX = 100;
/** Filters of a query. */
const FILTERS_MAX = 20;
/** Values of an `in` or `not_in`. */
const FILTER_VALUES_MAX = 100;
/** 9999-12-31T23:59:59.999Z: the last instant that ISO 8601 writes with four digits. */
const LAST_MS = 253_402_300_799_999;

/**
 * A request's selection, and what dimensions it may name. Violations are noted; the result is then of no use.
 * A writer's is of what it may see: to ask for more is no error, so that nobody learns what there is.
 */
export function readSelection(
  request: SelectionRequest,
  principal: Principal,
  nowMs: number,
  violations: QueryViolations,
): { readonly selection: Selection; readonly dimensions: readonly string[] } {
  const types = readTypes(request.types, violations);
  const dimensions = dimensionNames(types);
  const filters = readFilters(request.filters, dimensions, violations);
  const range = readRange(request.range, nowMs, violations);
  const selection = {
    types: types.map(({ name }) => name),
    range,
    filters,
    seenBy: principal.role === "writer" ? principal.service : undefined,
  };
  return { selection, dimensions };
}

/** The types by their names, each once; none means all. */
function readTypes(names: readonly string[], violations: QueryViolations): readonly MetricType[] {
  if (names.length === 0) return METRIC_TYPES;
  if (names.length > TYPES_MAX) {
    violations.add("types", "too_many", `${names.length} types, at most ${TYPES_MAX}`);
    return METRIC_TYPES;
  }
  return [...new Set(names)].flatMap((name) => {
    const type = findMetricType(name);
    if (type !== undefined) return type;
    const known = METRIC_TYPES.map((each) => each.name).join(", ");
    violations.add("types", "unknown", `unknown metric type ${JSON.stringify(name)}; there are ${known}`);
    return [];
  });
}

/** The range, of which either end may be left out. */
function readRange(asked: SelectionRequest["range"], nowMs: number, violations: QueryViolations): TimeRange {
  const endMs = asked.endMs ?? nowMs;
  const startMs = asked.startMs ?? endMs - HOUR_MS;
  for (const [field, ms] of Object.entries({ "range.start": startMs, "range.end": endMs })) {
    if (!(ms >= 0 && ms <= LAST_MS))
      violations.add(field, "out_of_range", "must be in the years 1970 to 9999");
  }
  if (startMs >= endMs) violations.add("range", "empty", "start must be before end");
  return { startMs, endMs };
}

/** The filters; each of their broken rules is noted under its index. */
function readFilters(
  requests: readonly FilterRequest[],
  dimensions: readonly string[],
  violations: QueryViolations,
): readonly Filter[] {
  if (requests.length > FILTERS_MAX) {
    violations.add("filters", "too_many", `${requests.length} filters, at most ${FILTERS_MAX}`);
    return [];
  }
  return requests.map(({ dimension, operator, values }, index) => {
    const field = `filters[${index}]`;
    checkDimension(`${field}.dimension`, dimension, dimensions, violations);
    if (operator === undefined) violations.add(`${field}.operator`, "unknown", "unknown operator");
    const isSingle = operator === "equals" || operator === "not_equals";
    const most = isSingle ? 1 : FILTER_VALUES_MAX;
    if (values.length < 1 || values.length > most) {
      const wanted = isSingle ? "exactly 1" : `1 to ${FILTER_VALUES_MAX}`;
      violations.add(`${field}.values`, "wrong_number", `${values.length} values, not ${wanted}`);
    }
    if (values.some((value) => codePoints(value) > LIMITS.DIMENSION_VALUE_LENGTH_MAX)) {
      const message = `a value is longer than ${LIMITS.DIMENSION_VALUE_LENGTH_MAX} code points`;
      violations.add(`${field}.values`, "too_long", message);
    }
    return {
      dimension,
      values: values.map(storableText),
      isNegated: operator === "not_equals" || operator === "not_in",
    };
  });
}

/** Note when a query names a dimension that none of its types has. */
export function checkDimension(
  field: string,
  name: string,
  dimensions: readonly string[],
  violations: QueryViolations,
): void {
  if (dimensions.includes(name)) return;
  const found = name === "" ? "a dimension is required" : `unknown dimension ${JSON.stringify(name)}`;
  violations.add(field, "unknown", `${found}; there are ${dimensions.join(", ")}`);
}
