import type { Principal } from "../../access/call.ts";
import { findMetricType, METRIC_TYPES } from "../../catalogue/catalogue.ts";
import type { MetricType } from "../../catalogue/definition.ts";
import { LIMITS } from "../../catalogue/limits.ts";
import { codePoints } from "../../ingest/text.ts";
import { HOUR_MS } from "../../lib/time.ts";
import { dimensionNames } from "../../store/plan/dimension-names.ts";
import type { Filter, Selection, TimeRange } from "../../store/queries.ts";
import type { Problems } from "./problems.ts";

/** What every query says of the metrics it is about, not yet checked. */
export interface SelectionRequest {
  /** None: all. */
  readonly types: readonly string[];
  /** ms since 1970 UTC; an absent end is now, an absent start an hour before the end. */
  readonly range: { readonly startMs: number | undefined; readonly endMs: number | undefined };
  readonly filters: readonly FilterRequest[];
}

export interface FilterRequest {
  readonly dimension: string;
  readonly operator: "equals" | "not_equals" | "in" | "not_in" | undefined;
  readonly values: readonly string[];
}

const TYPES_MAX = 100;
const FILTERS_MAX = 20;
const FILTER_VALUES_MAX = 100;
/** 9999-12-31T23:59:59.999Z: the last instant that ISO 8601 writes with four digits. */
const LAST_MS = 253_402_300_799_999;

/** A request's selection, and what dimensions it may name. Problems are noted; the result is then of no use. */
export function readSelection(
  request: SelectionRequest,
  principal: Principal,
  nowMs: number,
  problems: Problems,
): { readonly selection: Selection; readonly dimensions: readonly string[] } {
  const types = readTypes(request.types, problems);
  const dimensions = dimensionNames(types);
  const filters = readFilters(request.filters, dimensions, problems);
  const range = readRange(request.range, nowMs, problems);
  const selection = {
    types: types.map(({ name }) => name),
    range,
    filters: [...filters, ...scopeOf(principal)],
  };
  return { selection, dimensions };
}

/** A writer key sees its own service. To ask for another is no error, so that nobody learns which there are. */
function scopeOf({ role, service }: Principal): readonly Filter[] {
  return role === "writer" ? [{ dimension: "service", values: [service], isNegated: false }] : [];
}

function readTypes(names: readonly string[], problems: Problems): readonly MetricType[] {
  if (names.length === 0) return METRIC_TYPES;
  if (names.length > TYPES_MAX) {
    problems.add("types", "too_many", `${names.length} types, at most ${TYPES_MAX}`);
    return METRIC_TYPES;
  }
  return [...new Set(names)].flatMap((name) => {
    const type = findMetricType(name);
    if (type !== undefined) return type;
    const known = METRIC_TYPES.map((each) => each.name).join(", ");
    problems.add("types", "unknown", `unknown metric type ${JSON.stringify(name)}; there are ${known}`);
    return [];
  });
}

function readRange(asked: SelectionRequest["range"], nowMs: number, problems: Problems): TimeRange {
  const endMs = asked.endMs ?? nowMs;
  const startMs = asked.startMs ?? endMs - HOUR_MS;
  for (const [field, ms] of Object.entries({ "range.start": startMs, "range.end": endMs })) {
    if (!(ms >= 0 && ms <= LAST_MS)) problems.add(field, "out_of_range", "must be in the years 1970 to 9999");
  }
  if (startMs >= endMs) problems.add("range", "empty", "start must be before end");
  return { startMs, endMs };
}

function readFilters(
  requests: readonly FilterRequest[],
  dimensions: readonly string[],
  problems: Problems,
): readonly Filter[] {
  if (requests.length > FILTERS_MAX) {
    problems.add("filters", "too_many", `${requests.length} filters, at most ${FILTERS_MAX}`);
    return [];
  }
  return requests.map(({ dimension, operator, values }, index) => {
    const field = `filters[${index}]`;
    checkDimension(`${field}.dimension`, dimension, dimensions, problems);
    if (operator === undefined) problems.add(`${field}.operator`, "unknown", "unknown operator");
    const isSingle = operator === "equals" || operator === "not_equals";
    const most = isSingle ? 1 : FILTER_VALUES_MAX;
    if (values.length < 1 || values.length > most) {
      const wanted = isSingle ? "exactly 1" : `1 to ${FILTER_VALUES_MAX}`;
      problems.add(`${field}.values`, "wrong_number", `${values.length} values, not ${wanted}`);
    }
    if (values.some((value) => codePoints(value) > LIMITS.DIMENSION_VALUE_LENGTH_MAX)) {
      const message = `a value is longer than ${LIMITS.DIMENSION_VALUE_LENGTH_MAX} code points`;
      problems.add(`${field}.values`, "too_long", message);
    }
    return { dimension, values, isNegated: operator === "not_equals" || operator === "not_in" };
  });
}

/** Note when a query names a dimension that none of its types has. */
export function checkDimension(
  field: string,
  name: string,
  dimensions: readonly string[],
  problems: Problems,
): void {
  if (dimensions.includes(name)) return;
  const found = name === "" ? "a dimension is required" : `unknown dimension ${JSON.stringify(name)}`;
  problems.add(field, "unknown", `${found}; there are ${dimensions.join(", ")}`);
}
